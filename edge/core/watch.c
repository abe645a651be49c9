/* watch.c - see the header. The table of watches, and where changes are noted: called from wherever they happen, and calling nobody. */
#include "edge/core/watch.h"
#include "edge/core/entry.h"
#include "edge/core/state.h"

#include <stdlib.h>

enum { WATCH_ACTED_MIN = 8, WATCH_ACTED_MAX = 4096 };

static kd_bytes watch_key_of(const void *entry)
{
    return kd_watch_key(entry);
}

void kd_watches_init(kd_edge *e)
{
    kd_table_init(&e->watches.table, watch_key_of, e->config.seed);
    TAILQ_INIT(&e->watches.changed);
    TAILQ_INIT(&e->watches.stale);
    TAILQ_INIT(&e->watches.idle);
}

void kd_watch_free(kd_watch *w)
{
    free(w->acted);
    free(w);
}

void kd_watches_finish(kd_edge *e)
{
    size_t cursor = 0;
    for (kd_watch *w; (w = kd_table_next(&e->watches.table, &cursor)) != NULL;) kd_watch_free(w);
    kd_table_finish(&e->watches.table);
    free(e->watches.told);
}

/* ---- changes are noted ---- */

kd_watch *kd_watch_find(const kd_edge *e, kd_bytes item)
{
    return e->watches.table.count > 0 ? kd_table_find(&e->watches.table, item) : NULL;
}

void kd_watch_change(kd_edge *e, kd_watch *w)
{
    if (w->changed) return;
    w->changed = true;
    TAILQ_INSERT_TAIL(&e->watches.changed, w, of_changed);
}

void kd_watch_touch(kd_edge *e, const kd_entry *entry)
{
    if (!entry->watched) return;
    kd_watch_change(e, kd_watch_find(e, kd_entry_key(entry)));
}

/* The room doubles when it is full. */
static void watch_add_acted(kd_watch *w, uint64_t user)
{
    uint32_t n = w->acted_count;
    bool full = n == 0 || (n >= WATCH_ACTED_MIN && (n & (n - 1)) == 0);
    w->all_acted |= n == WATCH_ACTED_MAX;
    if (n == WATCH_ACTED_MAX) return;
    if (full) w->acted = kd_realloc(w->acted, (n ? 2 * n : WATCH_ACTED_MIN) * sizeof *w->acted);
    w->acted[w->acted_count++] = user;
}

void kd_watch_acted(kd_edge *e, const kd_entry *entry, kd_bytes user)
{
    if (!entry->watched) return;
    kd_watch *w = kd_watch_find(e, kd_entry_key(entry));
    if (w->members == 0 || user.len == 0) return;
    kd_watch_change(e, w);
    watch_add_acted(w, kd_hash(user));
}

void kd_watch_touch_partition(kd_edge *e, uint32_t partition)
{
    size_t cursor = 0;
    for (kd_watch *w; (w = kd_table_next(&e->watches.table, &cursor)) != NULL;)
        if (partition == UINT32_MAX || w->partition == partition) kd_watch_change(e, w);
}

void kd_watch_created(kd_edge *e, kd_entry *entry)
{
    kd_watch *w = kd_watch_find(e, kd_entry_key(entry));
    if (!w) return;
    entry->watched = true;
    kd_watch_change(e, w);
}
