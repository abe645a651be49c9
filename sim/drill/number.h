/*
 * number.h - one number of an answer: count, display and pending, and how old it is. Pure.
 */
#ifndef KUDOS_SIM_DRILL_NUMBER_H
#define KUDOS_SIM_DRILL_NUMBER_H

#include <jansson.h>

#include "kudos/base.h"

typedef struct {
    uint64_t count, pending;
    uint64_t age_us, as_of_us; /* as_of 0: null */
    bool known;                /* count is a number; else null: no number of central stands behind the item */
    bool made;                 /* age_ms is a number */
} sim_told_number;

/*
 * `fields` holds "count", "display" and "pending", `moment` "age_ms" and "as_of". False: not as the API says. Count and display are
 * both null or neither; where they are null so are age_ms and as_of; pending is always a number.
 */
bool sim_number_read(const json_t *fields, const json_t *moment, sim_told_number *out);

/* The answer of GET .../count: one field, a number, or null where the edge knows none. False: not as the API says. */
bool sim_number_alone(const json_t *document, uint64_t *count, bool *known);

#endif
