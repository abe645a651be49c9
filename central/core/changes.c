/*
 * changes.c - the records of the changes topic, made from the redo rows of the store. A redo row stays until its changes are delivered, so a start
 * hands out again what was not delivered, under the same versions.
 */
#include "central/core/changes.h"
#include "central/core/redo.h"
#include "central/core/state.h"

#include <stdlib.h>

enum { CHANGES_PER_RECORD = 1000 };

/* The changes of one record. Items and users lie in an arena, which moves while it grows: their views are dealt out at the end. */
typedef struct {
    kd_changes out;
    kd_change *changes;
    uint32_t cap;
    kd_buf arena;
} changes_collector;

static void changes_collect(kd_central *c, changes_collector *k, const kd_effect *e)
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

static void changes_deal_views(changes_collector *k)
{
    const uint8_t *p = k->arena.data;
    for (uint32_t i = 0; i < k->out.change_count; i++) {
        kd_change *change = &k->changes[i];
        change->item.data = p;
        change->user.data = p + change->item.len;
        p += change->item.len + change->user.len;
    }
}

/* Reads the redo row of that version, unless the records before were made of it: a row is read and decoded once, however many records it fills. */
static int changes_open_row(kd_central *c, uint64_t version)
{
    kd_changes_place *p = &c->changes_place;
    if (p->version == version) return KD_OK;
    int err = kd_redo_read(c, version, &p->row);
    if (err != KD_OK) return err;
    p->version = version;
    p->waiting = false;
    kd_effects_open(&p->effects, kd_buf_view(&p->row));
    return KD_OK;
}

/* Collects what is left of the row. KD_ENOTFOUND: its end was reached; KD_OK: the record is full and more is left. */
static int changes_collect_row(kd_central *c, changes_collector *k)
{
    kd_changes_place *p = &c->changes_place;
    for (;;) {
        int err = p->waiting ? KD_OK : kd_effects_next(&p->effects, &p->next);
        if (err != KD_OK) return err;
        p->waiting = kd_effect_is_change(&p->next) && k->out.change_count == CHANGES_PER_RECORD;
        if (p->waiting) return KD_OK;
        if (kd_effect_is_change(&p->next)) changes_collect(c, k, &p->next);
    }
}

/* The next record of that version; KD_ENOTFOUND when the version has no change left. */
static int changes_take_record(kd_central *c, uint64_t version, changes_collector *k, kd_buf *record)
{
    int err = changes_open_row(c, version);
    if (err == KD_OK) err = changes_collect_row(c, k);
    if (err != KD_OK && err != KD_ENOTFOUND) return kd_central_poison(c);
    bool more = err == KD_OK; /* the record is full: the next one goes on with this version */
    if (k->out.change_count > 0) {
        changes_deal_views(k);
        k->out.partition = c->config.partition;
        k->out.epoch = c->epoch_committed;
        k->out.version = kd_link_label(c, version);
        k->out.first = c->taken_changes;
        k->out.changes = k->changes;
        kd_buf_clear(record);
        kd_changes_encode(&k->out, record);
    }
    c->taken_changes = more ? c->taken_changes + k->out.change_count : 0;
    if (!more) c->taken = version;
    return k->out.change_count > 0 ? KD_OK : KD_ENOTFOUND;
}

/* The first redo row of a version that is not handed out yet. */
static const kd_redo *changes_next_row(const kd_central *c)
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
    if (!c->config.publish_changes || !kd_central_durable(c)) return KD_ENOTFOUND;
    changes_collector k = {.cap = 0};
    int err = KD_ENOTFOUND;
    for (const kd_redo *row; err == KD_ENOTFOUND && (row = changes_next_row(c)) != NULL;) {
        *version = row->version;
        err = changes_take_record(c, *version, &k, record);
    }
    if (err == KD_ENOTFOUND) c->taken = c->version; /* versions that changed nothing need no record */
    kd_buf_finish(&k.arena);
    free(k.changes);
    return err;
}

uint64_t kd_changes_untold(kd_central *c)
{
    uint64_t read = c->history_committed.read;
    if (!c->config.publish_changes) return 0;
    if (c->delivered >= c->telling) {
        c->told_read = c->telling_read;
        c->telling = c->version;
        c->telling_read = read;
    }
    if (c->delivered >= c->version) c->told_read = read;
    return read - c->told_read;
}

void kd_central_changes_delivered(kd_central *c, uint64_t version)
{
    c->delivered = KD_MAX(c->delivered, KD_MIN(version, c->taken));
    kd_link_published(c);
    kd_redo_settle(c);
}
