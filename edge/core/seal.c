/*
 * seal.c - sealing a batch: no operation joins it any more, and its position stands for these bytes alone (rule 6).
 *
 * complete_to is a time taken from the own clock, and each group stores `last`. So after a crash no operation is stamped below complete_to, also
 * where the clock has fallen behind.
 */
#include "edge/core/seal.h"
#include "edge/core/batch.h"
#include "edge/core/fragment.h"
#include "edge/core/outbox.h"
#include "edge/core/overlay.h"
#include "edge/core/stamp.h"
#include "edge/core/state.h"

/* Encoded bodies that a shard keeps for their first hand-over, in bytes: some 400 full ones. More wait only while Kafka takes nothing; they are built
 * again from the journal. */
enum { BODIES_BYTES_MAX = 4 * 1024 * 1024 };

void kd_seal_batch(kd_edge *e, kd_part *p, uint64_t now_us)
{
    kd_outgoing *b = p->open;
    kd_batch_close_fragment(e, p);
    int err = kd_fragment_body(e, kd_buf_view(&b->raw), &b->body);
    KD_ASSERT(err == KD_OK);
    b->digest = kd_body_digest(kd_buf_view(&b->body));
    b->complete_to_us = kd_stamp_advance(e, now_us);
    b->seal_group = e->groups.open;
    kd_batch_put_marker(e, p, b);
    kd_buf_finish(&b->raw);
    kd_overlay_sealed(b);
    if (e->bodies_bytes + b->body.len <= BODIES_BYTES_MAX)
        kd_batch_keep_body(e, b);
    else
        kd_buf_finish(&b->body);
    if (b->ops > 0) p->idle_interval_us = e->config.flush_interval_us;
    p->open = NULL;
    kd_outbox_push(p, b);
    p->idle_due_us = 0;
    e->groups.wanted = true;
    e->stats.sealed++;
}

void kd_seal_empty(kd_edge *e, kd_part *p, uint64_t now_us)
{
    kd_batch_open(e, p, now_us);
    kd_seal_batch(e, p, now_us);
    e->stats.sealed_empty++;
    p->idle_interval_us = KD_MIN(p->idle_interval_us * 2, e->config.idle_interval_max_us);
}

void kd_edge_seal_all(kd_edge *e, uint64_t now_us)
{
    for (uint32_t i = 0; i < e->part_count; i++)
        if (e->parts[i].open) kd_seal_batch(e, &e->parts[i], now_us);
}
