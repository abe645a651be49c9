/*
 * trends.h - what is trending, as central said last: a shard's cache of central's answers, by collection, counter and window.
 *
 * An answer is fresh for as long as its window says (kd_trending_windows). After that the next request asks central; one question a key is under way,
 * however many requests wait for it. A question is paid from the client's budget like that of any read (ask.h). Where central cannot be asked, or does
 * not answer, the old answer stands, with its age. At most KD_TRENDS_MAX keys: a key that nobody waits for gives way to a new one.
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_TRENDS_H
#define KUDOS_EDGE_IO_UPSTREAM_TRENDS_H

#include "common/api/trending.h"
#include "common/base/display.h"
#include "edge/io/upstream/ask.h"

enum { KD_TRENDS_MAX = 128 };

/* An answer of central. */
typedef struct {
    kd_trending found;                                 /* its times are not set */
    char since[KD_TIME_MS_MAX], as_of[KD_TIME_MS_MAX]; /* texts; as_of "": unknown */
    uint64_t age_ms;                                   /* when it was heard */
} kd_trends_page;

/* Embedded by whoever waits. `fn` is called once, on the shard's loop, never from within kd_trends_find. */
typedef struct kd_trends_wait kd_trends_wait;
struct kd_trends_wait {
    STAILQ_ENTRY(kd_trends_wait) next;
    void (*fn)(kd_trends_wait *wait, int err);
    kd_trends_page *page; /* gets a copy, with its age now */
};

typedef struct {
    kd_asker *asker;
    kd_table keys;
} kd_trends;

/* Borrows the base and the asker for its life; the asker need not be initialised yet. */
void kd_trends_init(kd_trends *t, kd_shard_base *base, kd_asker *asker);
/* After the asker's end, which has called every wait. */
void kd_trends_finish(kd_trends *t);

/* KD_OK: *wait->page is filled. KD_EAGAIN: central is asked, wait->fn will be called with one of the others. KD_ENOTFOUND: central keeps no
 * velocities of these. KD_EUNAVAILABLE: central was never heard of this key, and does not answer. KD_EOVERLOADED: likewise, and it was not asked. */
int kd_trends_find(kd_trends *t, const kd_trending_ask *ask, const char *counter, kd_ask_for asks,
                   kd_trends_wait *wait);

#endif
