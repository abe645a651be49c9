/* forged.c - see the header. */
#include "sim/scenario/forged.h"

#include "kudos/wire.h"

enum { INCARNATION = 1, STEPS = 31, STEP_BITS = 57 };

/* Steps over all epochs, fine enough to hit the highest that any clock lets central believe; then what a bound by number alone would let through. */
static bool forged_epoch(uint32_t nth, uint64_t *epoch)
{
    const uint64_t last[] = {KD_TIME_END_US - (1ull << 50) - 1, KD_TIME_END_US - 1};
    if (nth >= STEPS + KD_COUNT(last)) return false;
    *epoch = nth < STEPS ? ((uint64_t)(nth + 1) << STEP_BITS) - 1 : last[nth - STEPS];
    return true;
}

/* Never merged: `after` is a batch of the forger's own, which nobody has. */
bool sim_forged_record(const sim_scenario *s, uint32_t edge, uint32_t nth, kd_buf *record)
{
    kd_body nothing = {0};
    kd_buf body = {0};
    kd_batch b = {.edge = kd_bytes_str(s->edges[edge]),
                  .region = kd_bytes_str(s->edges[edge]),
                  .at = {INCARNATION, 2},
                  .after = {INCARNATION, 1}};
    if (!forged_epoch(nth, &b.epoch)) return false;
    kd_body_encode(&nothing, &body);
    b.body = kd_buf_view(&body);
    b.digest = kd_body_digest(b.body);
    kd_buf_clear(record);
    kd_batch_encode(&b, record);
    kd_buf_finish(&body);
    return true;
}

bool sim_forged_is(kd_bytes record)
{
    kd_batch b;
    return kd_record_peek(record) == KD_RECORD_BATCH && kd_batch_decode(record, &b) == KD_OK &&
           b.at.incarnation == INCARNATION;
}
