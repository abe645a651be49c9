/*
 * accumulate.c - an operation joins the open batch of its partition, until that is full.
 *
 * An operation goes to three places at once: the open group's fragment, which the synced write carries; the open batch's `raw`, so that sealing needs
 * no read; and the overlay, for what the edge shows.
 */
#include "edge/core/accumulate.h"
#include "edge/core/batch.h"
#include "edge/core/overlay.h"
#include "edge/core/part.h"
#include "edge/core/seal.h"
#include "edge/core/state.h"
#include "edge/core/viral.h"

/* Upper bound of what `op` and its increment add to the Kafka record. Kafka and central refuse a record above KD_BATCH_BYTES_MAX. */
static size_t accumulate_record_bytes(const kd_entry_op *op)
{
    return kd_body_bytes_bound(op->item.len, op->user.len) + kd_body_bytes_bound(0, 0);
}

/* Whether the batch is to be sealed behind the operation just added. Sealing in front of an operation would be wrong: its stamp is drawn already, the
 * seal's complete_to would lie above that stamp, and the batch would promise an operation that it does not hold. So room for the largest operation
 * is kept free. */
static bool accumulate_full(const kd_edge *e, const kd_outgoing *b)
{
    kd_entry_op largest = {.item.len = KD_ITEM_KEY_MAX, .user.len = KD_ID_MAX};
    return b->ops >= e->config.flush_ops ||
           b->record_bytes + accumulate_record_bytes(&largest) > KD_BATCH_BYTES_MAX;
}

void kd_accumulate_op(kd_edge *e, kd_part *p, kd_entry *entry, const kd_entry_op *op, uint64_t now_us)
{
    kd_outgoing *b = p->open ? p->open : kd_batch_open(e, p, now_us);
    size_t before = p->fragment.len;
    kd_fragment_put(&p->fragment, op);
    size_t added = p->fragment.len - before;
    kd_buf_put(&b->raw, p->fragment.data + before, added);
    b->ops++;
    b->set_ops += op->verb != KD_ADD;
    b->bytes += added;
    e->outbox_bytes += added;
    int counter = kd_counters_by_id(e->config.counters, op->counter_id);
    if (entry && counter >= 0) {
        kd_overlay_add(e, p, b, entry, (uint8_t)counter, op->delta);
        b->viral |= kd_viral_count(e, entry, now_us);
    }
    e->groups.wanted = true;
    b->record_bytes += accumulate_record_bytes(op);
    if (accumulate_full(e, b)) kd_seal_batch(e, p, now_us);
}
