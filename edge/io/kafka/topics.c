/*
 * topics.c - see the header. A topic with another number of partitions than configured cannot be mended while edges run: found after the start, it
 * ends the process with the same exit code as at the start.
 */
#include "edge/io/kafka/topics.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/io/daemon/ending.h"
#include "common/io/loop/log.h"
#include "common/io/daemon/options_file.h"
#include "common/io/daemon/outage.h"
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
    int recheck_posted;        /* atomic: `recheck` is in the inbox and must not be posted twice */
    uint64_t delay_ms, random; /* of kd_kafka_again_ms */
    bool told;                 /* options.ready was called */
    bool stopped;
    char said[KD_OPTIONS_ERROR_MAX]; /* the last cause that was logged, so that it is logged once */
    kd_kafka_watch *watch;
    kd_timer watch_timer;
    kd_outage outage;
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
    return kd_kafka_ensure_topics(&kafka, topics, KD_COUNT(topics), timeout_ms, error, KD_OPTIONS_ERROR_MAX);
}

/* Waiting does not help: the topics or the configuration must be changed by an operator. */
static bool topics_hopeless(int err)
{
    return err == KD_EMISMATCH || err == KD_EINVAL;
}

int kd_topics_check(const kd_settings *settings, char *error)
{
    int err = topics_ensure(settings, (uint32_t)(settings->start_timeout_us / 1000), error);
    return err == KD_OK || topics_hopeless(err) ? err : KD_EUNAVAILABLE;
}

static void topics_tell(kd_topics *t)
{
    if (t->told) return;
    t->told = true;
    t->options.ready(t->options.arg);
}

static void topics_look_again(kd_topics *t)
{
    kd_timer_set(&t->timer, 1000 * kd_kafka_again_ms(&t->delay_ms, &t->random));
}

static void topics_on_timer(void *arg)
{
    kd_topics *t = arg;
    char error[KD_OPTIONS_ERROR_MAX] = "";
    int err = topics_ensure(t->options.settings, LATER_TIMEOUT_MS, error);
    if (err == KD_OK) {
        t->delay_ms = 0;
        t->said[0] = '\0';
        KD_LOG(KD_INFO, "kafka-topics-ready");
        topics_tell(t);
        return;
    }
    if (topics_hopeless(err) || strcmp(error, t->said) != 0)
        KD_LOG(topics_hopeless(err) ? KD_ERROR : KD_WARN, "kafka-topics-not-ready", KD_STR("cause", error));
    snprintf(t->said, sizeof t->said, "%s", error);
    if (topics_hopeless(err)) {
        kd_failure_tell(t->options.failure, KD_EXIT_USAGE, "kafka-topics-not-ready", error);
        return;
    }
    topics_look_again(t);
}

static void on_watch(void *arg)
{
    kd_topics *t = arg;
    kd_reason reason;
    const char *cause;
    bool answered = kd_kafka_watch_ask(t->watch, WATCH_TIMEOUT_MS, &reason, &cause) == KD_OK;
    if (!answered) kd_metric_add(&t->options.errors->of[reason], 1);
    if (answered)
        kd_outage_answered(&t->outage);
    else
        kd_outage_failed(&t->outage, reason, cause);
    kd_timer_set(&t->watch_timer, answered ? WATCH_US : WATCH_AGAIN_US);
}

static int watch_create(kd_topics *t)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    int err = kd_kafka_watch_create(&t->watch, &t->kafka, error, sizeof error);
    if (err) {
        KD_LOG(KD_ERROR, "kafka-watch-failed", KD_STR("cause", error));
        return err;
    }
    t->outage = (kd_outage){.began = "kafka-unreachable", .over = "kafka-reachable", .up = t->options.up};
    kd_timer_init(&t->watch_timer, t->loop, on_watch, t);
    kd_timer_set(&t->watch_timer, 1);
    return KD_OK;
}

static void on_recheck(kd_post *post)
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
    t->recheck.fn = on_recheck;
    t->random = kd_clock_mono_us();
    *out = t;
    if (kd_loop_create(&t->loop, "topics") != KD_OK) return KD_EIO;
    kd_timer_init(&t->timer, t->loop, topics_on_timer, t);
    int err = watch_create(t);
    if (err) return err;
    if (!checked)
        kd_outage_failed(&t->outage, KD_REASON_OTHER,
                         NULL); /* the check at the start was an unanswered question */
    if (checked)
        topics_tell(t);
    else
        topics_look_again(t);
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
    kd_kafka_watch_destroy(t->watch);
    if (t->watch) kd_timer_finish(&t->watch_timer);
    if (t->loop) {
        kd_timer_finish(&t->timer);
        kd_loop_destroy(t->loop);
    }
    free(t);
}
