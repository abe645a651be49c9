/* app_drain.c - SIGTERM: the drain; SIGHUP: the configuration is read again. */
#include "central/io/daemon/app.h"
#include "central/io/daemon/fail.h"
#include "common/io/loop/log.h"
#include "common/io/daemon/reload.h"

#include <stdlib.h>

enum { HTTP_SHARE = 2 }; /* requests may take 1 / this of drain_timeout */

typedef struct {
    kd_post post;
    kd_central_app *app;
} drained_post;

static void app_drain_count(kd_post *post)
{
    drained_post *p = KD_CONTAINER(post, drained_post, post);
    kd_central_app *app = p->app;
    free(p);
    if (++app->drained == app->started) kd_loop_stop(app->loop);
}

void kd_central_app_worker_drained(void *arg, kd_worker *worker)
{
    kd_central_app *app = arg;
    drained_post *p = kd_alloc(sizeof(*p));
    (void)worker;
    *p = (drained_post){.post.fn = app_drain_count, .app = app};
    kd_loop_post(app->loop, &p->post);
}

/* Everything that was acknowledged to Kafka or to edges is in the stores, so ending now loses nothing. But while a read is in work its request cannot
 * be freed, as a worker may write into it: then the process ends at once. */
void kd_central_app_deadline(void *arg)
{
    kd_central_app *app = arg;
    KD_LOG(KD_WARN, "drain-cut-short", KD_U64("workers_drained", app->drained));
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

void kd_central_app_drain(void *arg)
{
    kd_central_app *app = arg;
    KD_LOG(KD_INFO, "draining");
    kd_notify("STOPPING=1");
    app->draining = true;
    kd_timer_set(&app->deadline, app->settings.drain_timeout_us);
    kd_http_server_drain(app->http, app_drain_workers, app,
                         (uint32_t)(app->settings.drain_timeout_us / 1000 / HTTP_SHARE));
}

/* Counters and edges reach the workers before a request names them: what this thread posts later stands behind it in their inboxes. */
static void app_drain_add_names(kd_central_app *app, const kd_central_settings *fresh)
{
    kd_central_settings *mine = &app->settings;
    bool counters = kd_reload_counters(&mine->counters, &fresh->counters);
    bool edges = kd_reload_list("central", "edges", &mine->edges, &fresh->edges);
    if (counters || edges)
        for (uint32_t i = 0; i < app->started; i++) kd_worker_redeclare(&app->workers[i]);
    kd_reload_list("api", "collections", &mine->collections, &fresh->collections);
}

/* Logs each changed option that needs a restart; true when there is one. */
static bool app_drain_tell_fixed(const kd_central_app *app, const kd_central_settings *fresh)
{
    bool any = false;
    for (const kd_option *o = NULL;
         (o = kd_options_fixed_change(&kd_central_options, &app->settings, fresh, o)) != NULL; any = true)
        KD_LOG(KD_ERROR, "reload-refused", KD_STR("section", o->section), KD_STR("key", o->key),
               KD_STR("cause", "this option needs a restart; the old configuration stays"));
    return any;
}

static void app_drain_apply(kd_central_app *app, const kd_central_settings *fresh)
{
    if (app_drain_tell_fixed(app, fresh)) return;
    app->settings.log_level = fresh->log_level;
    kd_log_set_level((kd_log_level)fresh->log_level);
    app_drain_add_names(app, fresh);
    KD_LOG(KD_INFO, "reloaded");
}

void kd_central_app_reload(void *arg)
{
    kd_central_app *app = arg;
    char error[KD_OPTIONS_ERROR_MAX];
    kd_central_settings fresh;
    kd_notify_reloading();
    int err = kd_command_reload(app->command, &kd_central_options, &fresh, error);
    bool loaded = err == KD_OK;
    if (loaded) err = kd_central_settings_check(&fresh, error);
    if (err == KD_OK)
        app_drain_apply(app, &fresh);
    else
        KD_LOG(KD_ERROR, "reload-refused", KD_STR("cause", error));
    if (loaded) kd_options_finish(&kd_central_options, &fresh);
    kd_reload_tls(app->tls);
    kd_notify("READY=1");
}
