/*
 * drain.c - see the header. Time is bounded twice: the servers cut what is left at the deadline, and when
 * even then a shard does not report (a disk that hangs), the process ends without it, with code 1. What was
 * acknowledged is in the stores in any case.
 */
#include "edge/io/daemon/drain.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/io/daemon/log.h"
#include "edge/io/shard/shard.h"

enum { FAIL_TIMEOUT_US = 1000 * 1000, GRACE_US = 3 * 1000 * 1000 };

/* A shard's report, posted to the main loop. */
typedef struct {
    kd_post post;
    kd_edge_app *app;
} kd_report;

static void stop(kd_edge_app *app)
{
    app->drain.state = KD_DRAIN_STOP;
    kd_timer_cancel(&app->drain.patience);
    kd_loop_stop(app->loop);
}

static void flush_post(kd_post *post)
{
    kd_shard_flush(KD_CONTAINER(post, kd_shard, drain.flush));
}

static void begin_flush(kd_edge_app *app)
{
    kd_drain *d = &app->drain;
    uint64_t now = kd_clock_mono_us();
    d->state = KD_DRAIN_FLUSH;
    d->left = app->shard_count;
    for (uint32_t i = 0; i < app->shard_count; i++) {
        app->shards[i]->drain.flush.fn = flush_post;
        kd_loop_post(app->shards[i]->loop, &app->shards[i]->drain.flush);
    }
    kd_timer_set(&d->patience, d->deadline_us > now ? d->deadline_us - now : 1);
}

static void drain_on_report(kd_post *post)
{
    kd_report *report = KD_CONTAINER(post, kd_report, post);
    kd_edge_app *app = report->app;
    free(report);
    if (app->drain.state == KD_DRAIN_STOP || --app->drain.left > 0) return;
    if (app->drain.state == KD_DRAIN_REQUESTS)
        begin_flush(app);
    else
        stop(app);
}

void kd_drain_report(kd_shard *s)
{
    kd_report *report = kd_alloc(sizeof *report);
    report->post.fn = drain_on_report;
    report->app = s->app;
    kd_loop_post(s->app->loop, &report->post);
}

static void on_patience(void *arg)
{
    kd_edge_app *app = arg;
    if (app->drain.state == KD_DRAIN_FLUSH) {
        KD_LOG(KD_WARN, "drain-incomplete", KD_U64("shards", app->drain.left));
        stop(app);
        return;
    }
    KD_LOG(KD_ERROR, "drain-hangs", KD_U64("shards", app->drain.left));
    _exit(KD_EXIT_FAILED);
}

static void drain_on_drained(void *arg)
{
    kd_shard *s = arg;
    s->drain.drained = true;
    kd_shard_wake(s);
}

static void begin_post(kd_post *post)
{
    kd_shard *s = KD_CONTAINER(post, kd_shard, drain.begin);
    uint64_t now = kd_clock_mono_us(), deadline = s->app->drain.deadline_us;
    uint32_t left_ms = deadline > now ? (uint32_t)((deadline - now) / 2000) : 0;
    kd_http_server_drain(s->server, drain_on_drained, s, KD_MAX(left_ms, 1));
}

void kd_drain_begin(kd_edge_app *app, uint64_t timeout_us)
{
    kd_drain *d = &app->drain;
    if (d->state != KD_DRAIN_NO) return;
    KD_LOG(KD_INFO, "draining", KD_U64("timeout_ms", timeout_us / 1000));
    kd_notify("STOPPING=1");
    d->state = KD_DRAIN_REQUESTS;
    d->left = app->shard_count;
    d->deadline_us = kd_clock_mono_us() + timeout_us;
    kd_timer_set(&d->patience, timeout_us + GRACE_US);
    for (uint32_t i = 0; i < app->shard_count; i++) {
        app->shards[i]->drain.begin.fn = begin_post;
        kd_loop_post(app->shards[i]->loop, &app->shards[i]->drain.begin);
    }
}

static void on_fail(kd_post *post)
{
    kd_edge_app *app = KD_CONTAINER(post, kd_edge_app, drain.fail);
    app->exit_code = app->drain.fail_code;
    kd_drain_begin(app, FAIL_TIMEOUT_US);
}

void kd_drain_fail(kd_edge_app *app, int code, const char *event, const char *cause)
{
    kd_drain *d = &app->drain;
    if (__atomic_exchange_n(&d->fail_posted, 1, __ATOMIC_ACQ_REL)) return;
    d->fail_code = code;
    snprintf(d->fail_reason, sizeof d->fail_reason, "%s: %s", event, cause);
    kd_loop_post(app->loop, &app->drain.fail);
}

void kd_drain_init(kd_edge_app *app)
{
    app->drain.fail.fn = on_fail;
    kd_timer_init(&app->drain.patience, app->loop, on_patience, app);
}

void kd_drain_finish(kd_edge_app *app)
{
    kd_timer_finish(&app->drain.patience);
}
