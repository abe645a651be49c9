/* app.c - start and end of the program; app.h has their order. */
#include "central/io/daemon/app.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/io/backup/restore.h"
#include "central/io/daemon/settings_member.h"
#include "common/io/daemon/connections.h"
#include "common/io/daemon/daemon.h"
#include "common/io/daemon/listening.h"
#include "common/io/http/peer.h"
#include "common/io/http/server/access_log.h"
#include "common/io/http/server/http_tls_options.h"
#include "common/io/loop/log.h"

static void app_topics_gone(void *arg)
{
    const kd_central_app *app = arg;
    kd_keeper_topics_gone(app->keeper);
}

static void app_holds(void *arg, uint32_t partition, const kd_members_own *own)
{
    const kd_central_app *app = arg;
    if (app->membership) kd_membership_hold(app->membership, partition, own);
}

static void app_look(void *arg, uint32_t partition, bool known, int64_t offset)
{
    const kd_central_app *app = arg;
    kd_keeper_look(app->keeper, partition, known, offset);
}

static void app_seed(void *arg, uint32_t partition, kd_seed_want want)
{
    const kd_central_app *app = arg;
    if (app->taker) kd_seed_taker_want(app->taker, partition, want);
}

static void app_placed(void *arg, uint32_t partition, bool ok)
{
    const kd_central_app *app = arg;
    kd_seed_taker_placed(app->taker, partition, ok);
}

static void app_wanted_back(void *arg, uint32_t partition)
{
    const kd_central_app *app = arg;
    if (app->giver) kd_seed_giver_let_go(app->giver, partition);
}

static void app_topics_ready(void *arg)
{
    const kd_central_app *app = arg;
    if (app->membership) kd_membership_begin(app->membership);
}

static int app_alone(void *arg, char *who, size_t size)
{
    const kd_central_app *app = arg;
    return app->membership ? kd_membership_alone(app->membership, who, size) : KD_OK;
}

static int app_open_workers(kd_central_app *app, char *error)
{
    const kd_worker_events events = {.arg = app,
                                     .topics_gone = app_topics_gone,
                                     .drained = kd_central_app_worker_drained,
                                     .holds = app_holds,
                                     .look = app_look,
                                     .seed = app_seed,
                                     .placed = app_placed,
                                     .wanted_back = app_wanted_back};
    uint32_t workers = (uint32_t)app->settings.workers;
    int awaited = kd_restore_awaited(app->settings.data_dir, error);
    if (awaited != KD_OK) return awaited;
    bool anew = kd_tenure_begins_anew(app->settings.data_dir);
    app->workers = kd_alloc(sizeof(kd_worker) * workers);
    for (uint32_t i = 0; i < workers; i++) {
        app->opened = i + 1;
        int err = kd_worker_create(&app->workers[i], &app->settings, i, anew, &events, error);
        if (err != KD_OK) return err;
    }
    return KD_OK;
}

/* A worker has a producer and a consumer, and so have the members; the keeper asks Kafka, too. One partition at a time is copied from another member. */
static kd_http_door *app_open_door(kd_central_app *app)
{
    const kd_central_settings *s = &app->settings;
    const uint64_t copies = kd_central_in_group(s);
    kd_descriptors d = {.stores = s->partitions + copies,
                        .clients = 2 * s->workers + 3 + copies,
                        .connections = s->max_connections,
                        .connections_per_address = s->max_connections_per_address};
    return app->door = kd_connections_open(&d, (uint32_t)s->max_new_per_address, &app->room);
}

static int app_open_http(kd_central_app *app, char *error)
{
    const kd_central_settings *s = &app->settings;
    kd_http_config config;
    kd_http_config_init(&config);
    config.door = app_open_door(app);
    config.max_requests_per_address = (uint32_t)s->max_requests_per_address;
    config.max_buffered_bytes = s->max_held;
    config.max_held_per_address = s->max_held_per_address;
    config.max_held_per_connection = s->max_held_per_connection;
    config.begin = kd_api_begin;
    config.tls_required = s->tls_required;
    if (s->tls_certificate) {
        const kd_http_tls_options tls = KD_HTTP_TLS_OF(s);
        if (kd_http_tls_create(&app->tls, &tls, error, KD_OPTIONS_ERROR_MAX) != KD_OK) return KD_EINVAL;
        config.tls = app->tls;
    }
    int err = kd_api_init(&app->api, s, app->loop, app->workers, error);
    if (err != KD_OK) return err;
    kd_peer_warn_forwarded(s->forwarded, &app->api.access.operators);
    err = kd_jwt_source_create(&app->jwt, &s->jwt, app->loop, error);
    if (err != KD_OK) return err;
    if (app->jwt)
        app->api.access.jwt = kd_jwt_gate_create(kd_jwt_source_ring(app->jwt), kd_jwt_source_budget(app->jwt),
                                                 &s->jwt, s->jwt.cache_max);
    err = kd_visitor_keys_create(&app->visitor_keys, s->visitor_keys_file, error);
    if (err != KD_OK) return err;
    app->api.access.visitors.keys = app->visitor_keys;
    config.trusted = &app->api.access.operators;
    config.forwarded = (kd_http_forwarded)s->forwarded;
    config.proxy_peers = s->proxy_protocol ? &app->api.balancers : NULL;
    err = kd_http_server_create(&app->http, kd_loop_base(app->loop), &config, kd_api_handle, &app->api);
    if (err != KD_OK) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "http: the limits make no sense together");
        return err;
    }
    return kd_listen(app->http, &s->listen, error);
}

static int app_open_admin(kd_central_app *app, char *error)
{
    kd_admin_hooks hooks = kd_central_app_admin_hooks;
    hooks.arg = app;
    const kd_central_settings *s = &app->settings;
    const kd_admin_options options = {&s->admin, s->admin_socket, s->admin_socket_mode, s->admin_token_file};
    int err = kd_admin_ports_open(&app->admin, app->loop, &options, &hooks, error);
    if (err == KD_OK) app->api.admin_port = kd_admin_port(app->admin.port);
    return err;
}

static bool app_leader(void *arg, uint32_t partition, kd_buf *url)
{
    return kd_membership_leader(arg, partition, url);
}

/* Before the workers' threads, which speak of both. */
static int app_open_seeding(kd_central_app *app, char *error)
{
    const kd_central_settings *s = &app->settings;
    if (!app->membership || s->seed_rate == 0) return KD_OK;
    int err = kd_seed_giver_create(&app->giver, s, app->workers, app->loop, error);
    app->api.giver = app->giver;
    if (err != KD_OK || !kd_central_in_group(s)) return err;
    err = kd_seed_taker_create(&app->taker, s, app->membership, app->workers, error);
    app->api.seeding = (kd_members_seeding){app->taker, kd_seed_taker_progress};
    kd_membership_set_seeding(app->membership, &app->api.seeding);
    return err;
}

static int app_start_threads(kd_central_app *app, char *error)
{
    const kd_keeper_events events = {app, app_topics_ready, app_alone};
    int err = KD_OK;
    if (app->settings.role == KD_ROLE_LEADER)
        err = kd_membership_create(&app->membership, &app->settings, app->workers, error);
    if (app->membership)
        app->api.leaders = (kd_api_leaders){app->membership, app->settings.advertise, app_leader};
    if (err == KD_OK) err = app_open_seeding(app, error);
    app->jobs = kd_jobs_create(&app->settings, app->workers, app->membership);
    app->acts = kd_jobs_create(&app->settings, app->workers, app->membership);
    if (err == KD_OK)
        err = kd_keeper_create(&app->keeper, &app->settings, app->workers, app->opened, &events);
    for (uint32_t i = 0; err == KD_OK && i < app->opened; i++) {
        err = kd_worker_start(&app->workers[i]);
        app->started += err == KD_OK;
    }
    if (err == KD_OK && app->membership) err = kd_membership_start(app->membership);
    if (err == KD_OK && app->taker) err = kd_seed_taker_start(app->taker);
    if (err != KD_OK) snprintf(error, KD_OPTIONS_ERROR_MAX, "no threads could be started");
    return err;
}

static int app_load_keys(kd_central_settings *s, char *error)
{
    if (!s->keys_file) return KD_OK;
    int err = kd_record_keys_create(&s->record_keys, s->keys_file, NULL, error, KD_OPTIONS_ERROR_MAX);
    if (err == KD_OK) kd_record_keys_accept_unsigned(s->record_keys, s->accept_unsigned);
    return err;
}

static int app_start(void *arg, char *error)
{
    kd_central_app *app = arg;
    const kd_signal_hooks hooks = {app, kd_central_app_drain, kd_central_app_reload};
    snprintf(error, KD_OPTIONS_ERROR_MAX, "no event loop");
    KD_ASSERT(sodium_init() >= 0);
    int err = kd_loop_create(&app->loop, "central");
    if (err == KD_OK) err = kd_signals_create(&app->signals, app->loop, &hooks);
    if (err != KD_OK) return err;
    kd_central_app_drain_init(app);
    err = app_load_keys(&app->settings, error);
    if (err == KD_OK) err = app_open_workers(app, error);
    if (err == KD_OK) err = app_open_http(app, error);
    if (err == KD_OK) err = app_open_admin(app, error);
    if (err == KD_OK) err = app_start_threads(app, error);
    return err;
}

/* Jobs and copies end first, as they ask workers. The keeper is stopped before the workers, and destroyed after them: until then a worker may tell it that
 * topics have gone. */
static void app_finish(void *arg)
{
    kd_central_app *app = arg;
    kd_jobs_destroy(app->jobs);
    kd_jobs_destroy(app->acts);
    kd_seed_giver_destroy(app->giver);
    kd_seed_taker_stop(app->taker);
    kd_keeper_stop(app->keeper);
    kd_membership_stop(app->membership);
    for (uint32_t i = 0; i < app->started; i++) kd_worker_stop(&app->workers[i]);
    kd_membership_destroy(app->membership);
    kd_keeper_destroy(app->keeper);
    for (uint32_t i = 0; i < app->opened; i++) kd_worker_destroy(&app->workers[i]);
    kd_seed_taker_destroy(app->taker);
    kd_admin_ports_close(&app->admin);
    kd_http_server_destroy(app->http);
    kd_http_door_destroy(app->door);
    kd_http_tls_destroy(app->tls);
    kd_api_finish(&app->api);
    kd_jwt_source_destroy(app->jwt);
    kd_key_file_destroy(app->visitor_keys);
    kd_signals_destroy(app->signals);
    if (app->deadline.event) kd_timer_finish(&app->deadline);
    kd_loop_destroy(app->loop);
    free(app->workers);
    kd_record_keys_destroy(app->settings.record_keys);
    kd_options_finish(&kd_central_options, &app->settings);
}

static kd_loop *app_started(void *arg)
{
    const kd_central_app *app = arg;
    const char *advice = kd_settings_advise_member(&app->settings);
    if (advice) KD_LOG(KD_WARN, "advertise-unset", KD_STR("cause", advice));
    KD_LOG(KD_INFO, "central-started", KD_STR("name", kd_central_name(&app->settings)),
           KD_U64("partitions", app->settings.partitions), KD_U64("workers", app->settings.workers),
           KD_U64("port", kd_http_server_port(app->http)),
           KD_U64("admin_port", kd_admin_port(app->admin.port)));
    return app->loop;
}

/* The drain is the only end that comes here: a failure ends the process at once (fail.h). A drain that was cut short has lost nothing, so it is 0 as well. */
static int app_stopped(void *arg)
{
    (void)arg;
    KD_LOG(KD_INFO, "central-stopped");
    return KD_EXIT_OK;
}

int kd_central_app_run(const kd_command *command, kd_central_settings *settings)
{
    static const kd_daemon central = {.program = "kudos-central",
                                      .start = app_start,
                                      .started = app_started,
                                      .finish = app_finish,
                                      .stopped = app_stopped};
    kd_central_app app = {.command = command, .settings = *settings};
    kd_access_log_set(settings->log_access, settings->log_access_max);
    return kd_daemon_run(&central, &app, (kd_log_level)settings->log_level);
}
