/*
 * drain.c - see the header. Requests get half of the time; then the servers cut those that are left. At the deadline the main loop stops without the
 * shards that have not flushed. A shard that has not even reported its requests GRACE_US after the deadline hangs: the process ends at once, with
 * code 1. What was acknowledged is in the stores in any case.
 */
#include "edge/io/daemon/drain.h"

#include <unistd.h>

#include "common/io/loop/log.h"
#include "edge/io/shard/shard.h"
#include "edge/io/shard/shard_drain.h"

enum { FAIL_TIMEOUT_US = 1000 * 1000, GRACE_US = 3 * 1000 * 1000 };

static void drain_stop(kd_edge_app *app)
{
    app->drain.state = KD_DRAIN_STOP;
    kd_timer_cancel(&app->drain.patience);
    kd_loop_stop(app->loop);
}

static void drain_begin_flush(kd_edge_app *app)
{
    kd_drain *d = &app->drain;
    uint64_t now = kd_clock_mono_us();
    d->state = KD_DRAIN_FLUSH;
    kd_countdown_begin(&d->shards, app->shard_count);
    for (uint32_t i = 0; i < app->shard_count; i++) kd_shard_drain_flush(app->shards[i]);
    kd_timer_set(&d->patience, d->deadline_us > now ? d->deadline_us - now : 1);
}

/* All shards have reported the present step. The last reports of a flush may come after the deadline has ended it. */
static void drain_on_step_done(void *arg)
{
    kd_edge_app *app = arg;
    if (app->drain.state == KD_DRAIN_REQUESTS)
        drain_begin_flush(app);
    else if (app->drain.state == KD_DRAIN_FLUSH)
        drain_stop(app);
}

void kd_drain_report(kd_shard *s)
{
    kd_countdown_report(&s->app->drain.shards);
}

static void drain_begin(kd_edge_app *app, uint64_t timeout_us)
{
    kd_drain *d = &app->drain;
    if (d->state > KD_DRAIN_ANNOUNCED) return;
    KD_LOG(KD_INFO, "draining", KD_U64("timeout_ms", timeout_us / 1000));
    kd_notify("STOPPING=1");
    d->state = KD_DRAIN_REQUESTS;
    kd_countdown_begin(&d->shards, app->shard_count);
    d->deadline_us = kd_clock_mono_us() + timeout_us;
    kd_timer_set(&d->patience, timeout_us + GRACE_US);
    for (uint32_t i = 0; i < app->shard_count; i++) kd_shard_drain_begin(app->shards[i], d->deadline_us);
}

static void drain_on_patience(void *arg)
{
    kd_edge_app *app = arg;
    if (app->drain.state == KD_DRAIN_ANNOUNCED) {
        drain_begin(app, app->settings.drain_timeout_us);
        return;
    }
    if (app->drain.state == KD_DRAIN_FLUSH) {
        KD_LOG(KD_WARN, "drain-incomplete", KD_U64("shards", kd_countdown_left(&app->drain.shards)));
        drain_stop(app);
        return;
    }
    KD_LOG(KD_ERROR, "drain-hangs", KD_U64("shards", kd_countdown_left(&app->drain.shards)));
    _exit(KD_EXIT_FAILED);
}

void kd_drain_announce(kd_edge_app *app)
{
    kd_drain *d = &app->drain;
    if (d->state != KD_DRAIN_NO) return;
    d->state = KD_DRAIN_ANNOUNCED;
    KD_LOG(KD_INFO, "drain-announced", KD_U64("delay_ms", app->settings.drain_delay_us / 1000));
    kd_timer_set(&d->patience, app->settings.drain_delay_us);
}

static void drain_on_failure(kd_post *post)
{
    kd_edge_app *app = KD_CONTAINER(post, kd_edge_app, failure.post);
    app->exit_code = app->failure.code;
    drain_begin(app, FAIL_TIMEOUT_US);
}

void kd_drain_init(kd_edge_app *app)
{
    kd_failure_init(&app->failure, app->loop, drain_on_failure);
    kd_countdown_init(&app->drain.shards, app->loop, drain_on_step_done, app);
    kd_timer_init(&app->drain.patience, app->loop, drain_on_patience, app);
}

void kd_drain_finish(kd_edge_app *app)
{
    kd_timer_finish(&app->drain.patience);
}
