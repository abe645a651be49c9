/*
 * batch.c - the rows that a batch has in the journal, and its body (rule 6).
 *
 * A seal is a marker row behind the fragments, with the body's digest and complete_to: the time up to which this batch and those before it hold all
 * operations of the partition.
 */
#include "edge/core/batch.h"
#include "edge/core/fragment.h"
#include "edge/core/keys.h"
#include "edge/core/part.h"
#include "edge/core/state.h"

#include <stdlib.h>

kd_outgoing *kd_batch_open(kd_edge *e, kd_part *p, uint64_t now_us)
{
    kd_outgoing *b = kd_alloc(sizeof(*b));
    if (p->incarnation != e->incarnation) {
        p->incarnation = e->incarnation;
        p->next_seq = 1;
    }
    b->at = (kd_position){p->incarnation, p->next_seq++};
    b->first_us = now_us;
    kd_in_log_number(p, b);
    b->record_bytes = KD_BODY_BYTES_FIXED;
    b->bytes = KD_OUTGOING_OVERHEAD;
    e->outbox_bytes += b->bytes;
    e->outbox_batches++;
    p->open = b;
    return b;
}

void kd_batch_close_fragment(kd_edge *e, kd_part *p)
{
    if (p->fragment.len == 0) return;
    KD_ASSERT(p->open);
    kd_key_fragment(&e->key, p->id, p->open->at, p->open->fragments++);
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), kd_buf_view(&p->fragment));
    kd_buf_clear(&p->fragment);
}

void kd_batch_put_marker(kd_edge *e, const kd_part *p, const kd_outgoing *b)
{
    kd_key_fragment(&e->key, p->id, b->at, KD_SEAL_MARKER);
    kd_buf_clear(&e->value);
    kd_buf_put_be64(&e->value, b->digest);
    kd_buf_put_be64(&e->value, b->complete_to_us);
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), kd_buf_view(&e->value));
}

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

static int batch_gather_fragment(void *arg, kd_bytes key, kd_bytes value)
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
    int err = e->store.scan(e->store.ctx, kd_buf_view(&from), kd_buf_view(&to), batch_gather_fragment, out);
    kd_buf_finish(&from);
    kd_buf_finish(&to);
    return err;
}

/* Other bytes than those that were sealed must not be sent: central may have merged the sealed ones already, and would take these for a duplicate. */
int kd_batch_load_body(kd_edge *e, const kd_part *p, kd_outgoing *b)
{
    if (b->body.len > 0) return KD_OK;
    kd_buf raw = {0};
    int err = kd_batch_fragments(e, p, b, &raw);
    if (err == KD_OK) err = kd_fragment_body(e, kd_buf_view(&raw), &b->body);
    if (err == KD_OK && kd_body_digest(kd_buf_view(&b->body)) != b->digest) err = KD_EIO;
    kd_buf_finish(&raw);
    return err;
}

/* Without the room that a buffer grows by. */
void kd_batch_keep_body(kd_edge *e, kd_outgoing *b)
{
    b->body.data = kd_realloc(b->body.data, b->body.len);
    b->body.cap = b->body.len;
    b->kept = true;
    e->bodies_bytes += b->body.cap;
}

void kd_batch_drop_body(kd_edge *e, kd_outgoing *b)
{
    if (b->kept) e->bodies_bytes -= b->body.cap;
    b->kept = false;
    kd_buf_finish(&b->body);
}

void kd_batch_free(kd_outgoing *b)
{
    if (!b) return;
    KD_ASSERT(!b->nodes.at);
    kd_buf_finish(&b->raw);
    kd_buf_finish(&b->body);
    free(b);
}
