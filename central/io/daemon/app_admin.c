/* app_admin.c - the admin port's answers: readiness, metrics, /debug/partitions. */
#include <stdio.h>
#include <stdlib.h>

#include "central/io/daemon/app.h"
#include "common/io/http/server/access_log.h"
#include "common/io/loop/ask.h"
#include "common/io/daemon/process_metrics.h"
#include "common/json/json_writer.h"
#include "common/io/loop/clock.h"
#include "kudos/forget.h"

enum { ASK_TIMEOUT_MS = 2000 };

/* Whether all partitions answer reads: as of the last measurement, a second ago. */
static bool app_admin_answers(const kd_central_app *app)
{
    int64_t followed = 0;
    if (app->settings.role == KD_ROLE_LEADER) return true;
    for (uint32_t i = 0; i < app->opened; i++) followed += kd_metric_get(&app->workers[i].metrics.followed);
    return followed == (int64_t)app->settings.partitions;
}

static bool app_admin_ready(void *arg, kd_buf *why)
{
    const kd_central_app *app = arg;
    const char *reason = NULL;
    for (uint32_t i = 0; i < app->opened; i++)
        if (__atomic_load_n(&app->workers[i].assigned, __ATOMIC_ACQUIRE) < app->workers[i].count)
            reason = "Kafka has not been reached yet";
    if (!reason && !app_admin_answers(app)) reason = "not known to agree with the leader";
    if (!reason && kd_central_in_group(&app->settings)) reason = kd_membership_unready(app->membership);
    if (app->draining) reason = "draining";
    if (reason) kd_buf_put(why, reason, strlen(reason));
    return !reason;
}

static void app_admin_write_members(const kd_central_app *app, kd_buf *out)
{
    kd_central_member_metrics m = {0};
    const void *instance = &m;
    if (!app->membership) return;
    const kd_membership_counts c = kd_membership_count(app->membership);
    kd_metric_set(&m.living, (int64_t)c.living);
    kd_metric_set(&m.hears_itself, c.hears_itself);
    kd_metric_set(&m.leaderless, (int64_t)c.leaderless);
    kd_metric_set(&m.took_silent, (int64_t)c.takeovers[KD_WHY_LEADER_SILENT]);
    kd_metric_set(&m.took_handed, (int64_t)c.takeovers[KD_WHY_HANDED_OVER]);
    kd_metric_set(&m.took_stalled, (int64_t)c.takeovers[KD_WHY_NO_SNAPSHOTS]);
    kd_metric_set(&m.took_first, (int64_t)c.takeovers[KD_WHY_NOBODY_LED]);
    kd_metric_set(&m.handovers, (int64_t)c.handovers);
    kd_metrics_render(&kd_central_member_table, &instance, 1, out);
}

static void app_admin_set_seeds(const kd_central_app *app, kd_central_process_metrics *m)
{
    kd_seed_given given = {0};
    kd_seed_taken taken = {0};
    if (app->giver) given = kd_seed_giver_get(app->giver);
    if (app->taker) taken = kd_seed_taker_get(app->taker);
    kd_metric_set(&m->seed_given, (int64_t)given.bytes);
    kd_metric_set(&m->seed_giving, given.open);
    kd_metric_set(&m->seed_taken, (int64_t)taken.bytes);
    kd_metric_set(&m->seed_taking, taken.open);
    kd_metric_set(&m->seed_waiting, taken.waiting);
    kd_metric_set(&m->seed_done, (int64_t)taken.done);
    kd_metric_set(&m->seed_failed, (int64_t)taken.failed);
}

static void app_admin_write_process(const kd_central_app *app, kd_buf *out)
{
    const kd_http_counters *h = kd_http_server_counters(app->http);
    kd_central_process_metrics m;
    const void *instance = &m, *stale = &app->stale;
    kd_metric_set(&m.kafka_up, app->keeper && kd_keeper_kafka_up(app->keeper));
    kd_metric_set(&m.http_requests, (int64_t)h->requests);
    kd_metric_set(&m.http_rejected, (int64_t)h->rejected);
    kd_metric_set(&m.http_proxy_refused, (int64_t)h->proxy_refused);
    kd_metric_set(&m.http_refused, (int64_t)app->api.access.refused);
    kd_metric_set(&m.http_shed, (int64_t)app->api.shed);
    kd_metric_set(&m.connections, (int64_t)h->connections_open);
    kd_metric_set(&m.connections_max, app->room.connections);
    kd_metric_set(&m.connections_refused, (int64_t)h->connections_refused);
    kd_metric_set(&m.http_work, (int64_t)h->work);
    kd_metric_set(&m.gave_way, (int64_t)h->gave_way);
    kd_metric_set(&m.tls_refused, (int64_t)h->tls_refused);
    kd_metric_set(&m.tls_abandoned, (int64_t)h->tls_abandoned);
    kd_metric_set(&m.http_held, (int64_t)h->buffered_bytes);
    kd_metric_set(&m.hoarders, (int64_t)h->hoarders);
    kd_metric_set(&m.reads_open, (int64_t)app->api.open);
    app_admin_set_seeds(app, &m);
    kd_metric_set(&m.access_dropped, (int64_t)kd_access_log_dropped());
    kd_metrics_render(&kd_central_process_table, &instance, 1, out);
    kd_metrics_render(&kd_central_stale_table, &stale, 1, out);
}

#define KD_JWT_PREFIX "kudos_central_jwt_"
static const kd_metric_info gate_rows[] = {KD_JWT_GATE_ROWS};
static const kd_metric_table gate_table = {gate_rows, KD_COUNT(gate_rows)};
#define KD_VISITOR_METRICS_PREFIX "kudos_central_visitor_"
static const kd_metric_info visitor_rows[] = {KD_VISITOR_ROWS};
static const kd_metric_table visitor_table = {visitor_rows, KD_COUNT(visitor_rows)};
static const kd_metric_info source_rows[] = {KD_JWT_SOURCE_METRICS(KD_JWT_SOURCE_ROW)};
static const kd_metric_table source_table = {source_rows, KD_COUNT(source_rows)};

static void app_admin_write_tokens(const kd_central_app *app, kd_buf *out)
{
    const void *visitors = &app->api.access.visitors.metrics;
    if (app->visitor_keys) kd_metrics_render(&visitor_table, &visitors, 1, out);
    if (!app->jwt) return;
    const kd_jwt_source_metrics keys = kd_jwt_source_measure(app->jwt);
    const void *gate = kd_jwt_gate_counted(app->api.access.jwt), *source = &keys;
    kd_metrics_render(&gate_table, &gate, 1, out);
    kd_metrics_render(&source_table, &source, 1, out);
}

static void app_admin_metrics(void *arg, kd_buf *out)
{
    kd_central_app *app = arg;
    const void **instances = kd_alloc(sizeof(void *) * app->opened);
    for (uint32_t i = 0; i < app->opened; i++) instances[i] = &app->workers[i].metrics;
    kd_metrics_render(&kd_central_metric_table, instances, app->opened, out);
    for (uint32_t i = 0; i < app->opened; i++) instances[i] = app->workers[i].edge_ages.cells;
    kd_edge_ages_render(&app->settings.edges, instances, app->opened, out);
    free(instances);
    app_admin_write_tokens(app, out);
    app_admin_write_process(app, out);
    app_admin_write_members(app, out);
    kd_process_metrics_write(out);
}

/* ---- /debug/partitions: each worker is asked, and waited for no longer than ASK_TIMEOUT_MS ---- */

typedef struct {
    kd_ask ask;
    kd_buf out;
} partitions_ask;

static void app_admin_write_edge(kd_json *j, const kd_central_edge *e)
{
    kd_json_object(j);
    kd_json_put_str(j, "edge", e->name);
    kd_json_put_str(j, "region", e->region);
    kd_json_key(j, "applied");
    kd_json_array(j);
    kd_json_u64(j, e->applied.incarnation);
    kd_json_u64(j, e->applied.seq);
    kd_json_end_array(j);
    kd_json_put_u64(j, "digest", e->digest);
    kd_json_put_u64(j, "watermark_us", e->watermark_us);
    kd_json_key(j, "retired");
    kd_json_bool(j, e->retired);
    kd_json_end_object(j);
}

static void app_admin_write_held(kd_json *j, const char *name, uint64_t at_us, kd_held_by by, kd_bytes holder)
{
    kd_json_key(j, name);
    kd_json_object(j);
    kd_json_put_u64(j, "at_us", at_us);
    kd_json_key(j, "held_by");
    kd_json_cstr(j, kd_held_by_name(by));
    kd_json_put_str(j, "holder", holder);
    kd_json_end_object(j);
}

/* Up to which stamps edges and central may forget, and the name of the edge or backup that holds it there. */
static void app_admin_write_forgetting(kd_json *j, const kd_central *core)
{
    kd_central_forgetting f;
    kd_central_get_forgetting(core, &f);
    app_admin_write_held(j, "stable", f.stable_us, f.stable_held_by, f.stable_holder);
    app_admin_write_held(j, "floor", f.floor_us, f.floor_held_by, f.floor_holder);
}

static void app_admin_write_indices(kd_json *j, const kd_central *core)
{
    kd_json_key(j, "indices");
    kd_json_object(j);
    for (kd_index i = 0; i < KD_INDICES; i++) {
        kd_index_progress p = kd_central_index(core, i);
        kd_json_key(j, kd_index_name(i));
        kd_json_object(j);
        kd_json_put_str(j, "stage", kd_bytes_str(kd_index_stage_name(p.stage)));
        kd_json_put_u64(j, "rows", p.walked);
        kd_json_end_object(j);
    }
    kd_json_end_object(j);
}

static void app_admin_write_following(kd_json *j, const kd_tenure *t)
{
    kd_following f;
    char digest[17];
    kd_central_get_following(t->core, &f);
    snprintf(digest, sizeof(digest), "%016llx", (unsigned long long)f.ours.digest);
    kd_json_put_u64(j, "records_read", f.ours.read);
    kd_json_put_str(j, "digest", kd_bytes_str(digest));
    kd_json_put_str(j, "follows", kd_bytes_str(f.follows ? kd_follows_name(f.state) : ""));
    kd_json_put_str(j, "leader", f.leader);
}

static void app_admin_write_tenure(kd_json *j, const kd_tenure *t)
{
    kd_central_edge *edges = kd_alloc(sizeof(*edges) * KD_EDGES_MAX);
    uint32_t n = kd_central_edges(t->core, edges, KD_EDGES_MAX);
    int64_t offset;
    kd_json_object(j);
    kd_json_put_u64(j, "partition", t->partition);
    kd_json_put_u64(j, "epoch", kd_central_epoch(t->core));
    kd_json_put_u64(j, "version", kd_central_version(t->core));
    kd_json_key(j, "log_offset");
    kd_json_i64(j, kd_central_log_position(t->core, &offset) ? offset : -1);
    app_admin_write_following(j, t);
    kd_json_put_u64(j, "as_of_us", kd_central_as_of_us(t->core));
    app_admin_write_forgetting(j, t->core);
    app_admin_write_indices(j, t->core);
    kd_json_put_u64(j, "gathered", kd_central_gathered(t->core));
    kd_json_put_u64(j, "outstanding", t->gate.under_way);
    kd_json_put_u64(j, "dirty", kd_central_dirty(t->core));
    kd_json_key(j, "claimed");
    kd_json_bool(j, kd_publisher_claim_stands(&t->publisher));
    kd_json_key(j, "edges");
    kd_json_array(j);
    for (uint32_t i = 0; i < n; i++) app_admin_write_edge(j, &edges[i]);
    kd_json_end_array(j);
    kd_json_end_object(j);
    free(edges);
}

static void app_admin_write_partitions(kd_ask *ask)
{
    partitions_ask *p = KD_CONTAINER(ask, partitions_ask, ask);
    const kd_worker *w = ask->owner;
    for (uint32_t i = 0; i < w->count; i++) {
        kd_json j = kd_json_of(&p->out);
        if (!kd_tenure_held(&w->tenures[i])) continue;
        if (p->out.len > 0) kd_buf_put_u8(&p->out, ',');
        app_admin_write_tenure(&j, &w->tenures[i]);
    }
}

static void app_admin_dispose(kd_ask *ask)
{
    partitions_ask *p = KD_CONTAINER(ask, partitions_ask, ask);
    kd_buf_finish(&p->out);
    free(p);
}

/* Appends the objects of the worker's partitions, with commas between; false when it did not answer in time. */
static bool app_admin_ask_worker(kd_worker *w, kd_buf *out)
{
    partitions_ask *p = kd_alloc(sizeof(*p));
    p->ask.work = app_admin_write_partitions;
    p->ask.dispose = app_admin_dispose;
    p->ask.owner = w;
    bool done = kd_ask_run(&p->ask, w->loop, ASK_TIMEOUT_MS);
    if (done) kd_buf_put(out, p->out.data, p->out.len);
    kd_ask_let_go(&p->ask);
    return done;
}

static int app_admin_debug(void *arg, const char *name, const char *query, kd_buf *out)
{
    kd_central_app *app = arg;
    kd_json j = kd_json_of(out);
    kd_buf part = {.data = NULL};
    uint64_t busy = 0;
    (void)query;
    if (strcmp(name, "partitions") != 0) return KD_ENOTFOUND;
    kd_json_object(&j);
    kd_json_put_u64(&j, "now_us", kd_clock_wall_us());
    kd_json_key(&j, "partitions");
    kd_json_array(&j);
    for (uint32_t i = 0; i < app->started; i++) {
        kd_buf_clear(&part);
        busy += !app_admin_ask_worker(&app->workers[i], &part);
        if (part.len > 0) kd_json_raw(&j, kd_buf_view(&part));
    }
    kd_json_end_array(&j);
    /* Workers that did not answer in time: their partitions are missing above. */
    kd_json_put_u64(&j, "busy_workers", busy);
    kd_json_end_object(&j);
    kd_buf_finish(&part);
    return KD_OK;
}

const kd_admin_hooks kd_central_app_admin_hooks = {.ready = app_admin_ready,
                                                   .metrics = app_admin_metrics,
                                                   .debug = app_admin_debug,
                                                   .act = kd_central_app_act};
