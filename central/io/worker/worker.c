/* worker.c - see the header: create, start, publish, drain, destroy. worker_consume.c reads, worker_roles.c changes roles, worker_measure.c measures. */
#include "central/io/worker/worker_internal.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/io/worker/kafka_log.h"
#include "common/io/loop/clock.h"
#include "common/io/daemon/ending.h"
#include "common/io/loop/log.h"

enum { REFRESH_US = 250000, PUBLISH_MIN_US = 1000, REJOIN_MIN_US = 200000, REJOIN_MAX_US = 5000000 };

static void worker_delivered(void *arg, void *opaque, bool ok)
{
    kd_worker *w = arg;
    kd_tenure_delivered(opaque, ok, kd_random_next(&w->random));
}

static void worker_check_drained(kd_worker *w)
{
    if (!w->draining || w->drained_told) return;
    bool all = true;
    for (uint32_t i = 0; i < w->count; i++) all = kd_tenure_drained(&w->tenures[i]) && all;
    if (!all) return;
    w->drained_told = true;
    w->events.drained(w->events.arg, w);
}

static void worker_run_publish(void *arg)
{
    kd_worker *w = arg;
    uint64_t now = kd_clock_mono_us(), when = UINT64_MAX;
    for (uint32_t i = 0; i < w->count; i++) when = KD_MIN(when, kd_tenure_publish(&w->tenures[i], now));
    kd_timer_set(&w->publish, when > now + PUBLISH_MIN_US ? when - now : PUBLISH_MIN_US);
    /* The core learns that a snapshot is delivered when the next one is made. Only then its redo goes, and reading may go on. */
    kd_worker_regulate(w);
    worker_check_drained(w);
}

static void worker_producer_ready(void *arg)
{
    kd_worker *w = arg;
    for (uint32_t i = 0; i < w->count; i++) kd_publisher_retry_now(&w->tenures[i].publisher);
    worker_run_publish(w);
}

static void worker_producer_reset(void *arg, const char *cause, bool plain)
{
    (void)arg;
    KD_LOG(KD_WARN, "producer-reset", KD_STR("cause", cause), KD_BOOL("plain", plain));
}

static int worker_create_producer(kd_worker *w, char *error)
{
    const char *topics[KD_TOPICS];
    const kd_kafka_config kafka = kd_central_kafka(w->settings, kd_central_kafka_log);
    const kd_kafka_producer_events events = {worker_delivered, worker_producer_reset, worker_producer_ready,
                                             w};
    kd_central_topics(w->settings, topics);
    return kd_kafka_producer_create(&w->producer, kd_loop_base(w->loop), &kafka, topics, KD_TOPICS, &events,
                                    error, KD_OPTIONS_ERROR_MAX);
}

static void worker_settled(void *arg)
{
    kd_worker *w = arg;
    kd_worker_regulate(w);
    worker_check_drained(w);
    if (kd_central_in_group(w->settings))
        kd_timer_set(&w->roles, 0); /* not from within a call of the tenure */
}

static void worker_run_roles(void *arg)
{
    kd_worker_run_roles(arg);
}

/* A member of a group follows what it has, until it is told to lead. */
static int worker_open_tenure(kd_worker *w, kd_tenure *t, bool anew, char *error)
{
    bool group = kd_central_in_group(w->settings);
    bool held = !group || kd_tenure_is_stored(w->settings->data_dir, t->partition);
    t->settled = worker_settled;
    t->arg = w;
    return held ? kd_tenure_open(t, anew && !group, group || w->settings->role == KD_ROLE_FOLLOWER, error)
                : KD_OK;
}

static int worker_open_tenures(kd_worker *w, bool anew, char *error)
{
    uint32_t workers = (uint32_t)w->settings->workers, partitions = (uint32_t)w->settings->partitions;
    w->tenures = kd_alloc(sizeof(kd_tenure) * (partitions / workers + 1));
    w->parts = kd_alloc(sizeof(kd_worker_part) * (partitions / workers + 1));
    for (uint32_t p = w->index; p < partitions; p += workers) {
        kd_tenure *t = &w->tenures[w->count];
        kd_tenure_init(t, w->settings, &w->declared, p, w->loop, &w->metrics);
        int err = worker_open_tenure(w, t, anew, error);
        if (err != KD_OK) return err;
        w->count++;
    }
    return KD_OK;
}

static void worker_run_refresh(void *arg)
{
    kd_worker *w = arg;
    kd_worker_measure(w);
    kd_worker_run_roles(w);
    kd_worker_tell(w, false);
    kd_timer_set(&w->refresh, REFRESH_US);
}

int kd_worker_create(kd_worker *w, const kd_central_settings *settings, uint32_t index, bool anew,
                     const kd_worker_events *events, char *error)
{
    char name[16];
    *w = (kd_worker){.index = index,
                     .settings = settings,
                     .events = *events,
                     .rejoin_backoff = {.min_us = REJOIN_MIN_US, .max_us = REJOIN_MAX_US},
                     .created_us = kd_clock_mono_us()};
    w->declared = (kd_declared){settings->counters, kd_strings_copy(&settings->edges)};
    kd_edge_ages_init(&w->edge_ages, &w->declared.edges);
    randombytes_buf(&w->random, sizeof(w->random));
    snprintf(name, sizeof(name), "central-%u", index);
    if (kd_loop_create(&w->loop, name) != KD_OK) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "worker %u: no event loop", index);
        return KD_EIO;
    }
    kd_timer_init(&w->publish, w->loop, worker_run_publish, w);
    kd_timer_init(&w->refresh, w->loop, worker_run_refresh, w);
    kd_timer_init(&w->rejoin, w->loop, kd_worker_run_rejoin, w);
    kd_timer_init(&w->roles, w->loop, worker_run_roles, w);
    int err = worker_open_tenures(w, anew, error);
    if (err == KD_OK && settings->role == KD_ROLE_LEADER) err = worker_create_producer(w, error);
    return err;
}

static void worker_on_start(kd_post *post)
{
    kd_worker_post *p = KD_CONTAINER(post, kd_worker_post, post);
    kd_worker *w = p->worker;
    free(p);
    for (uint32_t i = 0; i < w->count; i++) kd_tenure_begin(&w->tenures[i]);
    worker_run_refresh(w);
}

int kd_worker_start(kd_worker *w)
{
    int err = kd_loop_start(w->loop);
    if (err == KD_OK) kd_worker_send(w, worker_on_start);
    return err;
}

typedef struct {
    kd_post post;
    kd_worker *worker;
    kd_declared declared;
} kd_redeclare_post;

static void worker_on_redeclare(kd_post *post)
{
    kd_redeclare_post *p = KD_CONTAINER(post, kd_redeclare_post, post);
    kd_worker *w = p->worker;
    kd_strings old = w->declared.edges;
    w->declared = p->declared;
    kd_edge_ages_name(&w->edge_ages, &w->declared.edges);
    for (uint32_t i = 0; i < w->count; i++)
        if (w->tenures[i].core) kd_tenure_redeclare(&w->tenures[i]);
    kd_strings_finish(&old);
    free(p);
}

void kd_worker_redeclare(kd_worker *w)
{
    kd_redeclare_post *p = kd_alloc(sizeof(*p));
    p->worker = w;
    p->post.fn = worker_on_redeclare;
    p->declared = (kd_declared){w->settings->counters, kd_strings_copy(&w->settings->edges)};
    kd_loop_post(w->loop, &p->post);
}

static void worker_on_drain(kd_post *post)
{
    kd_worker_post *p = KD_CONTAINER(post, kd_worker_post, post);
    kd_worker *w = p->worker;
    free(p);
    w->draining = true;
    if (w->consumer && !w->paused) kd_kafka_consumer_pause(w->consumer);
    w->paused = true;
    kd_timer_cancel(&w->rejoin);
    kd_timer_cancel(&w->roles);
    for (uint32_t i = 0; i < w->count; i++) kd_tenure_commit(&w->tenures[i]);
    worker_check_drained(w);
}

void kd_worker_drain(kd_worker *w)
{
    kd_worker_send(w, worker_on_drain);
}

void kd_worker_stop(kd_worker *w)
{
    kd_loop_stop(w->loop);
    kd_loop_join(w->loop);
}

void kd_worker_destroy(kd_worker *w)
{
    kd_edge_ages_finish(&w->edge_ages);
    if (!w->loop) return;
    kd_ending_at(KD_ENDING_KAFKA);
    kd_kafka_consumer_destroy(w->consumer);
    kd_kafka_producer_destroy(w->producer, 0); /* 0: the drain has waited for outstanding records */
    kd_ending_at(KD_ENDING_DISK);
    for (uint32_t i = 0; i < w->count; i++) kd_tenure_close(&w->tenures[i]);
    kd_timer_finish(&w->publish);
    kd_timer_finish(&w->refresh);
    kd_timer_finish(&w->rejoin);
    kd_timer_finish(&w->roles);
    kd_loop_destroy(w->loop);
    free(w->tenures);
    free(w->parts);
    kd_strings_finish(&w->declared.edges);
    w->loop = NULL;
}
