/* wire_samples.h - random and fixed shapes for the tests of the wire; everything points into one arena. */
#ifndef KUDOS_TESTS_UNIT_COMMON_WIRE_SAMPLES_H
#define KUDOS_TESTS_UNIT_COMMON_WIRE_SAMPLES_H

#include "kudos/wire.h"

/* Memory that lives as long as one test. */
typedef struct {
    void **blocks;
    uint32_t count, cap;
} sample_arena;

void *sample_alloc(sample_arena *a, size_t size);
void sample_free(sample_arena *a);
kd_bytes sample_text(sample_arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
kd_bytes sample_item(sample_arena *a, const char *text);

/* Random shapes of every style of id; `ops` bounds their size. No (counter, item, user) twice, as the encoder demands.
 */
kd_body sample_body(sample_arena *a, uint64_t *random, uint32_t ops);
kd_snapshot sample_snapshot(sample_arena *a, uint64_t *random);
kd_changes sample_changes(sample_arena *a, uint64_t *random);

/* Small shapes that never change: the golden vectors. `body` receives what the batch points to. */
kd_body fixed_body(sample_arena *a);
kd_batch fixed_batch(sample_arena *a, kd_bytes body);
kd_claim fixed_claim(void);
kd_body fixed_operations(sample_arena *a);
kd_decision fixed_decision(kd_bytes body); /* of operations */
kd_decision fixed_close(sample_arena *a);
kd_decision fixed_put_back(kd_bytes body);
kd_decision fixed_erase(void);
/* About edges, records in quarantine and the floor. */
kd_decision fixed_order(kd_decided what, kd_bytes body);
kd_snapshot fixed_snapshot(sample_arena *a);
kd_snapshot fixed_read(sample_arena *a); /* the answer to a read, of the same partition */
kd_changes fixed_changes(sample_arena *a);
kd_changes fixed_changes_of_uuids(sample_arena *a); /* users of every form of wire_columns.h */

kd_milestones fixed_milestones(sample_arena *a);

void assert_bodies_equal(const kd_body *a, const kd_body *b);
void assert_snapshots_equal(const kd_snapshot *a, const kd_snapshot *b);
void assert_changes_equal(const kd_changes *a, const kd_changes *b);

#endif
