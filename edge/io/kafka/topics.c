/*
 * topics.c - see the header. The check blocks, so it has a loop of its own; a wrong number of partitions
 * found there, after the start, ends the process like one found at the start.
 */
#include "edge/io/kafka/topics.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/io/daemon/ending.h"
#include "common/io/daemon/log.h"
#include "common/io/daemon/outage.h"
#include "edge/io/shard/shard.h"

enum { LATER_TIMEOUT_MS = 2000 };
_Static_assert((int)LATER_TIMEOUT_MS < (int)KD_ENDING_CALL_MS,
               "a stop that comes during a check waits for it");
/* Whether a broker answers is asked for all the time. One slow answer is no outage. */
enum { WATCH_US = 2000 * 1000, WATCH_AGAIN_US = 500 * 1000, WATCH_TIMEOUT_MS = 1500 };
_Static_assert((int)WATCH_TIMEOUT_MS < (int)KD_ENDING_CALL_MS,
               "a stop that comes during a question waits for it");

/* Tells a shard; one per shard, posted to its loop. */
typedef struct {
    kd_post post;
    kd_shard *shard;
} kd_tiding;

struct kd_topics {
    kd_edge_app *app;
    kd_loop *loop;
    kd_timer timer;
    kd_post recheck;
    int recheck_posted; /* atomic */
    uint64_t delay_ms, random;
    bool told; /* the shards have been */
    bool stopped;
    char said[KD_OPTIONS_ERROR_MAX]; /* why the topics are not ready, as the log has it */
    kd_kafka_watch *watch;
    kd_timer watch_timer;
    kd_outage outage;
    kd_tiding tidings[KD_SHARDS_MAX];
};

static void log_line(void *arg, int severity, const char *text)
{
    (void)arg;
    if (severity <= 3)
        KD_LOG(KD_WARN, "kafka", KD_STR("text", text));
    else
        KD_LOG(KD_DEBUG, "kafka", KD_STR("text", text));
}

static int topics_ensure(const kd_edge_app *app, uint32_t timeout_ms, char *error)
{
    const kd_settings *set = &app->settings;
    kd_kafka_topic topics[] = {
        {.name = set->likes_topic, .retention_ms = (int64_t)(set->likes_retention_us / 1000)},
        {.name = set->counts_topic, .retention_ms = (int64_t)(set->counts_retention_us / 1000)},
    };
    for (size_t i = 0; i < KD_COUNT(topics); i++) {
        topics[i].partitions = (uint32_t)set->partitions;
        topics[i].replication = (uint16_t)set->replication;
    }
    const kd_kafka_config kafka = kd_settings_kafka(set, log_line);
    return kd_kafka_ensure_topics(&kafka, topics, KD_COUNT(topics), timeout_ms, error, KD_OPTIONS_ERROR_MAX);
}

static bool hopeless(int err)
{
    return err == KD_EMISMATCH || err == KD_EINVAL;
}

int kd_topics_check(kd_edge_app *app, char *error)
{
    int err = topics_ensure(app, (uint32_t)(app->settings.start_timeout_us / 1000), error);
    return err == KD_OK || hopeless(err) ? err : KD_EUNAVAILABLE;
}

/* On the shard's loop. */
static void on_tiding(kd_post *post)
{
    kd_shard *s = KD_CONTAINER(post, kd_tiding, post)->shard;
    const kd_kafka_config kafka = kd_settings_kafka(&s->app->settings, log_line);
    if (kd_sender_start(s, &kafka) != KD_OK || kd_counts_reader_start(s, &kafka) != KD_OK)
        kd_drain_fail(s->app, KD_EXIT_FAILED, "kafka-not-started",
                      "a client could not be made, the lines before say why");
    kd_shard_wake(s);
}

static void topics_tell(kd_topics *t)
{
    if (t->told) return;
    t->told = true;
    for (uint32_t i = 0; i < t->app->shard_count; i++) {
        t->tidings[i].post.fn = on_tiding;
        t->tidings[i].shard = t->app->shards[i];
        kd_loop_post(t->app->shards[i]->loop, &t->tidings[i].post);
    }
}

static void look_again(kd_topics *t)
{
    kd_timer_set(&t->timer, 1000 * kd_kafka_again_ms(&t->delay_ms, &t->random));
}

static void topics_on_timer(void *arg)
{
    kd_topics *t = arg;
    char error[KD_OPTIONS_ERROR_MAX] = "";
    int err = topics_ensure(t->app, LATER_TIMEOUT_MS, error);
    if (err == KD_OK) {
        t->delay_ms = 0;
        t->said[0] = '\0';
        KD_LOG(KD_INFO, "kafka-topics-ready");
        topics_tell(t);
        return;
    }
    if (hopeless(err) || strcmp(error, t->said) != 0)
        KD_LOG(hopeless(err) ? KD_ERROR : KD_WARN, "kafka-topics-not-ready", KD_STR("cause", error));
    snprintf(t->said, sizeof t->said, "%s", error);
    if (hopeless(err)) {
        kd_drain_fail(t->app, KD_EXIT_USAGE, "kafka-topics-not-ready", error);
        return;
    }
    look_again(t);
}

static void on_watch(void *arg)
{
    kd_topics *t = arg;
    kd_reason reason;
    const char *cause;
    bool answered = kd_kafka_watch_ask(t->watch, WATCH_TIMEOUT_MS, &reason, &cause) == KD_OK;
    if (!answered) kd_metric_add(&t->app->reach.kafka.of[reason], 1);
    if (answered)
        kd_outage_answered(&t->outage);
    else
        kd_outage_failed(&t->outage, reason, cause);
    kd_timer_set(&t->watch_timer, answered ? WATCH_US : WATCH_AGAIN_US);
}

static int watch_create(kd_topics *t)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    const kd_kafka_config kafka = kd_settings_kafka(&t->app->settings, log_line);
    int err = kd_kafka_watch_create(&t->watch, &kafka, error, sizeof error);
    if (err) {
        KD_LOG(KD_ERROR, "kafka-watch-failed", KD_STR("cause", error));
        return err;
    }
    t->outage = (kd_outage){.began = "kafka-unreachable", .over = "kafka-reachable", .up = &t->app->kafka_up};
    kd_timer_init(&t->watch_timer, t->loop, on_watch, t);
    kd_timer_set(&t->watch_timer, 1);
    return KD_OK;
}

static void on_recheck(kd_post *post)
{
    kd_topics *t = KD_CONTAINER(post, kd_topics, recheck);
    __atomic_store_n(&t->recheck_posted, 0, __ATOMIC_RELEASE);
    if (!t->stopped && !kd_timer_armed(&t->timer)) look_again(t);
}

void kd_topics_recheck(kd_topics *t)
{
    if (__atomic_exchange_n(&t->recheck_posted, 1, __ATOMIC_ACQ_REL) == 0) kd_loop_post(t->loop, &t->recheck);
}

int kd_topics_create(kd_edge_app *app, bool ready)
{
    kd_topics *t = kd_alloc(sizeof *t);
    t->app = app;
    t->recheck.fn = on_recheck;
    t->random = kd_clock_mono_us();
    app->topics = t;
    if (kd_loop_create(&t->loop, "topics") != KD_OK) return KD_EIO;
    kd_timer_init(&t->timer, t->loop, topics_on_timer, t);
    int err = watch_create(t);
    if (err) return err;
    if (!ready)
        kd_outage_failed(&t->outage, KD_REASON_OTHER, NULL); /* the check at the start was a question, too */
    if (ready)
        topics_tell(t);
    else
        look_again(t);
    return kd_loop_start(t->loop);
}

void kd_topics_stop(kd_topics *t)
{
    if (!t || !t->loop) return;
    kd_loop_stop(t->loop);
    kd_loop_join(t->loop);
    t->stopped = true;
}

/* A recheck that was posted after the stop runs in kd_loop_destroy. */
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
