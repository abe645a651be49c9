/* crowd.c - see the header. A queue of whole crowds would be longer than it is useful: each post has a number of likes that still wait. */
#include "sim/playground/crowd.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/io/loop/clock.h"
#include "sim/client/engine.h"

enum {
    LANES = 64,
    TICK_US = 20000,
    PER_TICK = 5,
    DEADLINE_MS = 3000,
    BACKOFF_MIN_US = 100000,
    BACKOFF_MAX_US = 2000000,
    TEXT_MAX = 96
};

typedef struct {
    sim_lane lane; /* first: the engine gives it back */
    uint64_t number;
    uint32_t post, region;
    uint64_t tap; /* the truth's number */
} crowd_slot;

struct sim_crowd {
    sim_engine *engine;
    struct event *tick;
    sim_truth *truth;
    uint32_t region_count;
    uint64_t run, next; /* number of the next user */
    uint32_t waiting[SIM_TRUTH_POSTS];
    sim_crowd_counts counts;
    crowd_slot slots[LANES];
    char path[TEXT_MAX], user[TEXT_MAX], key[TEXT_MAX];
};

static bool crowd_describe(void *arg, sim_lane *lane, sim_lane_request *q)
{
    sim_crowd *c = arg;
    const crowd_slot *s = (const crowd_slot *)lane;
    unsigned long long number = s->number, run = c->run;
    int path = snprintf(c->path, sizeof c->path, "/v1/%s/like", sim_truth_posts[s->post]);
    int user = snprintf(c->user, sizeof c->user, "crowd-%llx-%llu", run, number);
    int key = snprintf(c->key, sizeof c->key, "%llx-%llu", run, number);
    if (lane->attempts > 0) sim_truth_again(c->truth, s->tap, kd_clock_mono_us());
    *q = (sim_lane_request){.server = s->region,
                            .method = "POST",
                            .path = kd_bytes_of(c->path, (size_t)path),
                            .user = kd_bytes_of(c->user, (size_t)user),
                            .key = kd_bytes_of(c->key, (size_t)key)};
    return true;
}

static void crowd_answered(void *arg, sim_lane *lane, const sim_lane_answer *a)
{
    sim_crowd *c = arg;
    const crowd_slot *s = (const crowd_slot *)lane;
    bool taken = a->result == KD_OK && sim_answer_acks(a->status);
    if (a->result != KD_OK || sim_answer_worth_retrying(a->status)) {
        sim_lane_retry(lane, a->response ? sim_answer_retry_after_us(a->response) : 0);
        return;
    }
    sim_truth_answered(c->truth, s->tap, taken, a->at_us);
    c->counts.acked += taken;
    sim_lane_free(lane);
}

/* False: nobody waits to like this post, or there is no room for another like. */
static bool crowd_start(sim_crowd *c, uint32_t post, uint64_t now_us)
{
    crowd_slot *s = c->waiting[post] ? (crowd_slot *)sim_engine_take(c->engine) : NULL;
    if (!s) return false;
    uint64_t number = c->next++;
    sim_truth_tap tap = {.user = (uint32_t)(SIM_TRUTH_PEOPLE + number),
                         .post = post,
                         .region = (uint32_t)(number % c->region_count),
                         .like = true};
    int64_t id = sim_truth_asked(c->truth, &tap, now_us);
    c->waiting[post]--;
    if (id < 0) {
        sim_lane_free(&s->lane);
        return false;
    }
    s->number = number;
    s->post = post;
    s->region = tap.region;
    s->tap = (uint64_t)id;
    sim_lane_send(&s->lane, now_us);
    return true;
}

static void crowd_fill(void *arg, uint64_t now_us)
{
    sim_crowd *c = arg;
    uint32_t left = PER_TICK;
    for (uint32_t post = 0; post < SIM_TRUTH_POSTS; post++)
        while (left > 0 && crowd_start(c, post, now_us)) left--;
}

static void crowd_on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    const sim_crowd *c = arg;
    sim_engine_tick(c->engine);
}

static int crowd_connect(sim_crowd *c, const sim_region *regions)
{
    char url[SIM_REGION_URL_MAX];
    const kd_http_client_options options = {.connections = 1, .queue_max = LANES, .seed = c->run};
    for (uint32_t i = 0; i < c->region_count; i++) {
        sim_region_url(regions[i].edge, url);
        if (sim_engine_connect(c->engine, i, url, &options) != KD_OK) return KD_EINVAL;
    }
    return KD_OK;
}

sim_crowd *sim_crowd_create(struct event_base *base, const sim_region *regions, uint32_t region_count,
                            sim_truth *truth, uint64_t run)
{
    sim_crowd *c = kd_alloc(sizeof *c);
    c->engine = sim_engine_create(base);
    c->truth = truth;
    c->region_count = region_count;
    c->run = run;
    sim_engine_use(c->engine, &(sim_engine_plan){.arg = c,
                                                 .describe = crowd_describe,
                                                 .answered = crowd_answered,
                                                 .fill = crowd_fill,
                                                 .deadline_ms = DEADLINE_MS,
                                                 .backoff_min_us = BACKOFF_MIN_US,
                                                 .backoff_max_us = BACKOFF_MAX_US,
                                                 .seed = run});
    for (uint32_t i = 0; i < LANES; i++) {
        c->slots[i].lane.engine = c->engine;
        sim_lane_free(&c->slots[i].lane);
    }
    c->tick = event_new(base, -1, EV_PERSIST, crowd_on_tick, c);
    KD_ASSERT(c->tick != NULL);
    event_add(c->tick, &(struct timeval){.tv_usec = TICK_US});
    if (crowd_connect(c, regions) == KD_OK) return c;
    sim_crowd_destroy(c);
    return NULL;
}

void sim_crowd_destroy(sim_crowd *c)
{
    if (!c) return;
    event_free(c->tick);
    sim_engine_destroy(c->engine);
    free(c);
}

int sim_crowd_send(sim_crowd *c, uint32_t post, uint32_t users)
{
    uint64_t waiting = users;
    KD_ASSERT(post < SIM_TRUTH_POSTS && users <= SIM_CROWD_MAX);
    for (uint32_t i = 0; i < SIM_TRUTH_POSTS; i++) waiting += c->waiting[i];
    if (waiting > KD_MIN((uint32_t)SIM_CROWD_WAITING_MAX, sim_truth_room(c->truth))) return KD_EOVERLOADED;
    c->waiting[post] += users;
    c->counts.wanted += users;
    return KD_OK;
}

sim_crowd_counts sim_crowd_get_counts(const sim_crowd *c)
{
    return c->counts;
}
