/*
 * checkers.h - the names of all checkers and the promise that each of them watches, in words for a reader who does not know the rules. A new
 * checker is a new row.
 */
#ifndef KUDOS_SIM_CHECK_CHECKERS_H
#define KUDOS_SIM_CHECK_CHECKERS_H

#include "kudos/base.h"

typedef struct {
    const char *name;    /* as sim_checks_failed tells it: "as-of" */
    const char *promise; /* one sentence, without the full stop */
} sim_checker;

extern const sim_checker
    sim_checkers[]; /* in the order in which the report shows them; ends with a NULL name */

/* The promise of that checker; NULL when no checker has this name (a need that was not met, an assertion). */
const char *sim_checker_promise(const char *name);

#endif
