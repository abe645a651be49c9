/*
 * shard.c - see the header. Whatever may have made work (a request, a sync, a report, a snapshot) calls
 * kd_shard_wake; the work is looked for once, behind everything else of that turn, so that a whole turn's
 * likes share a group.
 */
#include "edge/io/shard/shard.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/io/daemon/ending.h"
#include "common/io/daemon/log.h"
#include "edge/io/http/routes.h"

/* A build with a rule broken on purpose (make PLANT=NAME) sets it. */
#ifndef KUDOS_EDGE_PLANT
#define KUDOS_EDGE_PLANT 0
#endif

/* The core's deadlines move when operations come in, so its clock is looked at least this often. */
enum { TICK_MAX_US = 50 * 1000, TICK_MIN_US = 500 };

uint64_t kd_shard_now_us(const kd_shard *s)
{
    return kd_clock_now_us(&s->app->clock);
}

kd_shard *kd_shard_of(kd_shard *s, kd_bytes item)
{
    const kd_edge_app *app = s->app;
    return app->shards[kd_partition(item, (uint32_t)app->settings.partitions) % app->shard_count];
}

/* A post may still come when the loop has ended and its events are gone. */
void kd_shard_wake(kd_shard *s)
{
    if (s->turn) event_active(s->turn, EV_TIMEOUT, 0);
}

static bool flushed(kd_shard *s)
{
    if (s->commit.failed) return true;
    return !s->commit.group && !kd_edge_commit_wanted(s->edge) && s->sender.outstanding == 0;
}

/* A request may still wait for central or the disk when its connection has been cut: only its answer ends it.
 */
static void report_drain(kd_shard *s)
{
    if (!s->drain.idle_told && s->in_flight == 0) {
        s->drain.idle_told = true;
        kd_drain_report(s);
    }
    if (s->drain.flushing && !s->drain.flushed_told && flushed(s)) {
        s->drain.flushed_told = true;
        KD_LOG(KD_INFO, "shard-flushed", KD_U64("shard", s->index), KD_U64("sent", s->sender.sent),
               KD_U64("outbox_batches", kd_edge_outbox_batches(s->edge)));
        kd_drain_report(s);
    }
}

static void edge_shard_on_turn(evutil_socket_t fd, short what, void *arg)
{
    kd_shard *s = arg;
    (void)fd, (void)what;
    kd_group_commit_pump(s);
    kd_sender_pump(s);
    if (s->drain.drained) report_drain(s);
}

static void edge_shard_on_tick(void *arg)
{
    kd_shard *s = arg;
    uint64_t now = kd_shard_now_us(s), next = kd_edge_tick(s->edge, now);
    uint64_t delay = next > now ? next - now : 0;
    kd_timer_set(&s->tick, KD_MIN(KD_MAX(delay, (uint64_t)TICK_MIN_US), (uint64_t)TICK_MAX_US));
    kd_group_commit_expire(s);
    kd_metrics_collect(s);
    edge_shard_on_turn(-1, 0, s);
}

void kd_shard_flush(kd_shard *s)
{
    s->drain.flushing = true;
    kd_edge_seal_all(s->edge, kd_shard_now_us(s));
    kd_shard_wake(s);
}

static int edge_shard_open_store(kd_shard *s, char *error)
{
    const kd_settings *set = &s->app->settings;
    char dir[4096];
    kd_leveldb_options options = {
        .write_buffer_bytes = set->write_buffer, .cache_bytes = set->block_cache, .create = s->app->anew};
    if (snprintf(dir, sizeof dir, "%s/shard-%u", set->data_dir, s->index) >= (int)sizeof dir) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "edge.data_dir is too long");
        return KD_EINVAL;
    }
    return kd_leveldb_open_beside(&s->db, dir, &options, error, KD_OPTIONS_ERROR_MAX);
}

/* What the store was made for and the configuration says otherwise. */
static void put_mismatch(const kd_shard *s, const kd_edge_stored *stored, char *what, size_t size)
{
    const kd_settings *set = &s->app->settings;
    uint32_t n = s->app->shard_count;
    if (strcmp(stored->edge, set->name) != 0)
        snprintf(what, size,
                 "made for edge.name = %s, the configuration says %s: correct edge.name or edge.data_dir",
                 stored->edge, set->name);
    else if (stored->shards != n)
        snprintf(what, size,
                 "made with edge.shards = %u, the configuration says %u: set edge.shards = %u (or 0: as "
                 "stored); another number needs an "
                 "empty directory",
                 stored->shards, n, stored->shards);
    else if (stored->partitions != set->partitions)
        snprintf(what, size,
                 "made with kafka.partitions = %u, the configuration says %u: set kafka.partitions = %u",
                 stored->partitions, (uint32_t)set->partitions, stored->partitions);
    else if (stored->shard != s->index)
        snprintf(what, size, "made as shard-%u: directories were renamed", stored->shard);
}

/* With edge.shards left open their number is that of the directories: then a smaller one than stored means that one is gone. */
static int core_refused(kd_shard *s, const kd_store *store, int err, char *error)
{
    const kd_settings *set = &s->app->settings;
    uint32_t n = s->app->shard_count;
    kd_edge_stored stored;
    char what[512] = "made by a program with another storage version";
    bool known = err == KD_EMISMATCH && kd_edge_stored_as(store, &stored) == KD_OK;
    bool guessed = known && set->shards == 0 && n < set->partitions;
    if (guessed && stored.shards > n) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%s/shard-%u is missing: shard-%u is one of %u", set->data_dir,
                 stored.shards - 1, s->index, stored.shards);
        return KD_EMALFORMED;
    }
    if (known) put_mismatch(s, &stored, what, sizeof what);
    if (err == KD_EMISMATCH)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s/shard-%u was %s", set->data_dir, s->index, what);
    else
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s/shard-%u: %s", set->data_dir, s->index,
                 err == KD_EIO ? "the store cannot be read: read-failed in the log says why"
                               : kd_strerror(err));
    return err;
}

static int edge_shard_open_core(kd_shard *s, char *error)
{
    const kd_settings *set = &s->app->settings;
    uint32_t n = s->app->shard_count;
    kd_edge_config config = kd_settings_core(set);
    config.shard = s->index;
    config.shards = n;
    config.outbox_bytes_max = set->outbox_max / n;
    config.items_max = (uint32_t)KD_MAX(set->items_max / n, 1);
    config.idempotency_max = (uint32_t)KD_MAX(set->idempotency_max / n, 1);
    config.seed = kd_random_next(&s->random);
    config.life = s->app->life;
    config.plant = KUDOS_EDGE_PLANT;
    kd_store store = kd_leveldb_store(s->db);
    int err = kd_edge_open(&config, &store, kd_shard_now_us(s), &s->edge);
    return err ? core_refused(s, &store, err, error) : KD_OK;
}

static int create_server(kd_shard *s, char *error)
{
    const kd_settings *set = &s->app->settings;
    kd_http_config config;
    kd_http_config_init(&config);
    config.max_connections = (uint32_t)set->max_connections;
    config.max_connections_per_address = (uint32_t)set->max_connections_per_address;
    config.max_streams = (uint32_t)set->max_streams;
    config.idle_timeout_ms = (uint32_t)(set->idle_timeout_us / 1000);
    config.tls = s->app->tls;
    config.tls_required = set->tls_required;
    int err = kd_http_server_create(&s->server, kd_loop_base(s->loop), &config, kd_routes_handle, s);
    if (err) snprintf(error, KD_OPTIONS_ERROR_MAX, "[http]: a limit makes no sense");
    return err;
}

static void publish_init(kd_shard *s)
{
    pthread_mutex_init(&s->published.lock, NULL);
    s->published.incarnation = kd_edge_incarnation(s->edge);
    s->published.at = kd_alloc(s->app->settings.partitions * sizeof *s->published.at);
}

static int edge_shard_assemble(kd_shard *s, char *error)
{
    char name[16];
    int err;
    snprintf(name, sizeof name, "shard-%u", s->index);
    if ((err = edge_shard_open_store(s, error)) || (err = edge_shard_open_core(s, error))) return err;
    publish_init(s);
    snprintf(error, KD_OPTIONS_ERROR_MAX, "shard %u: no thread or descriptor left", s->index);
    if ((err = kd_loop_create(&s->loop, name)) || (err = kd_group_commit_init(s))) return err;
    s->turn = event_new(kd_loop_base(s->loop), -1, 0, edge_shard_on_turn, s);
    kd_timer_init(&s->tick, s->loop, edge_shard_on_tick, s);
    kd_timer_set(&s->tick, 1);
    if ((err = kd_asker_init(s, error)) || (err = create_server(s, error))) return err;
    kd_metrics_collect(s);
    return KD_OK;
}

int kd_shard_create(kd_shard **out, kd_edge_app *app, uint32_t index, char *error)
{
    kd_shard *s = kd_alloc(sizeof *s);
    s->app = app;
    s->index = index;
    s->served = kd_offer_served(app->offer);
    if (getrandom(&s->random, sizeof s->random, 0) != sizeof s->random) s->random = kd_clock_mono_us();
    int err = edge_shard_assemble(s, error);
    if (err) {
        kd_shard_destroy(s);
        return err;
    }
    *out = s;
    return KD_OK;
}

/* Kafka and central go first: no callback may find a core that is gone. */
void kd_shard_destroy(kd_shard *s)
{
    if (!s) return;
    kd_ending_at(KD_ENDING_DISK);
    kd_group_commit_finish(s);
    kd_ending_at(KD_ENDING_KAFKA);
    kd_sender_finish(s);
    kd_counts_reader_finish(s);
    kd_ending_at(KD_ENDING_DISK);
    kd_asker_finish(s);
    kd_http_server_destroy(s->server);
    if (s->turn) {
        event_free(s->turn);
        s->turn = NULL;
        kd_timer_finish(&s->tick);
    }
    kd_loop_destroy(s->loop);
    kd_edge_close(s->edge);
    kd_served_finish(&s->served);
    kd_leveldb_close(s->db);
    if (s->published.at) pthread_mutex_destroy(&s->published.lock);
    free(s->published.at);
    kd_buf_finish(&s->out);
    kd_buf_finish(&s->text);
    free(s);
}
