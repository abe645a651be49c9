/* app_drain.c - SIGTERM: requests end, then workers, then the others are told, then the process. */
#include "central/io/daemon/app.h"
#include "central/io/daemon/fail.h"
#include "common/io/loop/log.h"

enum { HTTP_SHARE = 2 }; /* requests may take 1 / this of drain_timeout */

/* On the thread of the members. */
static void app_drain_parted(void *arg)
{
    kd_central_app *app = arg;
    kd_loop_stop(app->loop);
}

/* All workers have drained: what this member led is for others now. */
static void app_drain_stop(void *arg)
{
    kd_central_app *app = arg;
    if (app->membership)
        kd_membership_part(app->membership, app_drain_parted, app);
    else
        kd_loop_stop(app->loop);
}

void kd_central_app_worker_drained(void *arg, kd_worker *worker)
{
    kd_central_app *app = arg;
    (void)worker;
    kd_countdown_report(&app->undrained);
}

/* Everything that was acknowledged to Kafka or to edges is in the stores, so ending now loses nothing. But while a read is in work its request cannot
 * be freed, as a worker may write into it: then the process ends at once. */
static void app_drain_on_deadline(void *arg)
{
    kd_central_app *app = arg;
    KD_LOG(KD_WARN, "drain-cut-short",
           KD_U64("workers_drained", app->started - kd_countdown_left(&app->undrained)));
    if (app->api.open > 0)
        kd_fail_stop(KD_EXIT_FAILED, "drain-failed", UINT32_MAX, "a worker did not answer");
    kd_loop_stop(app->loop);
}

/* All requests are answered or cut off. A worker that still has a read in work ends that before it drains: its inbox is in order. */
static void app_drain_workers(void *arg)
{
    kd_central_app *app = arg;
    kd_keeper_stop(app->keeper);
    for (uint32_t i = 0; i < app->started; i++) kd_worker_drain(&app->workers[i]);
}

void kd_central_app_drain_init(kd_central_app *app)
{
    kd_timer_init(&app->deadline, app->loop, app_drain_on_deadline, app);
    kd_countdown_init(&app->undrained, app->loop, app_drain_stop, app);
}

void kd_central_app_drain(void *arg)
{
    kd_central_app *app = arg;
    KD_LOG(KD_INFO, "draining");
    kd_notify("STOPPING=1");
    app->draining = true;
    if (app->membership) kd_membership_leave(app->membership);
    kd_seed_giver_end(app->giver);
    kd_countdown_begin(&app->undrained, app->started);
    kd_timer_set(&app->deadline, app->settings.drain_timeout_us);
    kd_http_server_drain(app->http, app_drain_workers, app,
                         (uint32_t)(app->settings.drain_timeout_us / 1000 / HTTP_SHARE));
}
