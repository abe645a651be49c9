/*
 * honest.c - see the header.
 *
 * A lane reads or likes, for good, so that a slow disk of the server slows likes and not reads. The oracle is exact because nobody else knows the
 * items: a read is bounded below by what was acknowledged before it was sent, above by what was sent before it was answered.
 */
#include "sim/attack/honest.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/text.h"
#include "common/io/loop/clock.h"
#include "sim/client/engine.h"
#include "sim/users/bulk.h"
#include "sim/users/load_tally.h"

enum {
    READERS = 12,
    LIKERS = 4,
    CONNECTIONS = 8,
    STREAMS = 4, /* a connection */
    TICK_US = 10000,
    NEWCOMER_EVERY = 10, /* ticks */
    NEWCOMERS_MAX = 16,  /* under way */
    NEWCOMERS_TLS = 4,
    DEADLINE_MS = 5000,
    REST_US = 20000,
    PATH_MAX_ = KD_ITEM_KEY_MAX + 32,
};

typedef struct {
    sim_lane lane; /* first: the engine's pointer to it is one to the honest_lane */
    bool likes;
    uint32_t item;
    uint64_t least; /* the count that a read must not be below */
} honest_lane;

typedef struct {
    sim_honest *owner; /* NULL: not in use */
    kd_http_client *client;
    struct event *over; /* a client cannot be destroyed in its own callback */
} honest_newcomer;

struct sim_honest {
    const sim_target *target;
    struct event_base *base;
    sim_engine *engine;
    honest_lane lanes[READERS + LIKERS];
    honest_newcomer newcomers[NEWCOMERS_MAX];
    uint32_t newcomers_open;
    bool newcomers_tls;
    sim_load_tally tally;
    uint64_t acked[SIM_TARGET_ITEMS], sent[SIM_TARGET_ITEMS];
    uint64_t users, turn, ticks;
    char path[PATH_MAX_], user[64];
    uint64_t end_us;
    sim_honest_figures figures; /* of the run */
    void (*tick)(void *arg);
    void *tick_arg;
    int wrong_counts;
};

/* ---- what is asked ---- */

static kd_bytes honest_path(sim_honest *h, uint32_t item, const char *tail)
{
    char name[KD_ITEM_KEY_MAX + 1];
    int len = snprintf(h->path, sizeof h->path, "/v1/%s/%s",
                       sim_target_item(h->target, item, name, sizeof name), tail);
    return kd_bytes_of(h->path, (size_t)len);
}

static bool honest_describe(void *arg, sim_lane *lane, sim_lane_request *q)
{
    sim_honest *h = arg;
    honest_lane *l = (honest_lane *)lane;
    l->item = (uint32_t)(h->turn++ % SIM_TARGET_ITEMS);
    l->least = h->acked[l->item];
    q->method = l->likes ? "POST" : "GET";
    q->path = honest_path(h, l->item, l->likes ? "like" : "counts");
    if (!l->likes) return true;
    h->sent[l->item]++;
    int len = snprintf(h->user, sizeof h->user, "honest%llu-%llu", (unsigned long long)h->target->seed,
                       (unsigned long long)h->users++);
    q->user = kd_bytes_of(h->user, (size_t)len);
    return true;
}

/* ---- what is answered ---- */

/* The number behind `name` in the first place behind `from`; false when there is none. */
static bool honest_number(kd_bytes body, const char *name, uint64_t *number)
{
    static const char like[] = "\"like\":{";
    const uint8_t *at = body.len ? memmem(body.data, body.len, like, sizeof like - 1) : NULL;
    if (!at) return false;
    size_t left = body.len - (size_t)(at - body.data);
    at = memmem(at, left, name, strlen(name));
    if (!at) return false;
    kd_bytes rest = kd_bytes_of(at + strlen(name), body.len - (size_t)(at - body.data) - strlen(name));
    return kd_text_take_number(&rest, number);
}

/* An edge that has never heard of central says null for the count; all likes are in `pending` then. */
static bool honest_count_right(const sim_honest *h, const honest_lane *l, kd_bytes body)
{
    uint64_t count = 0;
    if (!honest_number(body, "\"count\":", &count) && !honest_number(body, "\"pending\":", &count))
        return false;
    return count >= l->least && count <= h->sent[l->item];
}

static bool honest_right(const sim_honest *h, const honest_lane *l, const sim_lane_answer *a)
{
    return l->likes || honest_count_right(h, l, kd_http_response_body(a->response));
}

static void honest_count(sim_honest *h, int result, int status, bool right)
{
    sim_honest_figures *f = &h->figures;
    if (result != KD_OK)
        f->lost++;
    else if (status == 503)
        f->refused++;
    else if (status != 200 || !right)
        f->wrong++;
    else
        f->answered++, f->in_time += kd_clock_mono_us() <= h->end_us;
}

static void honest_answered(void *arg, sim_lane *lane, const sim_lane_answer *a)
{
    sim_honest *h = arg;
    honest_lane *l = (honest_lane *)lane;
    bool good = a->result == KD_OK && a->status == 200;
    if (l->likes) {
        sim_load_tally_note(&h->tally, l->item, 1, good);
        h->acked[l->item] += good;
    }
    honest_count(h, a->result, a->status, good && honest_right(h, l, a));
    if (!good)
        sim_lane_rest(lane, REST_US);
    else if (a->at_us < h->end_us)
        sim_lane_send(lane, a->at_us);
    else
        sim_lane_free(lane);
}

/* ---- newcomers ---- */

static void honest_newcomer_over(evutil_socket_t fd, short what, void *arg)
{
    honest_newcomer *n = arg;
    (void)fd, (void)what;
    event_free(n->over);
    kd_http_client_destroy(n->client);
    n->owner->newcomers_open--;
    *n = (honest_newcomer){0};
}

static void honest_newcomer_answered(void *arg, int result, int status, const kd_http_response *r)
{
    honest_newcomer *n = arg;
    sim_honest *h = n->owner;
    (void)r;
    honest_count(h, result, status, true);
    bool good = result == KD_OK && status == 200;
    h->figures.newcomers += good;
    h->figures.newcomers_in_time += good && kd_clock_mono_us() <= h->end_us;
    event_active(n->over, 0, 0);
}

static void honest_newcomer_come(sim_honest *h)
{
    const kd_http_client_options o = {
        .deadline_ms = DEADLINE_MS, .seed = h->target->seed + h->ticks, .insecure = true};
    const char *url = h->newcomers_tls ? h->target->tls_url : h->target->url;
    honest_newcomer *n = h->newcomers;
    while (n < h->newcomers + NEWCOMERS_MAX && n->owner) n++;
    if (n == h->newcomers + NEWCOMERS_MAX) return;
    int err = kd_http_client_create(&n->client, h->base, url, &o);
    KD_ASSERT(err == KD_OK); /* the URL was looked at before */
    n->owner = h;
    n->over = event_new(h->base, -1, 0, honest_newcomer_over, n);
    KD_ASSERT(n->over);
    h->newcomers_open++;
    err = kd_http_client_request(n->client, "GET", honest_path(h, 0, "counts"), NULL, 0, kd_bytes_of(NULL, 0),
                                 honest_newcomer_answered, n, DEADLINE_MS);
    KD_ASSERT(err == KD_OK);
}

static void honest_newcomers_come(sim_honest *h)
{
    if (h->newcomers_tls)
        while (h->newcomers_open < NEWCOMERS_TLS) honest_newcomer_come(h);
    else if (h->ticks % NEWCOMER_EVERY == 0)
        honest_newcomer_come(h);
    h->ticks++;
}

void sim_honest_newcomers_by_tls(sim_honest *h, bool yes)
{
    h->newcomers_tls = yes;
}

/* ---- a run ---- */

static void honest_fill(void *arg, uint64_t now_us)
{
    sim_honest *h = arg;
    if (h->tick) h->tick(h->tick_arg);
    if (now_us >= h->end_us) return;
    for (sim_lane *lane; (lane = sim_engine_take(h->engine));) sim_lane_send(lane, now_us);
    honest_newcomers_come(h);
}

static bool honest_over(void *arg)
{
    const sim_honest *h = arg;
    return kd_clock_mono_us() >= h->end_us && h->newcomers_open == 0;
}

sim_honest *sim_honest_create(const sim_target *target, struct event_base *base)
{
    const kd_http_client_options o = {
        .connections = CONNECTIONS, .max_streams = STREAMS, .deadline_ms = DEADLINE_MS, .seed = target->seed};
    sim_honest *h = kd_alloc(sizeof *h);
    h->target = target;
    h->base = base;
    h->engine = sim_engine_create(base);
    int err = sim_engine_connect(h->engine, 0, target->url, &o);
    KD_ASSERT(err == KD_OK); /* the URL was looked at before */
    sim_engine_use(h->engine, &(sim_engine_plan){.arg = h,
                                                 .describe = honest_describe,
                                                 .answered = honest_answered,
                                                 .fill = honest_fill,
                                                 .over = honest_over});
    for (uint32_t i = 0; i < KD_COUNT(h->lanes); i++) {
        h->lanes[i].likes = i < LIKERS;
        h->lanes[i].lane.engine = h->engine;
        sim_lane_free(&h->lanes[i].lane);
    }
    sim_load_tally_init(&h->tally, SIM_TARGET_ITEMS);
    return h;
}

void sim_honest_destroy(sim_honest *h)
{
    if (!h) return;
    sim_engine_destroy(h->engine);
    sim_load_tally_finish(&h->tally);
    free(h);
}

sim_honest_figures sim_honest_run(sim_honest *h, uint64_t us, void (*tick)(void *arg), void *arg)
{
    uint64_t begin_us = kd_clock_mono_us();
    h->figures = (sim_honest_figures){.elapsed_us = us};
    h->end_us = begin_us + us;
    h->tick = tick;
    h->tick_arg = arg;
    sim_engine_run(h->engine, TICK_US);
    for (sim_lane *lane; (lane = sim_engine_drop_waiting(h->engine));) sim_lane_free(lane);
    return h->figures;
}

/* ---- the end ---- */

static const char *honest_name_of(void *arg, uint32_t item, char room[KD_BULK_NAME_MAX])
{
    return sim_target_item(((const sim_honest *)arg)->target, item, room, KD_BULK_NAME_MAX);
}

static void honest_take_count(void *arg, uint32_t item, const int64_t *count, uint64_t pending)
{
    sim_honest *h = arg;
    sim_load_verdict v = {0};
    sim_load_tally_judge(&h->tally, item, count ? *count : (int64_t)pending, &v);
    h->wrong_counts += v.wrong > 0;
}

static void honest_counts_read(void *arg, int error)
{
    sim_honest *h = arg;
    if (error != 0) h->wrong_counts = -1;
    event_base_loopbreak(h->base);
}

int sim_honest_wrong_counts(sim_honest *h)
{
    sim_bulk_read r = {
        .hooks = {.name = honest_name_of, .take = honest_take_count, .done = honest_counts_read, .arg = h},
        .client = sim_engine_client(h->engine, 0),
        .items = SIM_TARGET_ITEMS};
    h->wrong_counts = 0;
    sim_bulk_read_start(&r);
    event_base_dispatch(h->base);
    return h->wrong_counts;
}
