/*
 * topics.c - see the header. A topic with another number of partitions than configured cannot be mended while edges run: found after the start, it
 * ends the process with the same exit code as at the start.
 */
#include "edge/io/kafka/topics.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/io/daemon/ending.h"
#include "common/io/loop/log.h"
#include "common/io/daemon/kafka_reach.h"
#include "common/io/daemon/options_file.h"
#include "common/io/daemon/topic_copies.h"
#include "common/io/daemon/topics_retry.h"
#include "common/io/loop/clock.h"

enum { LATER_TIMEOUT_MS = 2000 };
_Static_assert((int)LATER_TIMEOUT_MS < (int)KD_ENDING_CALL_MS,
               "a stop that comes during a check waits for it");
/* The question whether a broker answers: how long after an answer, and after a failure, it is asked again; and how long it waits. */
enum { WATCH_US = 2000 * 1000, WATCH_AGAIN_US = 500 * 1000, WATCH_TIMEOUT_MS = 1500 };
_Static_assert((int)WATCH_TIMEOUT_MS < (int)KD_ENDING_CALL_MS,
               "a stop that comes during a question waits for it");

struct kd_topics {
    kd_topics_options options;
    kd_kafka_config kafka;
    kd_loop *loop;
    kd_timer timer; /* the next check of the topics; not armed while they are fine */
    kd_post recheck;
    int recheck_posted; /* atomic: `recheck` is in the inbox and must not be posted twice */
    kd_topics_retry retry;
    uint64_t random;
    bool told; /* options.ready was called */
    bool stopped;
    kd_kafka_reach reach;
    kd_timer reach_timer; /* the next question; set up once `reach` is open */
};

/* librdkafka's own lines: an error or a worse one (syslog severity 3 and below) is our warning, everything else is for debugging. */
static void topics_log_kafka(void *arg, int severity, const char *text)
{
    (void)arg;
    if (severity <= 3)
        KD_LOG(KD_WARN, "kafka", KD_STR("text", text));
    else
        KD_LOG(KD_DEBUG, "kafka", KD_STR("text", text));
}

static int topics_ensure(const kd_settings *set, uint32_t timeout_ms, char *error)
{
    kd_kafka_topic topics[] = {
        {.name = set->likes_topic, .retention_ms = (int64_t)(set->likes_retention_us / 1000)},
        {.name = set->counts_topic, .retention_ms = (int64_t)(set->counts_retention_us / 1000)},
    };
    for (size_t i = 0; i < KD_COUNT(topics); i++) {
        topics[i].partitions = (uint32_t)set->partitions;
        topics[i].replication = (uint16_t)set->replication;
    }
    const kd_kafka_config kafka = kd_settings_kafka(set, topics_log_kafka);
    int err =
        kd_kafka_ensure_topics(&kafka, topics, KD_COUNT(topics), timeout_ms, error, KD_OPTIONS_ERROR_MAX);
    if (err == KD_OK) kd_topic_copies_tell(topics, KD_COUNT(topics));
    return err;
}

int kd_topics_check(const kd_settings *settings, char *error)
{
    int err = topics_ensure(settings, (uint32_t)(settings->start_timeout_us / 1000), error);
    return err == KD_OK || kd_topics_hopeless(err) ? err : KD_EUNAVAILABLE;
}

static void topics_tell(kd_topics *t)
{
    if (t->told) return;
    t->told = true;
    t->options.ready(t->options.arg);
}

static void topics_look_again(kd_topics *t)
{
    kd_timer_set(&t->timer, kd_topics_retry_wait_us(&t->retry, kd_random_next(&t->random)));
}

static void topics_on_timer(void *arg)
{
    kd_topics *t = arg;
    char error[KD_OPTIONS_ERROR_MAX] = "";
    bool news;
    int err = topics_ensure(t->options.settings, LATER_TIMEOUT_MS, error);
    kd_topics_verdict verdict = kd_topics_retry_take(&t->retry, err, error, &news);
    bool hopeless = verdict == KD_TOPICS_HOPELESS;
    if (news) KD_LOG(hopeless ? KD_ERROR : KD_WARN, "kafka-topics-not-ready", KD_STR("cause", error));
    if (hopeless) kd_failure_tell(t->options.failure, KD_EXIT_USAGE, "kafka-topics-not-ready", error);
    if (verdict == KD_TOPICS_WAIT) topics_look_again(t);
    if (verdict != KD_TOPICS_READY) return;
    KD_LOG(KD_INFO, "kafka-topics-ready");
    topics_tell(t);
}

static void topics_on_reach(void *arg)
{
    kd_topics *t = arg;
    bool answered = kd_kafka_reach_ask(&t->reach, WATCH_TIMEOUT_MS);
    kd_timer_set(&t->reach_timer, answered ? WATCH_US : WATCH_AGAIN_US);
}

static int topics_open_reach(kd_topics *t)
{
    int err = kd_kafka_reach_open(&t->reach, &t->kafka, t->options.up, t->options.errors);
    if (err) return err;
    kd_timer_init(&t->reach_timer, t->loop, topics_on_reach, t);
    kd_timer_set(&t->reach_timer, 1);
    return KD_OK;
}

static void topics_on_recheck(kd_post *post)
{
    kd_topics *t = KD_CONTAINER(post, kd_topics, recheck);
    __atomic_store_n(&t->recheck_posted, 0, __ATOMIC_RELEASE);
    if (!t->stopped && !kd_timer_armed(&t->timer)) topics_look_again(t);
}

void kd_topics_recheck(kd_topics *t)
{
    if (__atomic_exchange_n(&t->recheck_posted, 1, __ATOMIC_ACQ_REL) == 0) kd_loop_post(t->loop, &t->recheck);
}

const kd_kafka_config *kd_topics_kafka(const kd_topics *t)
{
    return &t->kafka;
}

int kd_topics_create(kd_topics **out, const kd_topics_options *options, bool checked)
{
    kd_topics *t = kd_alloc(sizeof *t);
    t->options = *options;
    t->kafka = kd_settings_kafka(options->settings, topics_log_kafka);
    t->recheck.fn = topics_on_recheck;
    kd_topics_retry_init(&t->retry);
    t->random = kd_clock_mono_us();
    *out = t;
    if (kd_loop_create(&t->loop, "topics") != KD_OK) return KD_EIO;
    kd_timer_init(&t->timer, t->loop, topics_on_timer, t);
    int err = topics_open_reach(t);
    if (err) return err;
    if (checked) {
        topics_tell(t);
    } else {
        kd_kafka_reach_unanswered(&t->reach); /* the check at the start */
        topics_look_again(t);
    }
    return kd_loop_start(t->loop);
}

void kd_topics_stop(kd_topics *t)
{
    if (!t || !t->loop) return;
    kd_loop_stop(t->loop);
    kd_loop_join(t->loop);
    t->stopped = true;
}

/* A recheck that a shard posted after the stop runs in kd_loop_destroy, where `stopped` keeps it from arming a timer that is gone. */
void kd_topics_destroy(kd_topics *t)
{
    if (!t) return;
    kd_kafka_reach_close(&t->reach);
    kd_timer_finish(&t->reach_timer);
    if (t->loop) {
        kd_timer_finish(&t->timer);
        kd_loop_destroy(t->loop);
    }
    free(t);
}
