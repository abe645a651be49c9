/*
 * committer.c - one thread that applies groups in order.
 *
 * A ring of KD_COMMITTER_DEPTH groups under one lock. `count` includes the group being synced, which stays at
 * `head` until it is done, so an owner never has more than the ring holds. The lock is never held during a
 * sync or a callback.
 */
#include "common/io/leveldb/committer.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/io/loop/clock.h"
#include "common/io/loop/point.h"

#ifdef KUDOS_PLANT_NO_SYNC /* make PLANT=NO_SYNC: tests must notice */
enum { SYNC = false };
#else
enum { SYNC = true };
#endif

typedef struct {
    const kd_writes *writes;
    uint64_t id;
} group;

struct kd_committer {
    kd_leveldb *db;
    kd_committer_done done;
    void *arg;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    group ring[KD_COMMITTER_DEPTH];
    uint32_t head;
    uint32_t count;
    bool stopping;
    kd_committer_stats stats;
};

static void count_group(kd_committer_stats *s, uint64_t writes, uint64_t bytes, uint64_t us, int rc)
{
    s->sync_us += us;
    s->sync_max_us = KD_MAX(s->sync_max_us, us);
    if (rc != KD_OK) {
        s->failures++;
        return;
    }
    s->groups++;
    s->writes += writes;
    s->bytes += bytes;
}

/* Applies the group at the head; the lock is held before and behind it, not during the sync. The place in the ring is free before `done` is called,
 * so that the owner may submit at once. */
static void apply_head(kd_committer *c)
{
    group g = c->ring[c->head];
    pthread_mutex_unlock(&c->lock);
    uint64_t writes = g.writes->count, bytes = g.writes->buf.len, start = kd_clock_mono_us();
    KD_POINT(BEFORE_SYNC);
    int rc = kd_leveldb_write(c->db, g.writes, SYNC);
    KD_POINT(AFTER_SYNC);
    uint64_t us = kd_clock_mono_us() - start;

    pthread_mutex_lock(&c->lock);
    count_group(&c->stats, writes, bytes, us, rc);
    c->head = (c->head + 1) % KD_COMMITTER_DEPTH;
    c->count--;
    pthread_mutex_unlock(&c->lock);
    c->done(c->arg, g.id, rc);
    pthread_mutex_lock(&c->lock);
}

static void *committer_run(void *arg)
{
    kd_committer *c = arg;
    pthread_mutex_lock(&c->lock);
    for (;;) {
        while (c->count == 0 && !c->stopping) pthread_cond_wait(&c->work, &c->lock);
        if (c->count == 0) break; /* only now: groups that were submitted before the stop are applied */
        apply_head(c);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

int kd_committer_create(kd_committer **out, kd_leveldb *db, kd_committer_done done, void *arg)
{
    kd_committer *c = kd_alloc(sizeof(*c));
    *c = (kd_committer){.db = db, .done = done, .arg = arg};
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->work, NULL);
    *out = c;
    if (pthread_create(&c->thread, NULL, committer_run, c) == 0) return KD_OK;
    pthread_cond_destroy(&c->work);
    pthread_mutex_destroy(&c->lock);
    free(c);
    *out = NULL;
    return KD_EIO;
}

void kd_committer_destroy(kd_committer *c)
{
    if (!c) return;
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    pthread_cond_signal(&c->work);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    pthread_cond_destroy(&c->work);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

void kd_committer_submit(kd_committer *c, const kd_writes *writes, uint64_t id)
{
    pthread_mutex_lock(&c->lock);
    KD_ASSERT(!c->stopping && c->count < KD_COMMITTER_DEPTH);
    c->ring[(c->head + c->count) % KD_COMMITTER_DEPTH] = (group){.writes = writes, .id = id};
    c->count++;
    pthread_cond_signal(&c->work);
    pthread_mutex_unlock(&c->lock);
}

uint32_t kd_committer_free(kd_committer *c)
{
    pthread_mutex_lock(&c->lock);
    uint32_t left = KD_COMMITTER_DEPTH - c->count;
    pthread_mutex_unlock(&c->lock);
    return left;
}

kd_committer_stats kd_committer_stats_get(kd_committer *c)
{
    pthread_mutex_lock(&c->lock);
    kd_committer_stats s = c->stats;
    pthread_mutex_unlock(&c->lock);
    return s;
}
