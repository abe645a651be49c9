/* keeper.c - see the header. `lock` guards `stopping` and `gone`, `joined` is the owner's, `kafka_up` is atomic; the rest belongs to the thread. */
#include "central/io/worker/keeper.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/io/daemon/fail.h"
#include "central/io/worker/kafka_log.h"
#include "central/io/worker/worker_internal.h"
#include "common/io/loop/clock.h"
#include "common/io/daemon/ending.h"
#include "common/io/loop/log.h"
#include "common/io/daemon/kafka_reach.h"
#include "common/io/daemon/options_file.h"
#include "common/io/daemon/topics_retry.h"
#include "common/base/metrics.h"

/* How long each call waits for Kafka, and how long the thread rests between its rounds. */
enum {
    ENSURE_MS = 5000,
    READ_MS = 3000,
    READ_TRIES = 3,
    WATERMARK_MS = 1000,
    ROUND_MS = 5000,
    WATCH_MS = 2000,       /* for a broker to answer */
    WATCH_BRIEF_MS = 100,  /* the same right after a call that has just failed */
    WATCH_AGAIN_MS = 1000, /* until the next question when no broker answered */
};
_Static_assert((int)ENSURE_MS < (int)KD_ENDING_CALL_MS && (int)READ_MS < (int)KD_ENDING_CALL_MS &&
                   (int)WATERMARK_MS < (int)KD_ENDING_CALL_MS && (int)WATCH_MS < (int)KD_ENDING_CALL_MS,
               "a stop that comes during a call waits for it");

/* The stored log position of a partition. */
typedef struct {
    uint32_t partition;
    bool known; /* the store has one */
    int64_t offset;
} position;

struct kd_keeper {
    const kd_central_settings *settings;
    kd_worker *workers;
    uint32_t count;
    position *positions; /* stored log positions, in the order of workers and their tenures */
    uint64_t random;
    kd_kafka_reader *reader;
    kd_kafka_watch *watch;
    kd_outage outage;
    kd_metric kafka_up;                /* any thread reads it */
    char logged[KD_OPTIONS_ERROR_MAX]; /* the last cause logged while the topics are not ready; else empty */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping, gone; /* the process ends; a topic has gone */
    bool joined;         /* used by the thread of kd_keeper_stop alone */
};

static bool keeper_stopping(kd_keeper *k)
{
    pthread_mutex_lock(&k->lock);
    bool stop = k->stopping;
    pthread_mutex_unlock(&k->lock);
    return stop;
}

/* Waits until the time is up, topics have gone, or the keeper is stopped. True when topics have gone. */
static bool keeper_rest(kd_keeper *k, uint64_t ms)
{
    const struct timespec until = kd_clock_wait_until(ms);
    pthread_mutex_lock(&k->lock);
    while (!k->stopping && !k->gone &&
           pthread_cond_clockwait(&k->wake, &k->lock, CLOCK_MONOTONIC, &until) == 0)
        continue;
    bool gone = k->gone;
    k->gone = false;
    pthread_mutex_unlock(&k->lock);
    return gone;
}

static int keeper_ensure_once(kd_keeper *k, char *error)
{
    const kd_central_settings *s = k->settings;
    uint32_t partitions = (uint32_t)s->partitions;
    uint16_t replication = (uint16_t)s->replication;
    kd_kafka_topic topics[KD_TOPICS] = {
        {s->likes_topic, partitions, replication, (int64_t)(s->likes_retention_us / 1000), 0},
        {s->counts_topic, partitions, replication, (int64_t)(s->counts_retention_us / 1000), 0},
        {s->changes_topic, partitions, replication, (int64_t)(s->changes_retention_us / 1000), 0},
    };
    const kd_kafka_config kafka = kd_central_kafka(s, kd_central_kafka_log);
    return kd_kafka_ensure_topics(&kafka, topics, s->publish_changes ? KD_TOPICS : KD_TOPICS - 1, ENSURE_MS,
                                  error, KD_OPTIONS_ERROR_MAX);
}

/* True when a broker answers within that time. */
static bool keeper_ask_kafka(kd_keeper *k, uint32_t timeout_ms)
{
    kd_reason reason;
    const char *cause;
    if (!k->watch) return true;
    bool answered = kd_kafka_watch_ask(k->watch, timeout_ms, &reason, &cause) == KD_OK;
    if (answered)
        kd_outage_answered(&k->outage);
    else
        kd_outage_failed(&k->outage, reason, cause);
    return answered;
}

static void keeper_open_watch(kd_keeper *k)
{
    char error[KD_OPTIONS_ERROR_MAX];
    const kd_kafka_config kafka = kd_central_kafka(k->settings, kd_central_kafka_log);
    kd_kafka_reach_open(&k->reach, &kafka, &k->kafka_up, NULL);
}

/* Tries until the topics are there. False: the keeper was stopped meanwhile. Topics that do not fit the settings end the program: waiting cannot
 * help. */
static bool keeper_ensure_topics(kd_keeper *k)
{
    char error[KD_OPTIONS_ERROR_MAX];
    uint64_t delay_ms = 0;
    while (!keeper_stopping(k)) {
        int err = keeper_ensure_once(k, error);
        k->logged[0] = err == KD_OK ? '\0' : k->logged[0];
        if (err == KD_OK) return true;
        if (err == KD_EMISMATCH || err == KD_EINVAL)
            kd_fail_stop(KD_EXIT_USAGE, "topics-refused", UINT32_MAX, error);
        if (strcmp(error, k->logged) != 0) KD_LOG(KD_WARN, "kafka-unavailable", KD_STR("cause", error));
        snprintf(k->logged, sizeof(k->logged), "%s", error);
        /* The failed attempt counts as an unanswered question. A second one, which follows here, makes it an outage. */
        kd_outage_failed(&k->outage, KD_REASON_OTHER, NULL);
        keeper_ask_kafka(k, WATCH_BRIEF_MS);
        keeper_rest(k, kd_kafka_again_ms(&delay_ms, &k->random));
    }
    return false;
}

static bool keeper_open_reader(kd_keeper *k)
{
    char error[KD_OPTIONS_ERROR_MAX];
    const kd_kafka_config kafka = kd_central_kafka(k->settings, kd_central_kafka_log);
    int err = kd_kafka_reader_create(&k->reader, &kafka, error, sizeof(error));
    if (err != KD_OK) KD_LOG(KD_WARN, "log-check-impossible", KD_STR("cause", error));
    return err == KD_OK;
}

/* The record at the position now. If it cannot be read in time it counts as missing: then the log is read from its start, which is always safe. */
static kd_log_check keeper_look_up(kd_keeper *k, const position *p)
{
    kd_log_check check = {.partition = p->partition, .found = false};
    int err = KD_EAGAIN;
    bool readable = p->known && k->reader;
    for (int i = 0; readable && i < READ_TRIES && !keeper_stopping(k); i++) {
        err = kd_kafka_reader_get(k->reader, k->settings->likes_topic, p->partition, p->offset, READ_MS,
                                  &check.record);
        if (err == KD_OK || err == KD_ENOTFOUND) break;
    }
    check.found = err == KD_OK;
    if (readable && err != KD_OK && err != KD_ENOTFOUND)
        KD_LOG(KD_WARN, "log-check-failed", KD_U64("partition", p->partition),
               KD_STR("cause", kd_kafka_reader_error(k->reader)));
    return check;
}

static void keeper_hand_over(kd_keeper *k)
{
    const position *p = k->positions;
    for (uint32_t w = 0; w < k->count; w++) {
        uint32_t n = k->workers[w].count;
        kd_log_check *checks = kd_alloc(sizeof(*checks) * (n + 1));
        for (uint32_t i = 0; i < n; i++) checks[i] = keeper_look_up(k, p++);
        kd_worker_assign(&k->workers[w], checks, n);
    }
}

/* `answered` false: no broker answers, so the ends become unknown. The old ends would give a lag that is long out of date. */
static void keeper_look_up_ends(kd_keeper *k, bool answered)
{
    int64_t low, high;
    for (uint32_t p = 0; p < k->settings->partitions; p++) {
        answered = answered && k->reader && !keeper_stopping(k) &&
                   kd_kafka_reader_watermarks(k->reader, k->settings->likes_topic, p, WATERMARK_MS, &low,
                                              &high) == KD_OK;
        kd_tenure *t = kd_worker_tenure(&k->workers[p % k->count], p);
        __atomic_store_n(&t->log_high, answered ? high : -1, __ATOMIC_RELAXED);
    }
}

static void *keeper_run(void *arg)
{
    kd_keeper *k = arg;
    pthread_setname_np(pthread_self(), "central-keeper");
    keeper_open_watch(k);
    if (!keeper_ensure_topics(k)) return NULL;
    keeper_open_reader(k);
    keeper_hand_over(k);
    bool answered = keeper_ask_kafka(k, WATCH_MS);
    keeper_look_up_ends(k, answered);
    while (!keeper_stopping(k)) {
        if (keeper_rest(k, answered ? ROUND_MS : WATCH_AGAIN_MS) && keeper_ensure_topics(k))
            for (uint32_t w = 0; w < k->count; w++) kd_worker_rejoin(&k->workers[w]);
        if (keeper_stopping(k)) break;
        answered = keeper_ask_kafka(k, WATCH_MS);
        keeper_look_up_ends(k, answered);
    }
    return NULL;
}

static void keeper_note_positions(kd_keeper *k)
{
    position *p = k->positions;
    for (uint32_t w = 0; w < k->count; w++) {
        for (uint32_t i = 0; i < k->workers[w].count; i++, p++) {
            const kd_tenure *t = &k->workers[w].tenures[i];
            p->partition = t->partition;
            p->known = kd_central_log_position(t->core, &p->offset);
        }
    }
}

int kd_keeper_create(kd_keeper **out, const kd_central_settings *settings, kd_worker *workers, uint32_t count)
{
    kd_keeper *k = kd_alloc(sizeof(*k));
    *k = (kd_keeper){.settings = settings, .workers = workers, .count = count};
    k->positions = kd_alloc(sizeof(position) * settings->partitions);
    kd_topics_retry_init(&k->retry);
    randombytes_buf(&k->random, sizeof(k->random));
    keeper_note_positions(k);
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->wake, NULL);
    if (pthread_create(&k->thread, NULL, keeper_run, k) == 0) {
        *out = k;
        return KD_OK;
    }
    pthread_cond_destroy(&k->wake);
    pthread_mutex_destroy(&k->lock);
    free(k->positions);
    free(k);
    *out = NULL;
    return KD_EIO;
}

static void keeper_raise(kd_keeper *k, bool *flag)
{
    pthread_mutex_lock(&k->lock);
    *flag = true;
    pthread_cond_signal(&k->wake);
    pthread_mutex_unlock(&k->lock);
}

void kd_keeper_topics_gone(kd_keeper *k)
{
    keeper_raise(k, &k->gone);
}

bool kd_keeper_kafka_up(const kd_keeper *k)
{
    return kd_metric_get(&k->kafka_up) != 0;
}

void kd_keeper_stop(kd_keeper *k)
{
    if (!k || k->joined) return;
    keeper_raise(k, &k->stopping);
    pthread_join(k->thread, NULL);
    k->joined = true;
}

void kd_keeper_destroy(kd_keeper *k)
{
    if (!k) return;
    kd_keeper_stop(k);
    kd_kafka_reader_destroy(k->reader);
    kd_kafka_reach_close(&k->reach);
    pthread_cond_destroy(&k->wake);
    pthread_mutex_destroy(&k->lock);
    free(k->positions);
    free(k);
}
