/*
 * snapshot.c - snapshots for the edges (rule 14), and single reads (rule 19), of committed state.
 *
 * A snapshot names as `previous` the version of the snapshot before it, over restarts too: the items that changed since the last published one are
 * found in the redo rows. When more items changed than a snapshot can hold, it carries none of them and says previous = version; every edge that does
 * not have that version yet reads all anew.
 */
#include "central/core/changes.h"
#include "central/core/closed.h"
#include "central/core/meta.h"
#include "central/core/milestones.h"
#include "central/core/registry.h"
#include "central/core/state.h"
#include "kudos/forget.h"

#include <stdlib.h>

static kd_applied snapshot_applied(const kd_registered *e)
{
    const kd_registered_state *s = &e->committed;
    return (kd_applied){kd_registered_name(e), s->applied, s->digest, s->watermark_us, s->retired};
}

/* Of the records that the committed state holds so many, the last ones, may owe a change or a milestone to its topic. */
static uint64_t snapshot_untold(kd_central *c)
{
    uint64_t changes = kd_changes_untold(c), milestones = kd_milestones_untold(c);
    return KD_MAX(changes, milestones);
}

/* Fills all but the counts. `edge`: the only edge to list; empty: all. The caller frees s->edges. */
static void snapshot_head(kd_central *c, kd_snapshot_kind kind, kd_bytes edge, uint64_t now_us,
                          kd_snapshot *s)
{
    *s = (kd_snapshot){
        .kind = kind, .partition = c->config.partition, .epoch = c->epoch_committed, .version = c->version};
    s->previous = c->version;
    s->made_us = now_us;
    s->low_watermark_us = kd_registry_low_watermark(c);
    if (kind == KD_SNAPSHOT_DELTA) s->history = c->history_committed; /* edges do not look at it */
    if (kind == KD_SNAPSHOT_DELTA) s->untold = snapshot_untold(c);
    s->stable_us = kd_central_stable_us(c);
    s->parts = 1;
    s->chain = c->chain;
    s->chain_count = c->chain_count;
    s->edges = kd_alloc(c->edge_count * sizeof *s->edges);
    for (uint32_t i = 0; i < c->edge_count; i++) {
        const kd_registered *e = &c->edges[i];
        bool asked = edge.len == 0 || kd_bytes_eq(edge, kd_registered_name(e));
        /* An edge that is not durable yet is left out: nothing of it is in the counts. */
        if (e->durable && asked && !kd_registered_is_author(e))
            s->edges[s->edge_count++] = snapshot_applied(e);
    }
}

static kd_item_counts snapshot_counts(const kd_central *c, const kd_count_entry *e)
{
    kd_item_counts out = {.item = kd_count_key(e), .closed = kd_central_closed(c, kd_count_key(e))};
    for (uint32_t i = 0; i < c->config.counters->count; i++) {
        uint8_t id = c->config.counters->at[i].id;
        uint64_t value = kd_counts_value(e, kd_part_where(id, KD_PART_TOTAL, 0));
        if (value == 0) continue;
        out.at[out.count].counter = id;
        out.at[out.count++].value = value;
    }
    return out;
}

static int snapshot_ready(const kd_central *c)
{
    if (c->poisoned) return KD_EIO;
    if (c->fenced) return KD_EFENCED;
    return kd_central_durable(c) && !c->config.follows ? KD_OK : KD_EAGAIN;
}

/* ---- snapshots ---- */

static void snapshot_emit_part(kd_central *c, kd_snapshot *s, kd_buf *record, kd_central_emit emit, void *arg)
{
    uint32_t from = s->part * KD_SNAPSHOT_ITEMS_MAX;
    s->item_count = KD_MIN(c->counts.unsent_count - from, (uint32_t)KD_SNAPSHOT_ITEMS_MAX);
    for (uint32_t i = 0; i < s->item_count; i++) s->items[i] = snapshot_counts(c, c->counts.unsent[from + i]);
    kd_buf_clear(record);
    kd_snapshot_encode(s, record);
    emit(arg, kd_buf_view(record));
}

/*
 * Whether a counter was added since the last snapshot. The counts that edges hold lack it, and edges take a missing counter for 0. But batches that
 * waited for the counter may be merged by now. So this snapshot makes all edges read anew, for which its version must be one that no edge has. If a
 * snapshot with the committed version has gone out already, a commit is asked for to raise the version, and the next snapshot finds the counter
 * again.
 */
static bool snapshot_counters_came(kd_central *c)
{
    uint64_t now = kd_meta_counters(c);
    bool came = (now & ~c->counters_told) != 0, fits = c->version > c->snapshot_version;
    if (came && !fits) kd_commit_open(c)->fed = true;
    if (!came || fits) c->counters_told = now;
    return came;
}

int kd_central_snapshot(kd_central *c, uint64_t now_us, kd_central_emit emit, void *arg)
{
    int err = snapshot_ready(c);
    if (err != KD_OK) return err;
    kd_snapshot s;
    kd_buf record = {0};
    snapshot_head(c, KD_SNAPSHOT_DELTA, (kd_bytes){0}, now_us, &s);
    bool anew = snapshot_counters_came(c) || c->counts.unsent_lost;
    uint64_t previous;
    anew |= !kd_link_previous(c, c->snapshot_version, &previous);
    if (!anew) s.previous = previous;
    uint32_t items = c->counts.unsent_count;
    /* A heartbeat, with nothing changed, is one part without items. */
    s.parts = items ? (items + KD_SNAPSHOT_ITEMS_MAX - 1) / KD_SNAPSHOT_ITEMS_MAX : 1;
    s.items = kd_alloc(KD_MIN(items, (uint32_t)KD_SNAPSHOT_ITEMS_MAX) * sizeof *s.items);
    for (s.part = 0; s.part < s.parts; s.part++) snapshot_emit_part(c, &s, &record, emit, arg);
    free(s.items);
    free(s.edges);
    kd_buf_finish(&record);
    /* the snapshot before was delivered or given up, else the shell would not ask */
    c->published = kd_link_installed(c);
    kd_link_published(c);
    kd_redo_settle(c);
    c->snapshot_version = c->version;
    c->viral = false;
    kd_counts_clear_unsent(&c->counts);
    return KD_OK;
}

bool kd_central_viral(const kd_central *c)
{
    return c->viral;
}

uint32_t kd_central_dirty(const kd_central *c)
{
    return c->counts.unsent_lost ? UINT32_MAX : c->counts.unsent_count;
}

/* ---- one read ---- */

static int snapshot_read_item(kd_central *c, kd_bytes key, kd_item_counts *out)
{
    kd_item item;
    if (kd_item_from_key(&item, key) != KD_OK) return KD_EINVAL;
    if (kd_partition(key, c->config.partitions) != c->config.partition) return KD_EINVAL;
    kd_count_entry *e = NULL;
    int err = kd_counts_acquire(&c->counts, key, false, &e);
    *out = (kd_item_counts){.item = key, .closed = kd_central_closed(c, key)};
    if (err == KD_ENOTFOUND) return KD_OK;
    if (err != KD_OK) return KD_EIO;
    *out = snapshot_counts(c, e);
    out->item = key; /* not the entry's own key: a released entry may be freed */
    kd_counts_release(&c->counts, e);
    return KD_OK;
}

static int snapshot_read_items(kd_central *c, kd_bytes *keys, uint32_t n, kd_snapshot *s)
{
    if (n) qsort(keys, n, sizeof *keys, kd_bytes_compare);
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0 && kd_bytes_eq(keys[i - 1], keys[i])) continue;
        int err = snapshot_read_item(c, keys[i], &s->items[s->item_count]);
        if (err != KD_OK) return err;
        s->item_count++;
    }
    return KD_OK;
}

int kd_central_read(kd_central *c, const kd_bytes *items, uint32_t n, kd_bytes edge, uint64_t now_us,
                    kd_buf *record)
{
    int err = snapshot_ready(c);
    if (err != KD_OK) return err;
    if (n > KD_SNAPSHOT_ITEMS_MAX) return KD_EINVAL;
    kd_snapshot s;
    snapshot_head(c, KD_SNAPSHOT_READ, edge, now_us, &s);
    kd_bytes *keys = kd_alloc(n * sizeof *keys);
    if (n) memcpy(keys, items, n * sizeof *keys);
    s.items = kd_alloc(n * sizeof *s.items);
    err = snapshot_read_items(c, keys, n, &s);
    if (err == KD_OK) kd_snapshot_encode(&s, record);
    free(keys);
    free(s.items);
    free(s.edges);
    return err;
}
