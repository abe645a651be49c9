/*
 * main.c - kudos-edge from its configuration to its end:
 *
 *     configuration -> session key, TLS -> topics (a first look) -> stores and cores -> ports -> threads
 *     ... the main loop: signals, admin port, clock; the shards serve ...
 *     drain -> join -> free
 *
 * Whatever fails before the threads run ends with one line that names it and an exit code of the contract.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/io/daemon/connections.h"
#include "common/io/daemon/daemon.h"
#include "common/io/leveldb/leveldb_dir.h"
#include "common/io/daemon/listening.h"
#include "common/io/daemon/program.h"
#include "common/io/http/peer.h"
#include "common/io/http/server/access_log.h"
#include "common/io/http/server/http_tls_options.h"
#include "common/io/loop/log.h"
#include "common/io/daemon/reload.h"
#include "edge/io/commands/aside_command.h"
#include "edge/io/upstream/clock_file.h"
#include "edge/io/commands/compare.h"
#include "edge/io/commands/compare_command.h"
#include "edge/io/commands/shards_command.h"
#include "edge/io/daemon/health.h"
#include "edge/io/http/call.h"
#include "edge/io/http/routes.h"
#include "edge/io/shard/shard.h"
#include "edge/io/shard/shards_place.h"

/* ---- before the threads ---- */

/* Not more shards than partitions, or some would have nothing to do. */
static uint32_t edge_main_choose_shards(const kd_settings *set)
{
    if (set->shards) return (uint32_t)set->shards;
    uint32_t stored = kd_shards_laid_out(set->data_dir);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t n = stored ? stored : cores > 0 ? (uint64_t)cores : 1;
    return (uint32_t)KD_MIN(KD_MIN(n, set->partitions), (uint64_t)KD_SHARDS_MAX);
}

static int edge_main_load_keys(kd_settings *set, char *error)
{
    if (!set->keys_file) return KD_OK;
    int err =
        kd_record_keys_create(&set->record_keys, set->keys_file, set->name, error, KD_OPTIONS_ERROR_MAX);
    if (!err) kd_record_keys_accept_unsigned(set->record_keys, set->accept_unsigned);
    return err;
}

static int edge_main_init_secrets(kd_edge_app *app, char *error)
{
    const kd_settings *set = &app->settings;
    kd_cidrs_init(&app->trusted, &set->trusted_peers);
    kd_cidrs_init(&app->balancers, &set->proxy_peers);
    kd_peer_warn_forwarded(set->forwarded, &app->trusted);
    if (!set->session_secret)
        KD_LOG(KD_WARN, "session-secret-unset",
               KD_STR("cause", "http.session_secret is not set: session tokens end with this process, and "
                               "other edges refuse them"));
    int err = kd_settings_session_key(set, &app->session_key, error);
    if (!err) err = edge_main_load_keys(&app->settings, error);
    if (!err) err = kd_visitor_keys_create(&app->visitor_keys, set->visitor_keys_file, error);
    if (err || !set->tls_certificate) return err;
    const kd_http_tls_options tls = KD_HTTP_TLS_OF(set);
    return kd_http_tls_create(&app->tls, &tls, error, KD_OPTIONS_ERROR_MAX);
}

/* Each core learns of the lives (kudos/seen.h) that the stores of the other shards know: all go to the first core, and from there to each. */
static void edge_main_join_lives(kd_edge_app *app)
{
    kd_edge *first = app->shards[0]->base.edge;
    for (uint32_t i = 1; i < app->shard_count; i++)
        kd_edge_lives_join(first, kd_edge_lives(app->shards[i]->base.edge));
    for (uint32_t i = 1; i < app->shard_count; i++)
        kd_edge_lives_join(app->shards[i]->base.edge, kd_edge_lives(first));
}

/* A shard has a producer, a consumer and the clients of central; the process asks central and Kafka, too. A reload may add URLs. */
static void edge_main_open_door(kd_edge_app *app)
{
    uint64_t centrals = app->central_urls.count > 1 ? KD_CENTRALS_MAX : 1;
    kd_descriptors d = {.stores = app->shard_count,
                        .clients = (2 + centrals) * (uint64_t)app->shard_count + 1 + centrals,
                        .connections = app->settings.max_connections,
                        .connections_per_address = app->settings.max_connections_per_address};
    app->door = kd_connections_open(&d, (uint32_t)app->settings.max_new_per_address, &app->room);
}

/* From the stores of all shards, before the first request. */
static int edge_main_load_claims(kd_edge_app *app, char *error)
{
    const kd_settings *set = &app->settings;
    uint64_t seed = kd_random_next(&app->shards[0]->base.random);
    app->claims = kd_claims_create(set->idempotency_max, set->idempotency_ttl_us, seed);
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s: the idempotency keys cannot be read", set->data_dir);
    for (uint32_t i = 0; i < app->shard_count; i++) {
        int err = kd_claims_load(app->claims, app->shards[i]->base.edge);
        if (err) return err;
    }
    kd_claims_loaded(app->claims);
    return KD_OK;
}

static int edge_main_open_shards(kd_edge_app *app, char *error)
{
    int err = kd_shards_settled(app->settings.data_dir, error);
    if (err) return err;
    app->shard_count = edge_main_choose_shards(&app->settings);
    app->key_window.max = app->settings.idempotency_max;
    /* A shard directory that is missing beside others that hold rows was lost. Made anew, it would be an edge that has forgotten its outbox. */
    app->anew = !kd_leveldb_any_holds_rows(app->settings.data_dir, "shard-");
    if (getrandom(&app->life, sizeof app->life, 0) != sizeof app->life || app->life == 0)
        app->life = (uint32_t)kd_clock_mono_us() | 1;
    const kd_shard_options options = {.handle = kd_routes_handle,
                                      .begin = kd_routes_begin,
                                      .fed = kd_calls_work,
                                      .drained = kd_drain_report,
                                      .served = kd_offer_served(app->offer)};
    edge_main_open_door(app);
    kd_routes_init(&app->paths);
    app->limiter = kd_limiter_create(app->settings.users_max);
    app->live_quota =
        kd_live_quota_create(app->settings.live_max, app->settings.live_max_per_address, app->life);
    for (uint32_t i = 0; i < app->shard_count; i++)
        if ((err = kd_shard_create(&app->shards[i], app, i, &options, error))) return err;
    if ((err = kd_shards_settled(app->settings.data_dir, error))) return err;
    edge_main_join_lives(app);
    return edge_main_load_claims(app, error);
}

static int edge_main_listen(kd_edge_app *app, char *error)
{
    kd_http_server *servers[KD_SHARDS_MAX];
    for (uint32_t i = 0; i < app->shard_count; i++) servers[i] = app->shards[i]->server;
    return kd_listen_shared(servers, app->shard_count, &app->settings.listen, error);
}

/* ---- hooks of the main loop ---- */

static void edge_main_metrics(void *arg, kd_buf *out)
{
    kd_metrics_write(arg, out);
}

static int edge_main_debug(void *arg, const char *name, const char *query, kd_buf *out)
{
    (void)query;
    return kd_metrics_debug(arg, name, out);
}

static void edge_main_drain(void *arg)
{
    kd_drain_announce(arg);
}

static bool edge_main_same_list(const kd_strings *a, const kd_strings *b)
{
    return a->count == b->count && !kd_strings_lacks(a, b);
}

static void edge_main_take_origins(kd_edge_app *app, const kd_strings *fresh)
{
    kd_strings *mine = &app->settings.cors_origins;
    if (edge_main_same_list(mine, fresh)) return;
    kd_strings_finish(mine);
    *mine = kd_strings_copy(fresh);
    for (uint32_t i = 0; i < app->shard_count; i++) kd_shard_set_origins(app->shards[i], mine);
}

static void edge_main_take_centrals(kd_edge_app *app, const kd_strings *fresh)
{
    kd_strings *mine = &app->settings.central_urls;
    if (edge_main_same_list(mine, fresh)) return;
    if ((mine->count == 0) != (fresh->count == 0)) { /* nobody was asked, or would be */
        KD_LOG(KD_WARN, "reload-needs-restart", KD_STR("section", "central"), KD_STR("key", "url"));
        return;
    }
    kd_strings_finish(mine);
    *mine = kd_strings_copy(fresh);
    kd_central_urls_take(&app->central_urls, mine);
    kd_drift_probe_replace(app->drift, &app->central_urls);
    for (uint32_t i = 0; i < app->shard_count; i++) kd_shard_set_centrals(app->shards[i], &app->central_urls);
}

/* Takes over what is logged, limits, what visitors may, the origins of pages, the URLs of central, and collections and counters that were added. Any other option that differs keeps its value, and the
 * log names it. */
static void edge_main_take_over(void *arg, const void *config)
{
    kd_edge_app *app = arg;
    const kd_settings *fresh = config;
    kd_settings *mine = &app->settings;
    for (const kd_option *o = NULL; (o = kd_options_fixed_change(&kd_edge_options, mine, fresh, o)) != NULL;)
        KD_LOG(KD_WARN, "reload-needs-restart", KD_STR("section", o->section), KD_STR("key", o->key));
    kd_log_set_level((kd_log_level)fresh->log_level);
    kd_access_log_set(fresh->log_access, fresh->log_access_max);
    if (mine->record_keys) kd_record_keys_accept_unsigned(mine->record_keys, fresh->accept_unsigned);
    edge_main_take_origins(app, &fresh->cors_origins);
    edge_main_take_centrals(app, &fresh->central_urls);
    for (uint32_t i = 0; i < app->shard_count; i++) kd_shard_limits_replace(app->shards[i], fresh);
    bool counters = kd_reload_counters(&mine->counters, &fresh->counters);
    bool collections = kd_reload_list("api", "collections", &mine->collections, &fresh->collections);
    KD_LOG(KD_INFO, "reloaded");
    if (!counters && !collections) return;
    kd_offer_widen(app->offer);
    kd_drift_probe_ask(app->drift); /* central may have been reloaded with the same additions */
}

static int edge_main_check(const void *config, char *error)
{
    return kd_settings_check(config, error);
}

static void edge_main_reload(void *arg)
{
    kd_edge_app *app = arg;
    kd_settings fresh;
    const kd_settings *set = &app->settings;
    kd_stale_metrics *stale = &app->stale;
    const kd_reload_file files[] = {
        kd_reload_tls(app->tls, &stale->tls),
        kd_reload_keys("kafka.keys_file", kd_record_keys_file(set->record_keys), &stale->keys),
        kd_reload_keys("visitors.keys_file", app->visitor_keys, &stale->visitor_keys),
        kd_reload_tokens("admin.token_file", set->admin_token_file, &app->admin.tokens,
                         &stale->admin_tokens)};
    const kd_reload reload = {.command = &app->command,
                              .options = &kd_edge_options,
                              .fresh = &fresh,
                              .arg = app,
                              .check = edge_main_check,
                              .take_over = edge_main_take_over,
                              .files = files,
                              .file_count = KD_COUNT(files)};
    kd_jwt_source_reload(app->jwt);
    kd_reload_run(&reload);
}

/* ---- the run ---- */

static int edge_main_init_loop(kd_edge_app *app, char *error)
{
    kd_admin_hooks admin = {.arg = app,
                            .healthy = kd_health_alive,
                            .ready = kd_health_ready,
                            .metrics = edge_main_metrics,
                            .debug = edge_main_debug,
                            .act = kd_compare_act};
    kd_signal_hooks signals = {.arg = app, .drain = edge_main_drain, .reload = edge_main_reload};
    int err;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "no thread or descriptor left");
    if ((err = kd_loop_create(&app->loop, "main"))) return err;
    kd_drain_init(app);
    if ((err = kd_signals_create(&app->signals, app->loop, &signals))) return err;
    const kd_admin_options listen = kd_settings_admin(&app->settings);
    if ((err = kd_admin_ports_open(&app->admin, app->loop, &listen, &admin, error))) return err;
    if ((err = kd_jwt_source_create(&app->jwt, &app->settings.jwt, app->loop, error))) return err;
    return kd_drift_probe_create(app, error);
}

/* On the topics' thread, or on this one before it starts. */
static void edge_main_on_kafka_ready(void *arg)
{
    kd_edge_app *app = arg;
    for (uint32_t i = 0; i < app->shard_count; i++) kd_shard_kafka_ready(app->shards[i]);
}

static int edge_main_start_threads(kd_edge_app *app, bool topics_ready, char *error)
{
    snprintf(error, KD_OPTIONS_ERROR_MAX, "no thread left");
    for (uint32_t i = 0; i < app->shard_count; i++) {
        int err = kd_loop_start(app->shards[i]->base.loop);
        if (err) return err;
    }
    const kd_topics_options topics = {.settings = &app->settings,
                                      .failure = &app->failure,
                                      .up = &app->kafka_up,
                                      .errors = &app->reach.kafka,
                                      .ready = edge_main_on_kafka_ready,
                                      .arg = app};
    kd_overload_watch_start(app);
    return kd_topics_create(&app->topics, &topics, topics_ready);
}

/* The order matters: a shard is made with what is offered; topics that can never fit are found before a store is touched; and no public port is open
 * before the stores are. */
static int edge_main_start(void *arg, char *error)
{
    kd_edge_app *app = arg;
    int err;
    bool topics_ready;
    kd_central_urls_take(&app->central_urls, &app->settings.central_urls);
    kd_clock_init(&app->clock, app->settings.drift_bound_us);
    if (kd_clock_file_load(app->settings.data_dir, &app->clock)) KD_LOG(KD_INFO, "clock-carried-on");
    if ((err = edge_main_init_secrets(app, error)) || (err = edge_main_init_loop(app, error))) return err;
    kd_offer_create(app);
    err = kd_topics_check(&app->settings, error);
    topics_ready = err == KD_OK;
    if (err && err != KD_EUNAVAILABLE)
        return err; /* KD_EUNAVAILABLE: the topics' thread goes on looking, and logs it */
    if ((err = edge_main_open_shards(app, error)) || (err = edge_main_listen(app, error))) return err;
    return edge_main_start_threads(app, topics_ready, error);
}

static kd_loop *edge_main_started(void *arg)
{
    const kd_edge_app *app = arg;
    KD_LOG(KD_INFO, "edge-started", KD_STR("edge", app->settings.name),
           KD_STR("region", app->settings.region), KD_U64("shards", app->shard_count),
           KD_U64("partitions", app->settings.partitions),
           KD_U64("port", kd_http_server_port(app->shards[0]->server)),
           KD_U64("admin_port", kd_admin_port(app->admin.port)));
    return app->loop;
}

/* All threads end before anything is freed: shards post to each other and to the topics' thread, and that posts to them. */
static void edge_main_finish(void *arg)
{
    kd_edge_app *app = arg;
    kd_offer_stop(app->offer);
    kd_topics_stop(app->topics);
    for (uint32_t i = 0; i < app->shard_count; i++)
        if (app->shards[i]) kd_loop_stop(app->shards[i]->base.loop);
    for (uint32_t i = 0; i < app->shard_count; i++)
        if (app->shards[i]) kd_loop_join(app->shards[i]->base.loop);
    for (uint32_t i = 0; i < app->shard_count; i++) kd_shard_destroy(app->shards[i]);
    kd_claims_destroy(app->claims);
    kd_limiter_destroy(app->limiter);
    kd_live_quota_destroy(app->live_quota);
    kd_topics_destroy(app->topics);
    kd_drift_probe_destroy(app->drift);
    kd_central_urls_finish(&app->central_urls);
    kd_jwt_source_destroy(app->jwt);
    kd_admin_ports_close(&app->admin);
    kd_signals_destroy(app->signals);
    kd_overload_watch_finish(app);
    if (app->loop) kd_drain_finish(app);
    kd_loop_destroy(app->loop);
    kd_offer_destroy(app->offer);
    kd_http_door_destroy(app->door);
    kd_http_tls_destroy(app->tls);
    kd_record_keys_destroy(app->settings.record_keys);
    kd_key_file_destroy(app->visitor_keys);
    kd_cidrs_finish(&app->trusted);
    kd_cidrs_finish(&app->balancers);
    kd_clock_finish(&app->clock);
}

static int edge_main_stopped(void *arg)
{
    const kd_edge_app *app = arg;
    if (app->failure.reason[0])
        KD_LOG(KD_ERROR, "edge-stopped", KD_I64("code", app->exit_code),
               KD_STR("cause", app->failure.reason));
    else
        KD_LOG(KD_INFO, "edge-stopped", KD_I64("code", app->exit_code));
    return app->exit_code;
}

int main(int argc, char **argv)
{
    static const kd_daemon edge = {.program = "kudos-edge",
                                   .start = edge_main_start,
                                   .started = edge_main_started,
                                   .finish = edge_main_finish,
                                   .stopped = edge_main_stopped};
    static kd_edge_app app;
    kd_program_begin();
    if (argc > 1 && strcmp(argv[1], "compare") == 0) return kd_command_compare(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "aside") == 0) return kd_command_aside(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "shards") == 0) return kd_command_shards(argc - 1, argv + 1);
    kd_signals_hold(); /* a SIGHUP during the start waits for its hook; it would end the process */
    int code = kd_command_start(&app.command, &kd_edge_options, argc, argv, &app.settings);
    if (code < 0 && app.command.openapi) {
        const kd_openapi_source source = kd_routes_source(&app.settings.collections, &app.settings.counters);
        code = kd_openapi_print(&source, kd_edge_options.program);
    }
    if (code < 0) {
        kd_access_log_set(app.settings.log_access, app.settings.log_access_max);
        code = kd_daemon_run(&edge, &app, (kd_log_level)app.settings.log_level);
    }
    kd_options_finish(&kd_edge_options, &app.settings);
    return code;
}
