/* envelope.c - see the header. */
#include "edge/core/envelope.h"
#include "edge/core/batch.h"
#include "edge/core/hold.h"
#include "edge/core/part.h"
#include "edge/core/state.h"

/* `after` says: between this position and the batch the edge holds nothing (rule 8). That is the batch before it in the outbox, or central's applied
 * where there is none. */
static void envelope_set_after(const kd_edge *e, const kd_part *p, const kd_outgoing *prev, kd_batch *batch)
{
    batch->after = p->applied;
    batch->after_digest = p->applied_digest;
    if (!prev || KD_PLANTED(e, KD_PLANT_AFTER_SKIPS)) return;
    batch->after = prev->at;
    batch->after_digest = prev->digest;
}

int kd_envelope_encode(kd_edge *e, kd_part *p, const kd_outgoing *prev, kd_outgoing *b, uint64_t now_us,
                       kd_buf *record)
{
    int err = kd_batch_load_body(e, p, b);
    if (err != KD_OK) return err;
    kd_batch batch = {.edge = kd_edge_name(e),
                      .region = kd_bytes_str(e->region_name),
                      .at = b->at,
                      .digest = b->digest,
                      .sent_us = now_us,
                      .complete_to_us = kd_hold_limit(p, b, b->complete_to_us),
                      .epoch = p->epoch,
                      .body = kd_buf_view(&b->body),
                      .viral = b->viral};
    if (KD_PLANTED(e, KD_PLANT_COMPLETE_TO_NOW)) batch.complete_to_us = now_us;
    envelope_set_after(e, p, prev, &batch);
    kd_buf_clear(record);
    kd_batch_encode(&batch, record);
    kd_batch_drop_body(e, b);
    return KD_OK;
}
