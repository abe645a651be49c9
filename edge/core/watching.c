/*
 * watching.c - who watches which items, and what is told of them.
 *
 * A change is noted where it happens (watch.h), and looked at when it is told: what is told is what a read would show then. Changes that were undone in
 * between are not told, unless somebody was shown them: a stream that began in between.
 *
 * A watch of which nobody is left stays for WATCH_LINGER_US, so that a stream that was cut off and comes again is told only what has changed.
 */
#include "edge/core/entry.h"
#include "edge/core/items.h"
#include "edge/core/part.h"
#include "edge/core/state.h"
#include "edge/core/watch.h"

#include <stdlib.h>

enum { WATCH_LINGER_US = 60 * 1000000, WATCH_ASK_US = 5 * 1000000 };

/* ---- who watches ---- */

static kd_watch *watch_create(kd_edge *e, kd_bytes item, uint64_t now_us)
{
    kd_watch *w = kd_alloc(sizeof *w + item.len);
    w->key_len = (uint8_t)item.len;
    memcpy(w->key, item.data, item.len);
    w->partition = kd_edge_part(e, item)->id;
    w->since_us = now_us;
    kd_table_put(&e->watches.table, w);
    kd_entry *entry = kd_items_find(e, item);
    if (entry) entry->watched = true;
    return w;
}

static void watch_set_idle(kd_edge *e, kd_watch *w, bool idle, uint64_t now_us)
{
    if (w->idle == idle) return;
    w->idle = idle;
    w->idle_us = now_us;
    if (idle)
        TAILQ_INSERT_TAIL(&e->watches.idle, w, of_idle);
    else
        TAILQ_REMOVE(&e->watches.idle, w, of_idle);
}

static void watch_set_stale(kd_edge *e, kd_watch *w, bool stale, uint64_t now_us)
{
    if (w->stale == stale) return;
    w->stale = stale;
    w->due_us = now_us + WATCH_ASK_US;
    if (stale)
        TAILQ_INSERT_TAIL(&e->watches.stale, w, of_stale);
    else
        TAILQ_REMOVE(&e->watches.stale, w, of_stale);
}

static void watch_forget(kd_edge *e, kd_watch *w)
{
    kd_entry *entry = kd_items_find(e, kd_watch_key(w));
    if (entry) entry->watched = false;
    if (w->changed) TAILQ_REMOVE(&e->watches.changed, w, of_changed);
    watch_set_stale(e, w, false, 0);
    watch_set_idle(e, w, false, 0);
    kd_table_remove(&e->watches.table, kd_watch_key(w));
    kd_watch_free(w);
}

void kd_edge_watch(kd_edge *e, const kd_watch_request *rq, uint64_t now_us)
{
    kd_watch *w = kd_watch_find(e, rq->item);
    if (!w) w = watch_create(e, rq->item, now_us);
    watch_set_idle(e, w, false, now_us);
    w->watchers |= 1ull << rq->watcher;
    if (rq->members) w->members |= 1ull << rq->watcher;
    w->client = rq->client;
}

void kd_edge_unwatch(kd_edge *e, kd_bytes item, uint32_t watcher, uint64_t now_us)
{
    kd_watch *w = kd_watch_find(e, item);
    if (!w) return;
    w->watchers &= ~(1ull << watcher);
    w->members &= ~(1ull << watcher);
    if (w->watchers == 0) watch_set_idle(e, w, true, now_us);
}

/* ---- what is told ---- */

static uint64_t watch_digest(const kd_view *v)
{
    struct {
        uint64_t count[KD_COUNTERS_MAX], told;
        uint32_t pending[KD_COUNTERS_MAX];
    } shown = {.told = v->told};
    memcpy(shown.count, v->count, sizeof shown.count);
    memcpy(shown.pending, v->pending, sizeof shown.pending);
    return kd_hash(kd_bytes_of(&shown, sizeof shown)) | 1;
}

bool kd_edge_watch_unchanged(const kd_edge *e, kd_bytes item, uint64_t known_us)
{
    const kd_watch *w = kd_watch_find(e, item);
    return w && !w->changed && !w->stale && w->since_us <= known_us && w->changed_us <= known_us;
}

void kd_edge_watch_shown(kd_edge *e, kd_bytes item, const kd_view *view, uint64_t now_us)
{
    kd_watch *w = kd_watch_find(e, item);
    if (!w) return;
    uint64_t shown = watch_digest(view);
    if (w->shown == 0) w->shown = shown;
    w->anew |= w->shown != shown;
    if (w->anew) kd_watch_change(e, w);
    watch_set_stale(e, w, !view->fresh, now_us);
}

bool kd_edge_watch_changed(const kd_edge *e)
{
    return !TAILQ_EMPTY(&e->watches.changed);
}

static void watch_tell_acted(kd_edge *e, kd_watch *w, kd_watch_news *news)
{
    news->acted = e->watches.told = w->acted;
    news->acted_count = w->acted_count;
    news->all_acted = w->all_acted;
    w->acted = NULL;
    w->acted_count = 0;
    w->all_acted = false;
}

int kd_edge_watch_next(kd_edge *e, uint64_t now_us, kd_watch_news *news)
{
    free(e->watches.told);
    e->watches.told = NULL;
    for (kd_watch *w; (w = TAILQ_FIRST(&e->watches.changed)) != NULL;) {
        TAILQ_REMOVE(&e->watches.changed, w, of_changed);
        w->changed = false;
        int err = kd_edge_view(e, kd_watch_key(w), &news->view);
        if (err != KD_OK && err != KD_EAGAIN) return err;
        uint64_t shown = watch_digest(&news->view);
        bool tells = w->anew || shown != w->shown || w->acted_count > 0;
        watch_set_stale(e, w, !news->view.fresh, now_us);
        if (!tells) continue;
        w->anew = false;
        w->shown = shown;
        w->changed_us = now_us;
        news->item = kd_watch_key(w);
        news->watchers = w->watchers;
        news->members = w->members;
        watch_tell_acted(e, w, news);
        return KD_OK;
    }
    return KD_ENOTFOUND;
}

bool kd_edge_watch_stale(kd_edge *e, uint64_t now_us, kd_bytes *item, uint64_t *client)
{
    kd_watch *w = TAILQ_FIRST(&e->watches.stale);
    if (!w || w->due_us > now_us) return false;
    watch_set_stale(e, w, false, now_us);
    watch_set_stale(e, w, true, now_us);
    *item = kd_watch_key(w);
    *client = w->client;
    return true;
}

void kd_edge_watch_tick(kd_edge *e, uint64_t now_us)
{
    for (kd_watch *w; (w = TAILQ_FIRST(&e->watches.idle)) != NULL && w->idle_us + WATCH_LINGER_US <= now_us;)
        watch_forget(e, w);
}
