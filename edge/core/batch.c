/*
 * batch.c - sealing a batch, and the record that carries it (rules 6 and 8).
 *
 * A seal is a marker row behind the fragments, in the gathering group: digest and complete_to, the stamp below which this
 * edge and partition can have nothing new to say. `last` rides in the same write, so that no later operation, after a
 * crash with a clock behind, can be stamped under it.
 */
#include "edge/core/internal.h"

#include <stdlib.h>

enum { BODIES_KEPT = 8 }; /* of a partition; more can only wait here when Kafka takes nothing */

void kd_batch_put_marker(kd_edge *e, const kd_part *p, const kd_outgoing *b)
{
    kd_key_fragment(&e->key, p->id, b->at, KD_SEAL_MARKER);
    kd_buf_clear(&e->value);
    kd_buf_put_be64(&e->value, b->digest);
    kd_buf_put_be64(&e->value, b->complete_to_us);
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), kd_buf_view(&e->value));
}

/* What its seal says is over; the fragments stay for their rows (spill.c). */
void kd_batch_put_done(kd_edge *e, const kd_part *p, const kd_outgoing *b)
{
    kd_key_fragment(&e->key, p->id, b->at, KD_SEAL_MARKER);
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), (kd_bytes){0});
}

void kd_batch_delete(kd_edge *e, const kd_part *p, const kd_outgoing *b)
{
    for (uint32_t n = 0; n < b->fragments; n++) {
        kd_key_fragment(&e->key, p->id, b->at, n);
        kd_writes_delete(kd_edge_writes(e), kd_buf_view(&e->key));
    }
    kd_key_fragment(&e->key, p->id, b->at, KD_SEAL_MARKER);
    kd_writes_delete(kd_edge_writes(e), kd_buf_view(&e->key));
}

void kd_batch_seal(kd_edge *e, kd_part *p, uint64_t now_us)
{
    kd_outgoing *b = p->open;
    kd_accumulate_close_fragment(e, p);
    int err = kd_fragment_body(e, kd_buf_view(&b->raw), &b->body);
    KD_ASSERT(err == KD_OK);
    b->digest = kd_body_digest(kd_buf_view(&b->body));
    b->complete_to_us = kd_stamp_advance(e, now_us);
    b->seal_group = e->open_group;
    kd_batch_put_marker(e, p, b);
    kd_buf_finish(&b->raw);
    b->kept = p->bodies < BODIES_KEPT;
    if (b->kept)
        p->bodies++;
    else
        kd_buf_finish(&b->body);
    if (b->ops > 0) p->idle_interval_us = e->config.flush_interval_us;
    p->open = NULL;
    kd_outbox_push(p, b);
    p->idle_due_us = 0;
    e->wanted = true;
    e->stats.sealed++;
}

void kd_batch_drop_body(kd_part *p, kd_outgoing *b)
{
    if (b->kept) p->bodies--;
    b->kept = false;
    kd_buf_finish(&b->body);
}

static int gather_fragment(void *arg, kd_bytes key, kd_bytes value)
{
    kd_reader r = kd_reader_of(kd_bytes_of(key.data + key.len - 4, 4));
    if (kd_read_be32(&r) != KD_SEAL_MARKER) kd_buf_put(arg, value.data, value.len);
    return 0;
}

int kd_batch_fragments(kd_edge *e, const kd_part *p, const kd_outgoing *b, kd_buf *out)
{
    kd_buf from = {0}, to = {0};
    kd_key_batch(&from, 'f', p->id, b->at);
    kd_prefix_end(kd_buf_view(&from), &to);
    kd_buf_clear(out);
    int err = e->store.scan(e->store.ctx, kd_buf_view(&from), kd_buf_view(&to), gather_fragment, out);
    kd_buf_finish(&from);
    kd_buf_finish(&to);
    return err;
}

/* Built again from the fragments; the same bytes, or the store is not what we wrote. */
static int load_body(kd_edge *e, kd_part *p, kd_outgoing *b)
{
    kd_buf raw = {0};
    int err = kd_batch_fragments(e, p, b, &raw);
    if (err == KD_OK) err = kd_fragment_body(e, kd_buf_view(&raw), &b->body);
    if (err == KD_OK && kd_body_digest(kd_buf_view(&b->body)) != b->digest) err = KD_EIO;
    kd_buf_finish(&raw);
    return err;
}

/* Rule 8: the batch before this one while it is held here, else central's applied. */
static void set_after(const kd_edge *e, const kd_part *p, const kd_outgoing *prev, kd_batch *batch)
{
    batch->after = p->applied;
    batch->after_digest = p->applied_digest;
    if (!prev || KD_PLANTED(e, KD_PLANT_AFTER_SKIPS)) return;
    batch->after = prev->at;
    batch->after_digest = prev->digest;
}

int kd_batch_record(kd_edge *e, kd_part *p, kd_outgoing *prev, kd_outgoing *b, uint64_t now_us,
                    kd_buf *record)
{
    if (b->body.len == 0) {
        int err = load_body(e, p, b);
        if (err != KD_OK) return err;
    }
    kd_batch batch = {.edge = kd_edge_name(e),
                      .region = kd_bytes_str(e->region_name),
                      .at = b->at,
                      .digest = b->digest,
                      .sent_us = now_us,
                      .complete_to_us = kd_resend_limit(p, b, b->complete_to_us),
                      .epoch = p->epoch,
                      .body = kd_buf_view(&b->body)};
    if (KD_PLANTED(e, KD_PLANT_COMPLETE_TO_NOW)) batch.complete_to_us = now_us;
    set_after(e, p, prev, &batch);
    kd_buf_clear(record);
    kd_batch_encode(&batch, record);
    kd_batch_drop_body(p, b);
    return KD_OK;
}

void kd_batch_free(kd_outgoing *b)
{
    if (!b) return;
    kd_buf_finish(&b->raw);
    kd_buf_finish(&b->body);
    free(b);
}
