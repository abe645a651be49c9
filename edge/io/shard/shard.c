/*
 * shard.c - see the header. Whatever may have made work (a request, a sync, a delivery report, a snapshot) wakes the turn (turn.h); shard_work looks
 * for the work. The tick does the same at least every TICK_MAX_US, for what time alone makes due.
 */
#include "edge/io/shard/shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/io/daemon/ending.h"
#include "common/io/loop/log.h"
#include "edge/io/shard/shard_open.h"

/* An operation that comes in may bring the core's next deadline forward, so the core's clock is looked at this often at least. */
enum { TICK_MAX_US = 50 * 1000, TICK_MIN_US = 500 };

kd_shard *kd_shard_of(kd_shard *s, kd_bytes item)
{
    const kd_edge_app *app = s->app;
    if (app->shard_count == 1) return s;
    return app->shards[kd_partition(item, (uint32_t)app->settings.partitions) % app->shard_count];
}

/* After a failed commit the process is ending and the core refuses every call: the sender would only report an outbox that it cannot read. */
static void shard_work(void *arg)
{
    kd_shard *s = arg;
    kd_live_hub_work(&s->live);
    kd_shard_commit_pump(&s->commit);
    if (!s->commit.group.failed) kd_sender_pump(&s->sender);
    kd_log_waits_answer(&s->log.waits);
    kd_shard_drain_look(s);
}

/* All answers tell a level above 0, also those that the server makes without a handler. */
static void shard_take_level(kd_shard *s)
{
    static const char *const texts[] = {"0", "1", "2", "3", "4"};
    uint32_t level = (uint32_t)kd_metric_get(&s->app->overload.level);
    if (level == s->level) return;
    s->level = level;
    kd_http_server_set_field(s->server, level ? "kudos-level" : NULL, texts[level]);
}

static void shard_tick_in(kd_shard *s, uint64_t delay, uint64_t mono_us)
{
    s->tick_us = mono_us + delay;
    kd_timer_set(&s->tick, delay);
    kd_lag_due(&s->base.lag, s->tick_us);
}

void kd_shard_tick_within(kd_shard *s, uint64_t us, uint64_t mono_us)
{
    if (mono_us + us < s->tick_us) shard_tick_in(s, KD_MAX(us, (uint64_t)TICK_MIN_US), mono_us);
}

/* Grows with each change of the keys by which tokens are verified. */
static uint64_t shard_keys(const kd_shard *s)
{
    uint64_t jwt = s->jwt ? kd_jwt_gate_generation(s->jwt) : 0;
    return jwt + (s->visitors.keys ? kd_key_file_changes(s->visitors.keys) : 0);
}

static void edge_shard_on_tick(void *arg)
{
    kd_shard *s = arg;
    uint64_t mono = kd_clock_mono_us(), now = kd_clock_at_us(s->base.clock, mono);
    uint64_t next = kd_edge_tick(s->base.edge, now), delay = next > now ? next - now : 0;
    delay = KD_MIN(KD_MAX(delay, (uint64_t)TICK_MIN_US), (uint64_t)TICK_MAX_US);
    kd_lag_ticked(&s->base.lag, mono);
    shard_tick_in(s, delay, mono);
    shard_take_level(s);
    kd_shard_commit_look(&s->commit, mono);
    kd_shard_log_look(&s->log, mono);
    kd_live_hub_keys(&s->live, shard_keys(s));
    kd_live_hub_tick(&s->live);
    kd_shard_publish(s);
    shard_work(s);
}

/* On the shard's thread. */
static void shard_start_kafka(kd_post *post)
{
    kd_shard *s = KD_CONTAINER(post, kd_shard, kafka_ready);
    kd_topics *topics = s->app->topics;
    const kd_kafka_config *kafka = kd_topics_kafka(topics);
    if (kd_sender_start(&s->sender, &s->base, topics, kafka) != KD_OK ||
        kd_counts_reader_start(&s->counts, &s->base, topics, kafka) != KD_OK)
        kd_failure_tell(&s->app->failure, KD_EXIT_FAILED, "kafka-not-started",
                        "a client could not be made, the lines before say why");
    kd_turn_wake(&s->base.turn);
}

void kd_shard_kafka_ready(kd_shard *s)
{
    s->kafka_ready.fn = shard_start_kafka;
    kd_loop_post(s->base.loop, &s->kafka_ready);
}

/* A list on its way to a shard. */
typedef struct {
    kd_post post;
    kd_shard *shard;
    kd_strings origins;
} shard_origins;

/* On the shard's thread, or where its loop is destroyed: then the server is gone. */
static void shard_take_origins(kd_post *post)
{
    shard_origins *o = KD_CONTAINER(post, shard_origins, post);
    if (o->shard->server) kd_http_server_set_origins(o->shard->server, &o->origins);
    kd_strings_finish(&o->origins);
    free(o);
}

void kd_shard_set_origins(kd_shard *s, const kd_strings *origins)
{
    shard_origins *o = kd_alloc(sizeof *o);
    *o = (shard_origins){.post.fn = shard_take_origins, .shard = s, .origins = kd_strings_copy(origins)};
    kd_loop_post(s->base.loop, &o->post);
}

/* Carries other URLs of central to the shard. */
typedef struct {
    kd_post post;
    kd_shard *shard;
    kd_central_urls urls;
} shard_centrals;

static void shard_take_centrals(kd_post *post)
{
    shard_centrals *c = KD_CONTAINER(post, shard_centrals, post);
    kd_upstream_replace(&c->shard->asker.upstream, &c->urls);
    kd_central_urls_finish(&c->urls);
    free(c);
}

void kd_shard_set_centrals(kd_shard *s, const kd_central_urls *urls)
{
    shard_centrals *c = kd_alloc(sizeof *c);
    *c = (shard_centrals){.post.fn = shard_take_centrals, .shard = s, .urls = kd_central_urls_copy(urls)};
    kd_loop_post(s->base.loop, &c->post);
}

static int create_server(kd_shard *s, const kd_shard_options *options, char *error)
{
    const kd_settings *set = s->base.settings;
    kd_http_config config;
    kd_http_config_init(&config);
    config.door = s->app->door;
    config.max_requests_per_address = (uint32_t)set->max_requests_per_address;
    config.max_buffered_bytes = set->max_held;
    config.max_held_per_address = set->max_held_per_address;
    config.max_held_per_connection = set->max_held_per_connection;
    config.max_streams = (uint32_t)set->max_streams;
    config.idle_timeout_ms = (uint32_t)(set->idle_timeout_us / 1000);
    config.begin = options->begin;
    config.fed = options->fed;
    config.tls = s->app->tls;
    config.tls_required = set->tls_required;
    config.trusted = &s->app->trusted;
    config.forwarded = (kd_http_forwarded)set->forwarded;
    config.proxy_peers = set->proxy_protocol ? &s->app->balancers : NULL;
    int err = kd_http_server_create(&s->server, kd_loop_base(s->base.loop), &config, options->handle, s);
    if (err) snprintf(error, KD_OPTIONS_ERROR_MAX, "[http]: a limit makes no sense");
    if (!err) kd_http_server_set_origins(s->server, &set->cors_origins);
    return err;
}

static void create_live(kd_shard *s)
{
    kd_edge_app *app = s->app;
    app->hubs[s->base.index] = &s->live;
    kd_live_hub_init(&s->live, &(kd_live_hub_options){.base = &s->base,
                                                      .hubs = app->hubs,
                                                      .asker = &s->asker,
                                                      .counters = &s->served.counters,
                                                      .quota = app->live_quota,
                                                      .level = &s->level,
                                                      .life = app->life});
}

static int edge_shard_assemble(kd_shard *s, const kd_shard_options *options, char *error)
{
    char name[16];
    int err;
    snprintf(name, sizeof name, "shard-%u", s->base.index);
    if ((err = kd_shard_open(s, error))) return err;
    kd_published_init(&s->published, s->base.settings->partitions);
    snprintf(error, KD_OPTIONS_ERROR_MAX, "shard %u: no thread or descriptor left", s->base.index);
    if ((err = kd_loop_create(&s->base.loop, name))) return err;
    if ((err = kd_shard_commit_init(&s->commit, &s->base, s->db, &s->app->failure))) return err;
    if ((err = kd_shard_fill_begin(&s->fill, &s->base, s->db))) return err;
    kd_shard_log_init(&s->log, &s->base);
    kd_turn_init(&s->base.turn, s->base.loop, shard_work, s);
    create_live(s);
    kd_timer_init(&s->tick, s->base.loop, edge_shard_on_tick, s);
    kd_timer_set(&s->tick, 1);
    kd_trends_init(&s->trends, &s->base, &s->asker);
    kd_velocities_init(&s->velocities, &s->asker);
    if ((err = kd_asker_init(&s->asker, &s->base, &s->app->central_urls, error)) ||
        (err = create_server(s, options, error)))
        return err;
    kd_shard_publish(s); /* so that no page of the admin port shows a shard without figures */
    return KD_OK;
}

int kd_shard_create(kd_shard **out, kd_edge_app *app, uint32_t index, const kd_shard_options *options,
                    char *error)
{
    kd_shard *s = kd_alloc(sizeof *s);
    kd_shard_base *base = &s->base;
    base->index = index;
    base->shards = app->shard_count;
    base->settings = &app->settings;
    base->clock = &app->clock;
    if (getrandom(&base->random, sizeof base->random, 0) != sizeof base->random)
        base->random = kd_clock_mono_us();
    s->app = app;
    s->drained = options->drained;
    s->served = kd_served_copy(options->served);
    if (app->jwt)
        s->jwt = kd_jwt_gate_create(kd_jwt_source_ring(app->jwt), kd_jwt_source_budget(app->jwt),
                                    &app->settings.jwt, app->settings.jwt.cache_max / app->shard_count);
    s->visitors.keys = app->visitor_keys;
    s->limits = kd_shard_limits_create(&app->settings);
    int err = edge_shard_assemble(s, options, error);
    if (err) {
        kd_shard_destroy(s);
        return err;
    }
    *out = s;
    return KD_OK;
}

/* The clients of the disk, Kafka and central go before the core: no callback may find a core that is gone. */
void kd_shard_destroy(kd_shard *s)
{
    if (!s) return;
    kd_ending_at(KD_ENDING_DISK);
    kd_shard_fill_finish(&s->fill);
    kd_shard_commit_finish(&s->commit);
    kd_ending_at(KD_ENDING_KAFKA);
    kd_sender_finish(&s->sender);
    kd_counts_reader_finish(&s->counts);
    kd_ending_at(KD_ENDING_DISK);
    kd_asker_finish(&s->asker);
    kd_trends_finish(&s->trends);
    kd_velocities_finish(&s->velocities);
    kd_http_server_destroy(s->server);
    s->server = NULL;
    kd_live_hub_finish(&s->live);
    kd_shard_log_finish(&s->log);
    kd_jwt_gate_destroy(s->jwt);
    if (s->base.turn.event) kd_timer_finish(&s->tick);
    kd_turn_finish(&s->base.turn);
    kd_loop_destroy(s->base.loop);
    kd_shard_fill_release(&s->fill);
    kd_edge_close(s->base.edge);
    kd_served_finish(&s->served);
    kd_shard_limits_release(s->limits);
    kd_leveldb_close(s->db);
    kd_published_finish(&s->published);
    kd_buf_finish(&s->out);
    kd_buf_finish(&s->text);
    free(s);
}
