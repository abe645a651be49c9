/*
 * kafka_end.c - see the header.
 *
 * After topics were deleted and made anew, rd_kafka_destroy of 2.0.2 can wait for ever. So every client ends on a detached thread of its own, and its
 * caller waits for that thread with a limit. `lock` guards all that is here. Thread and waiter share a client_end, and the last of the two frees it:
 * `done` says that the thread has gone, `left` that the waiter has.
 */
#include "common/io/kafka/kafka_end.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/io/loop/log.h"
#include "common/io/loop/clock.h"

typedef struct {
    rd_kafka_t *rk;
    bool done, left;
} client_end;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static uint32_t ends_open; /* clients that have not ended */
static bool ends_hurry;    /* the process is ending: nobody waits for one client */

static void client_destroy(rd_kafka_t *rk)
{
    /* A producer's owner keeps each message until it is delivered: what is still queued here is dropped, and sent again by the next client. */
    if (rd_kafka_type(rk) == RD_KAFKA_PRODUCER)
        rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    else
        rd_kafka_assign(rk, NULL);
    /* Without the flag librdkafka leaves the consumer's group first. Ours never joined it, but would wait for the group's coordinator. */
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

static void *end_run(void *arg)
{
    client_end *e = arg;
    client_destroy(e->rk);
    pthread_mutex_lock(&lock);
    e->done = true;
    ends_open--;
    if (e->left) free(e);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return NULL;
}

static bool end_start(client_end *e)
{
    pthread_t thread;
    pthread_mutex_lock(&lock);
    bool started = pthread_create(&thread, NULL, end_run, e) == 0;
    if (started) {
        ends_open++;
        pthread_detach(thread);
    }
    pthread_mutex_unlock(&lock);
    return started;
}

/* True: the client is left behind, and the process goes on, so that it is worth a line in the log. */
static bool end_wait(client_end *e)
{
    const struct timespec until = kd_clock_wait_until(KD_KAFKA_END_MS);
    pthread_mutex_lock(&lock);
    while (!e->done && !ends_hurry && pthread_cond_clockwait(&changed, &lock, CLOCK_MONOTONIC, &until) == 0)
        continue;
    bool done = e->done, hurry = ends_hurry;
    if (done)
        free(e);
    else
        e->left = true;
    pthread_mutex_unlock(&lock);
    return !done && !hurry;
}

void kd_kafka_client_end(rd_kafka_t *rk)
{
    client_end *e = kd_alloc(sizeof(*e));
    e->rk = rk;
    if (!end_start(e)) { /* no thread to be had: without a limit then */
        free(e);
        client_destroy(rk);
    } else if (end_wait(e)) {
        KD_LOG(KD_WARN, "kafka-client-left", KD_U64("clients", 1), KD_U64("waited_ms", KD_KAFKA_END_MS));
    }
}

void kd_kafka_ends_hurry(void)
{
    pthread_mutex_lock(&lock);
    ends_hurry = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

uint32_t kd_kafka_ends_wait(uint32_t ms)
{
    const struct timespec until = kd_clock_wait_until(ms);
    pthread_mutex_lock(&lock);
    while (ends_open > 0 && pthread_cond_clockwait(&changed, &lock, CLOCK_MONOTONIC, &until) == 0) continue;
    uint32_t open = ends_open;
    pthread_mutex_unlock(&lock);
    return open;
}
