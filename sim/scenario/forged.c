/* forged.c - see the header. */
#include "sim/scenario/forged.h"

#include "kudos/wire.h"

enum { INCARNATION = 1, STEPS = 31, STEP_BITS = 57 };
#define SEQ (1ull << 40) /* no edge seals so many batches */
#define THREE_DAYS_US (3 * 86400000000ull)

/* Steps over all epochs, fine enough to hit the highest that any clock lets central believe; then what a bound by number alone would let through. */
static bool forged_epoch(uint32_t nth, uint64_t *epoch)
{
    const uint64_t last[] = {KD_TIME_END_US - (1ull << 50) - 1, KD_TIME_END_US - 1};
    if (nth >= STEPS + KD_COUNT(last)) return false;
    *epoch = nth < STEPS ? ((uint64_t)(nth + 1) << STEP_BITS) - 1 : last[nth - STEPS];
    return true;
}

/* Never merged: `after` is a batch of the forger's own, which nobody has. */
static bool forged_epochs(uint32_t nth, kd_batch *b)
{
    b->at = (kd_position){INCARNATION, 2};
    b->after = (kd_position){INCARNATION, 1};
    return forged_epoch(nth, &b->epoch);
}

/* Merged but for its time: it follows the edge's last batch without a gap. */
static bool forged_times(kd_bytes last, uint32_t nth, kd_batch *b)
{
    kd_batch before;
    if (last.len == 0 || kd_batch_decode(last, &before) != KD_OK) return false;
    const uint64_t times_us[] = {before.sent_us + THREE_DAYS_US, KD_TIME_END_US - 1};
    if (nth >= KD_COUNT(times_us)) return false;
    b->at = (kd_position){before.at.incarnation, SEQ + nth};
    b->after = before.at;
    b->after_digest = before.digest;
    b->epoch = before.epoch;
    b->sent_us = before.sent_us;
    b->complete_to_us = times_us[nth];
    return true;
}

void sim_forged_note(const sim_scenario *s, uint32_t edge, kd_bytes record, kd_buf *last)
{
    kd_batch b, before;
    if (kd_record_peek(record) != KD_RECORD_BATCH || kd_batch_decode(record, &b) != KD_OK) return;
    if (!kd_bytes_eq(b.edge, kd_bytes_str(s->edges[edge])) || sim_forged_is(record)) return;
    bool lower = last->len > 0 && kd_batch_decode(kd_buf_view(last), &before) == KD_OK &&
                 kd_position_cmp(b.at, before.at) <= 0;
    if (lower) return;
    kd_buf_clear(last);
    kd_buf_put(last, record.data, record.len);
}

bool sim_forged_record(const sim_scenario *s, const sim_scenario_event *e, kd_bytes last, uint32_t nth,
                       kd_buf *record)
{
    kd_body nothing = {0};
    kd_buf body = {0};
    kd_bytes name = kd_bytes_str(s->edges[e->who]);
    kd_batch b = {.edge = name, .region = name};
    if (!(e->kind == SCENARIO_LOG_FORGED ? forged_epochs(nth, &b) : forged_times(last, nth, &b)))
        return false;
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
           (b.at.incarnation == INCARNATION || b.at.seq >= SEQ);
}
