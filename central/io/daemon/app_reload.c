/* app_reload.c - SIGHUP: what of the configuration that was read again is taken over. */
#include "central/io/daemon/app.h"
#include "common/io/daemon/reload.h"
#include "common/io/http/server/access_log.h"
#include "common/io/loop/log.h"

/* A counter that was taken away by a restart, and comes back as another one, is refused as at a start. */
static bool app_reload_counters_fit(const kd_central_app *app, const kd_counters *fresh)
{
    char error[KD_OPTIONS_ERROR_MAX];
    for (uint32_t i = 0; i < app->started; i++)
        for (uint32_t n = 0; n < app->workers[i].count; n++) {
            if (kd_tenure_counters_fit(&app->workers[i].tenures[n], fresh, error) == KD_OK) continue;
            KD_LOG(KD_ERROR, "reload-refused", KD_STR("section", "counters"), KD_STR("cause", error));
            return false;
        }
    return true;
}

/* Workers learn of new counters and edges before they get a request that names one: this thread posts both, and an inbox keeps the order. */
static void app_reload_add_names(kd_central_app *app, const kd_central_settings *fresh)
{
    kd_central_settings *mine = &app->settings;
    bool lacks = kd_counters_lacks(&fresh->counters, &mine->counters) != NULL; /* is refused by name below */
    bool counters = (lacks || app_reload_counters_fit(app, &fresh->counters)) &&
                    kd_reload_counters(&mine->counters, &fresh->counters);
    bool edges = kd_reload_list("central", "edges", &mine->edges, &fresh->edges);
    if (counters || edges)
        for (uint32_t i = 0; i < app->started; i++) kd_worker_redeclare(&app->workers[i]);
    kd_reload_list("api", "collections", &mine->collections, &fresh->collections);
    kd_openapi_page_finish(&app->api.description);
}

/* Logs each changed option that needs a restart; true when there is one. */
static bool app_reload_tell_fixed(const kd_central_app *app, const kd_central_settings *fresh)
{
    bool any = false;
    for (const kd_option *o = NULL;
         (o = kd_options_fixed_change(&kd_central_options, &app->settings, fresh, o)) != NULL; any = true)
        KD_LOG(KD_ERROR, "reload-refused", KD_STR("section", o->section), KD_STR("key", o->key),
               KD_STR("cause", "this option needs a restart; the old configuration stays"));
    return any;
}

/* Takes over what is logged, and names that were added; nothing where an option was changed that needs a restart. */
static void app_reload_take_over(void *arg, const void *config)
{
    kd_central_app *app = arg;
    const kd_central_settings *fresh = config;
    if (app_reload_tell_fixed(app, fresh)) return;
    app->settings.log_level = fresh->log_level;
    kd_log_set_level((kd_log_level)fresh->log_level);
    kd_access_log_set(fresh->log_access, fresh->log_access_max);
    if (app->settings.record_keys)
        kd_record_keys_accept_unsigned(app->settings.record_keys, fresh->accept_unsigned);
    app_reload_add_names(app, fresh);
    KD_LOG(KD_INFO, "reloaded");
}

static int app_reload_check(const void *config, char *error)
{
    return kd_central_settings_check(config, error);
}

void kd_central_app_reload(void *arg)
{
    kd_central_app *app = arg;
    kd_central_settings fresh;
    const kd_central_settings *s = &app->settings;
    kd_access *access = &app->api.access;
    kd_central_stale_metrics *stale = &app->stale;
    const kd_reload_file files[] = {
        kd_reload_tls(app->tls, &stale->tls),
        kd_reload_keys("kafka.keys_file", kd_record_keys_file(s->record_keys), &stale->keys),
        kd_reload_keys("visitors.keys_file", app->visitor_keys, &stale->visitor_keys),
        kd_reload_tokens("http.operator_token_file", s->operator_token_file, &access->operator_tokens,
                         &stale->operator_tokens),
        kd_reload_tokens("http.edge_token_file", s->edge_token_file, &access->edge_tokens,
                         &stale->edge_tokens),
        kd_reload_tokens("admin.token_file", s->admin_token_file, &app->admin.tokens, &stale->admin_tokens)};
    const kd_reload reload = {.command = app->command,
                              .options = &kd_central_options,
                              .fresh = &fresh,
                              .arg = app,
                              .check = app_reload_check,
                              .take_over = app_reload_take_over,
                              .files = files,
                              .file_count = KD_COUNT(files)};
    kd_jwt_source_reload(app->jwt);
    kd_reload_run(&reload);
}
