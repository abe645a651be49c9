/*
 * changes.c - central's effective changes for downstream consumers, read back from the redo rows of the
 * store: what is not delivered when a central dies is handed out by the next one, under the same versions.
 */
#include "central/core/redo.h"
#include "central/core/state.h"

#include <stdlib.h>

enum { CHANGES_PER_RECORD = 1000 };

/* The changes of one record, mostly few. Their views are dealt out when the arena moves no more. */
typedef struct {
    kd_changes out;
    kd_change *changes;
    uint32_t cap;
    uint32_t seen; /* changes of the version that were passed */
    kd_buf arena;
} collector;

static void changes_collect(kd_central *c, collector *k, const kd_effect *e)
{
    k->changes = kd_grow(k->changes, k->out.change_count, &k->cap, sizeof *k->changes);
    kd_change *change = &k->changes[k->out.change_count++];
    *change = (kd_change){.counter = e->counter, .liked = e->is, .amount = e->amount, .day = e->day};
    change->time_us = e->time_us;
    change->edge = kd_registered_name(&c->edges[e->edge]);
    change->region = kd_region_name(&c->regions[e->region]);
    change->item.len = e->item.len;
    change->user.len = e->user.len;
    kd_buf_put(&k->arena, e->item.data, e->item.len);
    kd_buf_put(&k->arena, e->user.data, e->user.len);
}

static void changes_deal_views(collector *k)
{
    const uint8_t *p = k->arena.data;
    for (uint32_t i = 0; i < k->out.change_count; i++) {
        kd_change *change = &k->changes[i];
        change->item.data = p;
        change->user.data = p + change->item.len;
        p += change->item.len + change->user.len;
    }
}

/* Collects from change number `from` of the row; KD_ENOTFOUND when its end was reached, KD_OK when more is
 * left. */
static int collect_row(kd_central *c, collector *k, kd_bytes row, uint32_t from)
{
    kd_effects_reader er;
    kd_effect e;
    int err;
    kd_effects_open(&er, row);
    while ((err = kd_effects_next(&er, &e)) == KD_OK) {
        if (!kd_effect_is_change(&e) || k->seen++ < from) continue;
        if (k->out.change_count == CHANGES_PER_RECORD) return KD_OK;
        changes_collect(c, k, &e);
    }
    return err;
}

/* One record of that version; KD_ENOTFOUND when the version has no more. */
static int changes_take_record(kd_central *c, uint64_t version, collector *k, kd_buf *record)
{
    kd_buf row = {0};
    int err = kd_redo_read(c, version, &row);
    if (err == KD_OK) err = collect_row(c, k, kd_buf_view(&row), c->taken_changes);
    kd_buf_finish(&row);
    if (err != KD_OK && err != KD_ENOTFOUND) return kd_central_poison(c);
    bool more = err == KD_OK;
    if (k->out.change_count > 0) {
        changes_deal_views(k);
        k->out.partition = c->config.partition;
        k->out.epoch = c->epoch_committed;
        k->out.version = version;
        k->out.first = c->taken_changes;
        k->out.changes = k->changes;
        kd_buf_clear(record);
        kd_changes_encode(&k->out, record);
    }
    c->taken_changes = more ? c->taken_changes + k->out.change_count : 0;
    if (!more) c->taken = version;
    return k->out.change_count > 0 ? KD_OK : KD_ENOTFOUND;
}

/* The first redo row above what is taken. */
static const kd_redo *next_row(const kd_central *c)
{
    uint32_t low = c->redo.first, high = c->redo.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (c->redo.at[middle].version <= c->taken)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->redo.count ? &c->redo.at[low] : NULL;
}

int kd_central_changes_next(kd_central *c, kd_buf *record, uint64_t *version)
{
    if (c->poisoned) return KD_EIO;
    if (!c->config.publish_changes || !c->epoch_durable) return KD_ENOTFOUND;
    collector k = {.cap = 0};
    int err = KD_ENOTFOUND;
    for (const kd_redo *row; err == KD_ENOTFOUND && (row = next_row(c)) != NULL;) {
        *version = row->version;
        k.seen = 0;
        err = changes_take_record(c, *version, &k, record);
    }
    if (err == KD_ENOTFOUND) c->taken = c->version; /* versions that changed nothing need no record */
    kd_buf_finish(&k.arena);
    free(k.changes);
    return err;
}

void kd_central_changes_delivered(kd_central *c, uint64_t version)
{
    c->delivered = KD_MAX(c->delivered, KD_MIN(version, c->taken));
    kd_redo_settle(c);
}
