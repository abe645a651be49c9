/*
 * keeper.c - see the header. `lock` guards `stopping`, `gone` and `looks`, which other threads set; `kafka_up` is atomic. All else belongs to the keeper's
 * thread once it runs.
 */
#include "central/io/worker/keeper.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "central/io/daemon/fail.h"
#include "central/io/worker/kafka_log.h"
#include "central/io/worker/worker_internal.h"
#include "common/io/loop/clock.h"
#include "common/io/daemon/ending.h"
#include "common/io/loop/log.h"
#include "common/io/daemon/kafka_reach.h"
#include "common/io/daemon/options_file.h"
#include "common/io/daemon/topic_copies.h"
#include "common/io/daemon/topics_retry.h"
#include "common/base/metrics.h"

/* How long each call waits for Kafka, and how long the thread rests between its rounds. */
enum {
    ENSURE_MS = 5000,    /* a look for the topics */
    READ_MS = 3000,      /* the record at one log position */
    READ_TRIES = 3,      /* of such a record */
    RENEW_TRIES = 8,     /* in vain, after which another client tries */
    AGAIN_MS = 50,       /* at least, between two tries; up to four times that */
    WATERMARK_MS = 1000, /* the ends of one partition */
    ROUND_MS = 5000,     /* the rest while a broker answers */
    WATCH_MS = 2000,     /* the question whether a broker answers */
    WATCH_BRIEF_MS =
        100, /* the same right after a look for the topics that failed: it mostly fetches the reason */
    WATCH_AGAIN_MS = 1000,         /* the rest while no broker answers */
    ALONE_MS = 100,                /* the rest while members that may have the state are listened for */
    MEMBERS_RETENTION_MS = 600000, /* nobody reads a heartbeat later than some seconds after it was written */
    TOPICS = KD_TOPICS + 1,        /* those of the workers, and that of the members */
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

/* A store that a worker has opened; a list, newest first. */
typedef struct look {
    struct look *next;
    position at;
} look;

struct kd_keeper {
    kd_keeper_events events;
    const kd_central_settings *settings;
    kd_worker *workers;
    uint32_t count;
    position *positions; /* in the order of workers and their tenures */
    uint64_t random;
    kd_kafka_reader *reader;
    bool handed_over; /* the workers read */
    kd_kafka_reach reach;
    kd_metric kafka_up; /* any thread reads it */
    kd_topics_retry retry;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping, gone; /* the process ends; a topic has gone */
    look *looks;
    bool joined; /* used by the thread of kd_keeper_stop alone */
};

static bool keeper_stopping(kd_keeper *k)
{
    pthread_mutex_lock(&k->lock);
    bool stop = k->stopping;
    pthread_mutex_unlock(&k->lock);
    return stop;
}

static void keeper_serve(kd_keeper *k, look *looks);

/* With the lock held, which is given up meanwhile. */
static bool keeper_serves(kd_keeper *k)
{
    look *looks = k->looks;
    if (!looks || !k->handed_over) return false;
    k->looks = NULL;
    pthread_mutex_unlock(&k->lock);
    keeper_serve(k, looks);
    pthread_mutex_lock(&k->lock);
    return true;
}

/* Waits for `ms`, and serves workers meanwhile; less when a topic has gone, or at the end. True: a topic has gone, which is answered once. */
static bool keeper_rest(kd_keeper *k, uint64_t ms)
{
    const struct timespec until = kd_clock_wait_until(ms);
    pthread_mutex_lock(&k->lock);
    while (!k->stopping && !k->gone &&
           (keeper_serves(k) || pthread_cond_clockwait(&k->wake, &k->lock, CLOCK_MONOTONIC, &until) == 0))
        continue;
    bool gone = k->gone;
    k->gone = false;
    pthread_mutex_unlock(&k->lock);
    return gone;
}

static bool keeper_follows(const kd_keeper *k)
{
    return k->settings->role == KD_ROLE_FOLLOWER;
}

/* The topics that central needs, into topics[TOPICS]; returns how many. */
static size_t keeper_topics(const kd_keeper *k, kd_kafka_topic *topics)
{
    const kd_central_settings *s = k->settings;
    topics[0] =
        (kd_kafka_topic){.name = s->likes_topic, .retention_ms = (int64_t)(s->likes_retention_us / 1000)};
    topics[1] =
        (kd_kafka_topic){.name = s->counts_topic, .retention_ms = (int64_t)(s->counts_retention_us / 1000)};
    size_t n = 2;
    if (!keeper_follows(k) && s->publish_changes)
        topics[n++] = (kd_kafka_topic){.name = s->changes_topic,
                                       .retention_ms = (int64_t)(s->changes_retention_us / 1000)};
    if (!keeper_follows(k) && s->milestones.count > 0)
        topics[n++] = (kd_kafka_topic){.name = s->milestones_topic,
                                       .retention_ms = (int64_t)(s->milestones_retention_us / 1000)};
    for (size_t i = 0; i < n; i++) topics[i].partitions = (uint32_t)s->partitions;
    if (!keeper_follows(k))
        topics[n++] = (kd_kafka_topic){
            .name = s->members_topic, .partitions = 1, .retention_ms = MEMBERS_RETENTION_MS, .more = true};
    for (size_t i = 0; i < n; i++) topics[i].replication = (uint16_t)s->replication;
    return n;
}

/* A follower creates none: it looks for those that its leader has made. */
static int keeper_look_for_topics(kd_keeper *k, kd_kafka_topic *topics, size_t n, char *error)
{
    int err = KD_EUNAVAILABLE;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "no client that can ask");
    if (k->reach.watch)
        err = kd_kafka_watch_topics(k->reach.watch, topics, n, ENSURE_MS, error, KD_OPTIONS_ERROR_MAX);
    return err == KD_ENOTFOUND ? KD_EAGAIN : err;
}

static int keeper_ensure_once(kd_keeper *k, char *error)
{
    kd_kafka_topic topics[TOPICS];
    const kd_kafka_config kafka = kd_central_kafka(k->settings, kd_central_kafka_log);
    size_t n = keeper_topics(k, topics);
    if (keeper_follows(k)) return keeper_look_for_topics(k, topics, n, error);
    int err = kd_kafka_ensure_topics(&kafka, topics, n, ENSURE_MS, error, KD_OPTIONS_ERROR_MAX);
    if (err == KD_OK) kd_topic_copies_tell(topics, n);
    return err;
}

/* Without a client that can ask, central goes on: its consumers and producers still reach Kafka. */
static void keeper_open_reach(kd_keeper *k)
{
    const kd_kafka_config kafka = kd_central_kafka(k->settings, kd_central_kafka_log);
    kd_kafka_reach_open(&k->reach, &kafka, &k->kafka_up, NULL);
}

/* One look. False: the topics are not ready, and after kd_topics_retry_wait_us the caller looks again. Topics that waiting cannot mend end the
 * program, by `topics-refused`. */
static bool keeper_try_topics(kd_keeper *k)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    bool news;
    int err = keeper_ensure_once(k, error);
    kd_topics_verdict verdict = kd_topics_retry_take(&k->retry, err, error, &news);
    if (verdict == KD_TOPICS_READY) return true;
    if (verdict == KD_TOPICS_HOPELESS) kd_fail_stop(KD_EXIT_USAGE, "topics-refused", UINT32_MAX, error);
    if (news) KD_LOG(KD_WARN, "kafka-unavailable", KD_STR("cause", error));
    kd_kafka_reach_unanswered(&k->reach); /* by the look for the topics */
    kd_kafka_reach_ask(&k->reach, WATCH_BRIEF_MS);
    return false;
}

static uint64_t keeper_retry_ms(kd_keeper *k)
{
    return kd_topics_retry_wait_us(&k->retry, kd_random_next(&k->random)) / 1000;
}

/* False when the program ends meanwhile. */
static bool keeper_ensure_topics(kd_keeper *k)
{
    while (!keeper_stopping(k)) {
        if (keeper_try_topics(k)) return true;
        keeper_rest(k, keeper_retry_ms(k));
    }
    return false;
}

/* A topic that nobody reads or writes just now is missed by no worker: so the keeper looks itself. Another number of partitions counts as well, for
 * the look that follows ends the program by it. */
static bool keeper_misses_topics(kd_keeper *k)
{
    char error[KD_OPTIONS_ERROR_MAX];
    kd_kafka_topic topics[TOPICS];
    if (k->reach.watch == NULL) return false;
    size_t n = keeper_topics(k, topics);
    int err = kd_kafka_watch_topics(k->reach.watch, topics, n, WATCH_MS, error, sizeof(error));
    if (err == KD_ENOTFOUND) KD_LOG(KD_WARN, "topic-gone", KD_STR("cause", error));
    return err == KD_ENOTFOUND || err == KD_EMISMATCH;
}

/* Creates topics that have gone. True: they are all there. */
static bool keeper_mend_topics(kd_keeper *k)
{
    if (!keeper_try_topics(k)) return false;
    KD_LOG(KD_INFO, "topics-ready");
    for (uint32_t w = 0; w < k->count; w++) kd_worker_rejoin(&k->workers[w]);
    return true;
}

static void keeper_open_reader(kd_keeper *k)
{
    char error[KD_OPTIONS_ERROR_MAX];
    const kd_kafka_config kafka = kd_central_kafka(k->settings, kd_central_kafka_log);
    int err = kd_kafka_reader_create(&k->reader, &kafka, error, sizeof(error));
    if (err) KD_LOG(KD_WARN, "log-check-impossible", KD_STR("cause", error));
}

/* After brokers had died a member never began to read, though other clients of its process reached them. A client's idea of who leads a partition may be old
 * for minutes: another one asks anew. */
static void keeper_renew_reader(kd_keeper *k)
{
    kd_kafka_reader *before = k->reader;
    keeper_open_reader(k);
    if (k->reader)
        kd_kafka_reader_destroy(before);
    else
        k->reader = before;
}

/* The partition is not read meanwhile. Told after 3 tries in vain, 7, 15 and so on: a try may fail at once. */
static void keeper_tell_wait(const kd_keeper *k, uint32_t partition, uint64_t tries)
{
    if (tries < READ_TRIES || (tries & (tries + 1)) != 0) return;
    KD_LOG(KD_WARN, "log-check-waits", KD_U64("partition", partition), KD_U64("tries", tries),
           KD_STR("cause", kd_kafka_reader_error(k->reader)));
}

/* Behind `tries` that were in vain; does nothing before the first. */
static void keeper_try_again(kd_keeper *k, uint32_t partition, uint64_t tries)
{
    if (tries == 0 || keeper_stopping(k)) return;
    keeper_tell_wait(k, partition, tries);
    if (tries % RENEW_TRIES == 0) keeper_renew_reader(k);
    usleep((useconds_t)(AGAIN_MS * (1000 + kd_random_next(&k->random) % 3000)));
}

/* Asks until it is told, or the program ends. */
static void keeper_look_up_ends_of(kd_keeper *k, kd_log_check *check)
{
    const kd_central_settings *s = k->settings;
    for (uint64_t i = 0; kd_central_in_group(s) && k->reader != NULL && !keeper_stopping(k);
         keeper_try_again(k, check->partition, ++i))
        if (kd_kafka_reader_watermarks(k->reader, s->likes_topic, check->partition, READ_MS, &check->low,
                                       &check->high) == KD_OK &&
            kd_kafka_reader_watermarks(k->reader, s->counts_topic, check->partition, READ_MS,
                                       &check->counts_low, &check->counts_high) == KD_OK)
            return;
}

/* The record that the log has at this position. One that cannot be read in time counts as missing: then the partition is read from the beginning of
 * the log, which takes time but loses nothing. A follower would be lost then, so it asks until it is told. */
static kd_log_check keeper_look_up(kd_keeper *k, const position *p)
{
    kd_log_check check = {.partition = p->partition, .found = false};
    int err = KD_EAGAIN;
    bool asks_on = keeper_follows(k) || kd_central_in_group(k->settings);
    for (uint64_t i = 0; p->known && k->reader != NULL && (i < READ_TRIES || asks_on) && err != KD_OK &&
                         err != KD_ENOTFOUND && !keeper_stopping(k);
         i++) {
        keeper_try_again(k, p->partition, i);
        err = kd_kafka_reader_get(k->reader, k->settings->likes_topic, p->partition, p->offset, READ_MS,
                                  &check.record);
    }
    check.found = err == KD_OK;
    keeper_look_up_ends_of(k, &check);
    if (p->known && err != KD_OK && err != KD_ENOTFOUND && k->reader != NULL)
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
    k->handed_over = true;
}

static void keeper_serve(kd_keeper *k, look *looks)
{
    while (looks) {
        look *next = looks->next;
        const kd_log_check check = keeper_look_up(k, &looks->at);
        kd_worker_checked(&k->workers[check.partition % k->count], &check);
        free(looks);
        looks = next;
    }
}

/* ---- a central whose disk was lost, or that was started in a wrong directory ---- */

static bool keeper_stores_are_empty(const kd_keeper *k)
{
    for (uint32_t p = 0; p < k->settings->partitions; p++)
        if (k->positions[p].known) return false;
    return true;
}

static bool keeper_log_is_empty(kd_keeper *k)
{
    int64_t low, high = 0;
    for (uint32_t p = 0; p < k->settings->partitions && high == 0 && k->reader != NULL; p++)
        if (kd_kafka_reader_watermarks(k->reader, k->settings->likes_topic, p, READ_MS, &low, &high) != KD_OK)
            high = 1; /* perhaps */
    return high == 0;
}

/* Its claims would fence the one that has everything, and undo what the edges were told. With several members it would follow instead. */
static void keeper_refuses_empty(kd_keeper *k)
{
    char who[KD_NAME_MAX + KD_MEMBER_URL_MAX + 8], cause[KD_OPTIONS_ERROR_MAX];
    int err = KD_EAGAIN;
    if (kd_central_in_group(k->settings) || !k->events.alone || !keeper_stores_are_empty(k) ||
        keeper_log_is_empty(k))
        return;
    while (err == KD_EAGAIN && !keeper_stopping(k)) {
        err = k->events.alone(k->events.arg, who, sizeof(who));
        if (err == KD_EAGAIN) keeper_rest(k, ALONE_MS);
    }
    if (err != KD_EUNAVAILABLE) return;
    snprintf(cause, sizeof(cause),
             "%s is empty, and %s lives, which has the state: to follow it, set central.members; to take its "
             "place, "
             "stop it first",
             k->settings->data_dir, who);
    kd_fail_stop(KD_EXIT_USAGE, "store-empty", UINT32_MAX, cause);
}

/* Stores the end of each partition of the likes topic for the metric of the lag. After one question without an answer (`answered` false) the ends
 * count as unknown, -1: old ends would show a lag that is long out of date. */
static void keeper_look_up_ends(kd_keeper *k, bool answered)
{
    int64_t low, high;
    for (uint32_t p = 0; p < k->settings->partitions; p++) {
        answered = answered && k->reader != NULL && !keeper_stopping(k) &&
                   kd_kafka_reader_watermarks(k->reader, k->settings->likes_topic, p, WATERMARK_MS, &low,
                                              &high) == KD_OK;
        kd_tenure *t = kd_worker_tenure(&k->workers[p % k->count], p);
        __atomic_store_n(&t->log_high, answered ? high : -1, __ATOMIC_RELAXED);
    }
}

/* Round by round until the end. A topic that cannot be created is tried again with back-off, and the rest goes on meanwhile. */
static void keeper_watch(kd_keeper *k)
{
    bool answered = kd_kafka_reach_ask(&k->reach, WATCH_MS), gone = false;
    keeper_look_up_ends(k, answered);
    while (!keeper_stopping(k)) {
        uint64_t ms = gone ? keeper_retry_ms(k) : answered ? ROUND_MS : WATCH_AGAIN_MS;
        gone = keeper_rest(k, ms) || gone;
        if (keeper_stopping(k)) break;
        gone = gone || (answered && keeper_misses_topics(k));
        gone = gone && !keeper_mend_topics(k);
        if (keeper_stopping(k)) break;
        answered = kd_kafka_reach_ask(&k->reach, WATCH_MS);
        keeper_look_up_ends(k, answered);
    }
}

static void *keeper_run(void *arg)
{
    kd_keeper *k = arg;
    pthread_setname_np(pthread_self(), "central-keeper");
    keeper_open_reach(k);
    if (!keeper_ensure_topics(k)) return NULL;
    if (k->events.topics_ready) k->events.topics_ready(k->events.arg);
    keeper_open_reader(k);
    keeper_refuses_empty(k);
    keeper_hand_over(k);
    keeper_watch(k);
    return NULL;
}

static void keeper_note_positions(kd_keeper *k)
{
    position *p = k->positions;
    for (uint32_t w = 0; w < k->count; w++) {
        for (uint32_t i = 0; i < k->workers[w].count; i++, p++) {
            const kd_tenure *t = &k->workers[w].tenures[i];
            p->partition = t->partition;
            p->known = kd_tenure_held(t) && kd_central_log_position(t->core, &p->offset);
        }
    }
}

int kd_keeper_create(kd_keeper **out, const kd_central_settings *settings, kd_worker *workers, uint32_t count,
                     const kd_keeper_events *events)
{
    kd_keeper *k = kd_alloc(sizeof(*k));
    *k = (kd_keeper){.events = *events, .settings = settings, .workers = workers, .count = count};
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

static void keeper_set(kd_keeper *k, bool *flag)
{
    pthread_mutex_lock(&k->lock);
    *flag = true;
    pthread_cond_signal(&k->wake);
    pthread_mutex_unlock(&k->lock);
}

void kd_keeper_topics_gone(kd_keeper *k)
{
    keeper_set(k, &k->gone);
}

void kd_keeper_look(kd_keeper *k, uint32_t partition, bool known, int64_t offset)
{
    look *new = kd_alloc(sizeof(*new));
    new->at = (position){partition, known, offset};
    pthread_mutex_lock(&k->lock);
    new->next = k->looks;
    k->looks = new;
    pthread_cond_signal(&k->wake);
    pthread_mutex_unlock(&k->lock);
}

bool kd_keeper_kafka_up(const kd_keeper *k)
{
    return kd_metric_get(&k->kafka_up) != 0;
}

void kd_keeper_stop(kd_keeper *k)
{
    if (k == NULL || k->joined) return;
    keeper_set(k, &k->stopping);
    pthread_join(k->thread, NULL);
    k->joined = true;
}

void kd_keeper_destroy(kd_keeper *k)
{
    if (k == NULL) return;
    kd_keeper_stop(k);
    kd_kafka_reader_destroy(k->reader);
    kd_kafka_reach_close(&k->reach);
    while (k->looks) {
        look *next = k->looks->next;
        free(k->looks);
        k->looks = next;
    }
    pthread_cond_destroy(&k->wake);
    pthread_mutex_destroy(&k->lock);
    free(k->positions);
    free(k);
}
