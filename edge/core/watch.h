/*
 * watch.h - items that streams show (GET /v1/live): which of them may be shown otherwise than they were told last.
 *
 * Invariants
 * - An entry is `watched` exactly while a watch of its item exists.
 * - Whatever changes what kd_edge_view shows of a watched entry touches its watch: it waits among the changed ones until it is told.
 */
#ifndef KUDOS_EDGE_CORE_WATCH_H
#define KUDOS_EDGE_CORE_WATCH_H

#include <sys/queue.h>

#include "common/base/table.h"
#include "edge/core/forward.h"
#include "kudos/edge.h"

typedef struct kd_watch kd_watch;
TAILQ_HEAD(kd_watch_queue, kd_watch);

struct kd_watch {
    kd_table_entry link;
    TAILQ_ENTRY(kd_watch) of_changed, of_stale;
    TAILQ_ENTRY(kd_watch) of_idle;
    uint64_t watchers, members; /* bit sets: who watches; of them, who shows whether users like it */
    uint64_t client;            /* who pays for questions about it */
    uint64_t since_us, changed_us, due_us, idle_us;
    uint64_t shown;  /* digest of what was told last */
    uint64_t *acted; /* users who acted since then, as kd_hash */
    uint32_t acted_count, partition;
    bool changed, stale, idle;
    bool anew;      /* told whatever it shows: a stream was shown something that was not told */
    bool all_acted; /* more users than there is room for */
    uint8_t key_len;
    uint8_t key[];
};

static inline kd_bytes kd_watch_key(const kd_watch *w)
{
    return kd_bytes_of(w->key, w->key_len);
}

typedef struct {
    kd_table table;                /* by item */
    struct kd_watch_queue changed; /* to be told */
    struct kd_watch_queue
        stale; /* not fresh when they were looked at last; those to ask about first are in front */
    struct kd_watch_queue idle; /* watched by nobody, longest so in front */
    uint64_t *told;             /* users that the last news named */
} kd_watches;

void kd_watches_init(kd_edge *e);
void kd_watches_finish(kd_edge *e);
/* NULL: nobody watches the item. */
kd_watch *kd_watch_find(const kd_edge *e, kd_bytes item);
void kd_watch_free(kd_watch *w);
/* The watch waits to be told. */
void kd_watch_change(kd_edge *e, kd_watch *w);
/* Something of the entry has changed that readers are shown, or it is about to be freed. */
void kd_watch_touch(kd_edge *e, const kd_entry *entry);
/* The user has acted on the entry: a stream may show whether he likes it. */
void kd_watch_acted(kd_edge *e, const kd_entry *entry, kd_bytes user);
/* Counts of the partition became stale. UINT32_MAX: of all partitions. */
void kd_watch_touch_partition(kd_edge *e, uint32_t partition);
/* An entry was made. */
void kd_watch_created(kd_edge *e, kd_entry *entry);

#endif
