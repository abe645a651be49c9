/*
 * expect.h - the edges that this partition expects: as_of, `stable` and the floor wait for each of them until it was heard of (rules 22 and 23).
 *
 *     row   y | edge name      struck u8 | region
 *
 * Which edges are listed is decided in the log (KD_DECIDED_EXPECT, KD_DECIDED_RETIRE), and evaluated by retire.c. A row that is struck remembers that the edge was
 * retired: should a batch of it come first then, the edge is registered as retired; and the configuration, which goes on naming it, lists it no more. An operator can.
 *
 * Invariants: `at` is sorted by name; `heard` says whether the edge's registration is durable.
 */
#ifndef KUDOS_CENTRAL_CORE_EXPECT_H
#define KUDOS_CENTRAL_CORE_EXPECT_H

#include "kudos/central.h"

typedef struct {
    uint8_t name_len, region_len;
    char name[KD_NAME_MAX], region[KD_NAME_MAX];
    bool struck;
    bool heard;
    uint64_t version; /* of the commit that carries the last change; 0: it was durable at the start */
} kd_expected;

typedef struct {
    kd_expected *at;
    uint32_t count, cap;
} kd_expectation;

static inline kd_bytes kd_expected_name(const kd_expected *e)
{
    return kd_bytes_of(e->name, e->name_len);
}
static inline kd_bytes kd_expected_region(const kd_expected *e)
{
    return kd_bytes_of(e->region, e->region_len);
}

/* Reads the rows, before those of the edges: KD_OK, KD_EIO, KD_EMALFORMED. */
int kd_expect_load(kd_central *c);
void kd_expect_finish(kd_expectation *l);
/* The row of that name, struck or not; NULL: none. */
const kd_expected *kd_expect_find(const kd_expectation *l, kd_bytes name);
/* Lists the edge, or strikes it, with the open commit. A struck row makes room where the list is full. False: there is no room. */
bool kd_expect_put(kd_central *c, const kd_expected *e);
/* The edge's registration is durable. */
void kd_expect_heard(kd_central *c, kd_bytes name);
/* An edge that is listed and was not heard of; empty: none. One that is struck counts as listed until that is durable at this version. */
kd_bytes kd_expect_unheard(const kd_expectation *l, uint64_t version);

#endif
