/* app_drain.c - SIGTERM and SIGHUP. */
#include "central/io/daemon/app.h"
#include "central/io/daemon/fail.h"
#include "common/io/daemon/log.h"
#include "common/io/daemon/reload.h"

#include <stdlib.h>

enum { HTTP_SHARE = 2 }; /* the part of the drain's time that requests may take is 1 / this */

typedef struct {
    kd_post post;
    kd_central_app *app;
} drained_post;

static void count_drained(kd_post *post)
{
    drained_post *p = KD_CONTAINER(post, drained_post, post);
    kd_central_app *app = p->app;
    free(p);
    if (++app->drained == app->started) kd_loop_stop(app->loop);
}

/* On a worker's thread. */
void kd_central_app_worker_drained(void *arg, kd_worker *worker)
{
    kd_central_app *app = arg;
    drained_post *p = kd_alloc(sizeof(*p));
    (void)worker;
    *p = (drained_post){.post.fn = count_drained, .app = app};
    kd_loop_post(app->loop, &p->post);
}

/* The time is up. Everything acknowledged to Kafka or edges is in the stores: ending now loses nothing. */
void kd_central_app_deadline(void *arg)
{
    kd_central_app *app = arg;
    KD_LOG(KD_WARN, "drain-cut-short", KD_U64("workers_drained", app->drained));
    if (app->api.open > 0)
        kd_fail_stop(KD_EXIT_FAILED, "drain-failed", UINT32_MAX, "a worker did not answer");
    kd_loop_stop(app->loop);
}

/* The requests are answered, or cut off; a worker that still works on one answers it before it drains. */
static void http_drained(void *arg)
{
    kd_central_app *app = arg;
    kd_keeper_stop(app->keeper);
    for (uint32_t i = 0; i < app->started; i++) kd_worker_drain(&app->workers[i]);
}

void kd_central_app_drain(void *arg)
{
    kd_central_app *app = arg;
    KD_LOG(KD_INFO, "draining");
    kd_notify("STOPPING=1");
    app->draining = true;
    kd_timer_set(&app->deadline, app->settings.drain_timeout_us);
    kd_http_server_drain(app->http, http_drained, app,
                         (uint32_t)(app->settings.drain_timeout_us / 1000 / HTTP_SHARE));
}

/* The workers first: what is asked of them from now on may be of a new counter. */
static void take_over_names(kd_central_app *app, const kd_central_settings *fresh)
{
    kd_central_settings *mine = &app->settings;
    bool counters = kd_reload_counters(&mine->counters, &fresh->counters);
    bool edges = kd_reload_list("central", "edges", &mine->edges, &fresh->edges);
    if (counters || edges)
        for (uint32_t i = 0; i < app->started; i++) kd_worker_redeclare(&app->workers[i]);
    kd_reload_list("api", "collections", &mine->collections, &fresh->collections);
}

/* Each option that needs a restart. */
static bool tell_fixed(const kd_central_app *app, const kd_central_settings *fresh)
{
    bool any = false;
    for (const kd_option *o = NULL;
         (o = kd_options_fixed_change(&kd_central_options, &app->settings, fresh, o)) != NULL; any = true)
        KD_LOG(KD_ERROR, "reload-refused", KD_STR("section", o->section), KD_STR("key", o->key),
               KD_STR("cause", "this option needs a restart; the old configuration stays"));
    return any;
}

static void app_drain_take_over(kd_central_app *app, const kd_central_settings *fresh)
{
    if (tell_fixed(app, fresh)) return;
    app->settings.log_level = fresh->log_level;
    kd_log_set_level((kd_log_level)fresh->log_level);
    take_over_names(app, fresh);
    KD_LOG(KD_INFO, "reloaded");
}

void kd_central_app_reload(void *arg)
{
    kd_central_app *app = arg;
    char error[KD_OPTIONS_ERROR_MAX];
    kd_central_settings fresh;
    kd_notify_reloading();
    int rc = kd_command_reload(app->command, &kd_central_options, &fresh, error);
    bool loaded = rc == KD_OK;
    if (loaded) rc = kd_central_settings_check(&fresh, error);
    if (rc == KD_OK)
        app_drain_take_over(app, &fresh);
    else
        KD_LOG(KD_ERROR, "reload-refused", KD_STR("cause", error));
    if (loaded) kd_options_finish(&kd_central_options, &fresh);
    kd_reload_tls(app->tls);
    kd_notify("READY=1");
}
