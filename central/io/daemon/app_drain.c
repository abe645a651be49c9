/* app_drain.c - the two signals: SIGTERM drains, SIGHUP reads the configuration again. */
#include "central/io/daemon/app.h"
#include "central/io/daemon/fail.h"
#include "common/io/loop/log.h"
#include "common/io/daemon/reload.h"

enum { HTTP_SHARE = 2 }; /* requests may take 1 / this of drain_timeout */

static void app_drain_stop(void *arg)
{
    kd_central_app *app = arg;
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
    kd_countdown_begin(&app->undrained, app->started);
    kd_timer_set(&app->deadline, app->settings.drain_timeout_us);
    kd_http_server_drain(app->http, app_drain_workers, app,
                         (uint32_t)(app->settings.drain_timeout_us / 1000 / HTTP_SHARE));
}

/* Workers learn of new counters and edges before they get a request that names one: this thread posts both, and an inbox keeps the order. */
static void app_drain_add_names(kd_central_app *app, const kd_central_settings *fresh)
{
    kd_central_settings *mine = &app->settings;
    bool counters = kd_reload_counters(&mine->counters, &fresh->counters);
    bool edges = kd_reload_list("central", "edges", &mine->edges, &fresh->edges);
    if (counters || edges)
        for (uint32_t i = 0; i < app->started; i++) kd_worker_redeclare(&app->workers[i]);
    kd_reload_list("api", "collections", &mine->collections, &fresh->collections);
}

/* A file that cannot be used leaves its old tokens good. */
static void app_drain_read_tokens(kd_central_app *app)
{
    char error[KD_OPTIONS_ERROR_MAX];
    kd_admin_ports_reload(&app->admin, app->settings.admin_token_file);
    if (kd_access_reload(&app->api.access, error) != KD_OK)
        KD_LOG(KD_ERROR, "tokens-kept", KD_STR("cause", error));
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

/* Takes over the log level, and names that were added; nothing where an option was changed that needs a restart. */
static void app_drain_take_over(void *arg, const void *config)
{
    kd_central_app *app = arg;
    const kd_central_settings *fresh = config;
    if (app_drain_tell_fixed(app, fresh)) return;
    app->settings.log_level = fresh->log_level;
    kd_log_set_level((kd_log_level)fresh->log_level);
    if (app->settings.record_keys)
        kd_record_keys_accept_unsigned(app->settings.record_keys, fresh->accept_unsigned);
    app_drain_read_tokens(app);
    app_drain_add_names(app, fresh);
    KD_LOG(KD_INFO, "reloaded");
}

static int app_drain_check(const void *config, char *error)
{
    return kd_central_settings_check(config, error);
}

void kd_central_app_reload(void *arg)
{
    kd_central_app *app = arg;
    kd_central_settings fresh;
    const kd_reload reload = {.command = app->command,
                              .options = &kd_central_options,
                              .fresh = &fresh,
                              .arg = app,
                              .check = app_drain_check,
                              .take_over = app_drain_take_over,
                              .tls = app->tls,
                              .keys = app->settings.record_keys};
    kd_reload_run(&reload);
}
