/* log_waits.c - see the header. */
#include "kudos/log_waits.h"

#include <stdlib.h>

void kd_log_waits_init(kd_log_waits *w, const kd_edge *edge, uint32_t shards, uint32_t partitions,
                       uint64_t patience_us)
{
    *w = (kd_log_waits){.edge = edge,
                        .shards = shards,
                        .queue_count = partitions / shards + 1,
                        .patience_us = patience_us,
                        .until_us = UINT64_MAX};
    w->queues = kd_alloc(w->queue_count * sizeof(*w->queues));
    for (uint32_t i = 0; i < w->queue_count; i++) TAILQ_INIT(&w->queues[i]);
    TAILQ_INIT(&w->all);
}

void kd_log_waits_finish(kd_log_waits *w)
{
    KD_ASSERT(w->waiting == 0);
    free(w->queues);
    w->queues = NULL;
}

static kd_log_wait_queue *log_waits_queue(const kd_log_waits *w, const kd_log_wait *wait)
{
    return &w->queues[wait->mark.partition / w->shards];
}

/* A retry may name an earlier batch than the wait before it: it joins that one, and is answered a little later than it could be. Marks of an earlier
 * era leave at the next kd_log_waits_answer. */
static void log_waits_queue_up(const kd_log_waits *w, kd_log_wait *wait)
{
    kd_log_wait_queue *queue = log_waits_queue(w, wait);
    const kd_log_wait *last = TAILQ_LAST(queue, kd_log_wait_queue);
    if (last && last->mark.era == wait->mark.era)
        wait->mark.batch = KD_MAX(wait->mark.batch, last->mark.batch);
    TAILQ_INSERT_TAIL(queue, wait, of_partition);
}

/* KD_EAGAIN: its present mark is to be waited for. Otherwise the wait is over, with that status. */
static int log_waits_look(const kd_log_waits *w, kd_log_wait *wait)
{
    int err;
    do {
        err = kd_edge_in_log(w->edge, &wait->mark);
    } while (err == KD_OK && wait->next && wait->next(wait));
    return err == KD_ENOTFOUND ? KD_ENOTLOGGED : err;
}

void kd_log_waits_begin(kd_log_waits *w, kd_log_wait *wait, uint64_t mono_us)
{
    int err = log_waits_look(w, wait);
    if (err != KD_EAGAIN) {
        wait->fn(wait, err);
        return;
    }
    wait->deadline_us = mono_us + w->patience_us;
    log_waits_queue_up(w, wait);
    TAILQ_INSERT_TAIL(&w->all, wait, of_all);
    w->waiting++;
}

static void log_waits_end(kd_log_waits *w, kd_log_wait *wait, int status)
{
    TAILQ_REMOVE(&w->all, wait, of_all);
    w->waiting--;
    wait->fn(wait, status);
}

static void log_waits_answer_queue(kd_log_waits *w, kd_log_wait_queue *queue)
{
    kd_log_wait *wait;
    while ((wait = TAILQ_FIRST(queue)) && kd_edge_in_log(w->edge, &wait->mark) != KD_EAGAIN) {
        TAILQ_REMOVE(queue, wait, of_partition);
        int err = log_waits_look(w, wait);
        if (err == KD_EAGAIN)
            log_waits_queue_up(w, wait); /* for the mark of another partition */
        else
            log_waits_end(w, wait, err);
    }
}

void kd_log_waits_answer(kd_log_waits *w)
{
    if (w->waiting == 0) return;
    for (uint32_t i = 0; i < w->queue_count; i++) log_waits_answer_queue(w, &w->queues[i]);
}

static void log_waits_drop_first(kd_log_waits *w, int status)
{
    kd_log_wait *wait = TAILQ_FIRST(&w->all);
    TAILQ_REMOVE(log_waits_queue(w, wait), wait, of_partition);
    log_waits_end(w, wait, status);
}

uint64_t kd_log_waits_next_us(const kd_log_waits *w)
{
    const kd_log_wait *first = TAILQ_FIRST(&w->all);
    return first ? KD_MIN(first->deadline_us, w->until_us) : UINT64_MAX;
}

uint32_t kd_log_waits_expire(kd_log_waits *w, uint64_t mono_us)
{
    uint32_t before = w->waiting, done = 0;
    if (before == 0) return 0;
    for (; w->waiting > 0 && done < before && kd_log_waits_next_us(w) <= mono_us; done++)
        log_waits_drop_first(w, KD_ENOTLOGGED);
    return done;
}

void kd_log_waits_hurry(kd_log_waits *w, uint64_t until_us)
{
    w->until_us = until_us;
}

void kd_log_waits_release(kd_log_waits *w, int status)
{
    while (w->waiting > 0) log_waits_drop_first(w, status);
}
