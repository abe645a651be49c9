/* engine.c - see the header. */
#include "sim/client/engine.h"

#include <stdlib.h>

#include "common/io/loop/clock.h"

enum { FIELDS = 5 }; /* of a request */

struct sim_engine {
    struct event_base *base;
    sim_engine_plan plan;
    kd_http_client *servers[SIM_ENGINE_SERVERS_MAX];
    SLIST_HEAD(sim_lanes, sim_lane) idle, waiting;
    uint32_t in_flight, retrying;
    uint64_t random; /* of the jitter */
    bool running;    /* in sim_engine_run */
};

sim_engine *sim_engine_create(struct event_base *base)
{
    sim_engine *e = kd_alloc(sizeof *e);
    *e = (sim_engine){.base = base};
    return e;
}

void sim_engine_destroy(sim_engine *e)
{
    if (!e) return;
    for (uint32_t i = 0; i < SIM_ENGINE_SERVERS_MAX; i++) kd_http_client_destroy(e->servers[i]);
    free(e);
}

int sim_engine_connect(sim_engine *e, uint32_t server, const char *url, const kd_http_client_options *options)
{
    KD_ASSERT(server < SIM_ENGINE_SERVERS_MAX && !e->servers[server]);
    return kd_http_client_create(&e->servers[server], e->base, url, options);
}

kd_http_client *sim_engine_client(const sim_engine *e, uint32_t server)
{
    KD_ASSERT(server < SIM_ENGINE_SERVERS_MAX);
    return e->servers[server];
}

void sim_engine_use(sim_engine *e, const sim_engine_plan *plan)
{
    e->plan = *plan;
    e->random = plan->seed;
}

uint32_t sim_engine_retrying(const sim_engine *e)
{
    return e->retrying;
}

/* ---- one attempt ----------------------------------------------------------------------------------------------- */

static bool engine_over(const sim_engine *e)
{
    return e->plan.over && e->plan.over(e->plan.arg);
}

static void engine_leave_if_over(const sim_engine *e)
{
    if (e->running && e->in_flight == 0 && engine_over(e)) event_base_loopbreak(e->base);
}

static void engine_tell(sim_lane *lane, sim_lane_answer *answer)
{
    const sim_engine_plan *plan = &lane->engine->plan;
    answer->at_us = kd_clock_mono_us();
    answer->latency_us = answer->at_us - lane->began_us;
    plan->answered(plan->arg, lane, answer);
}

static void engine_on_answer(void *arg, int result, int status, const kd_http_response *r)
{
    sim_lane *lane = arg;
    sim_engine *e = lane->engine; /* the hook may free the lane */
    sim_lane_answer answer = {.sent = true, .result = result, .status = status, .response = r};
    e->in_flight--;
    engine_tell(lane, &answer);
    engine_leave_if_over(e);
}

/* Names and keys of users come once each: they would only push others out of the header compression's table. */
static size_t engine_fields(const sim_lane_request *q, kd_http_client_field fields[FIELDS])
{
    const kd_http_client_field all[] = {
        {kd_bytes_str("x-user-id"), q->user, true},
        {kd_bytes_str("authorization"), q->token, true},
        {kd_bytes_str("idempotency-key"), q->key, true},
        {kd_bytes_str("kudos-session"), q->session, true},
        {kd_bytes_str("content-type"), q->body.len ? kd_bytes_str("application/json") : kd_bytes_of(NULL, 0),
         false},
    };
    size_t count = 0;
    _Static_assert(KD_COUNT(all) == FIELDS, "there is room for each");
    for (size_t i = 0; i < KD_COUNT(all); i++) {
        if (all[i].value.len > 0) fields[count++] = all[i];
    }
    return count;
}

static void engine_attempt(sim_lane *lane)
{
    sim_engine *e = lane->engine;
    sim_lane_request q = {0};
    kd_http_client_field fields[FIELDS];
    if (!e->plan.describe(e->plan.arg, lane, &q)) return;
    size_t count = engine_fields(&q, fields);
    lane->attempts++;
    int rc = kd_http_client_request(e->servers[q.server], q.method, q.path, fields, count, q.body,
                                    engine_on_answer, lane, e->plan.deadline_ms);
    if (rc == KD_OK)
        e->in_flight++;
    else
        engine_tell(lane, &(sim_lane_answer){.result = rc});
}

/* ---- lanes ----------------------------------------------------------------------------------------------------- */

sim_lane *sim_engine_take(sim_engine *e)
{
    sim_lane *lane = SLIST_FIRST(&e->idle);
    if (lane) SLIST_REMOVE_HEAD(&e->idle, next);
    return lane;
}

void sim_lane_free(sim_lane *lane)
{
    SLIST_INSERT_HEAD(&lane->engine->idle, lane, next);
}

void sim_lane_send(sim_lane *lane, uint64_t began_us)
{
    lane->began_us = began_us;
    lane->attempts = 0;
    engine_attempt(lane);
}

static void engine_wait(sim_lane *lane, uint64_t us, bool resting)
{
    sim_engine *e = lane->engine;
    lane->wake_us = kd_clock_mono_us() + us;
    lane->resting = resting;
    SLIST_INSERT_HEAD(&e->waiting, lane, next);
    e->retrying += !resting;
}

void sim_lane_retry(sim_lane *lane, uint64_t at_least_us)
{
    sim_engine *e = lane->engine;
    uint64_t top = KD_MIN(e->plan.backoff_min_us << KD_MIN(lane->attempts, 10u), e->plan.backoff_max_us);
    engine_wait(lane, at_least_us + top / 2 + kd_random_next(&e->random) % (top / 2 + 1), false);
}

void sim_lane_rest(sim_lane *lane, uint64_t us)
{
    engine_wait(lane, us, true);
}

sim_lane *sim_engine_drop_waiting(sim_engine *e)
{
    sim_lane *lane = SLIST_FIRST(&e->waiting);
    if (!lane) return NULL;
    SLIST_REMOVE_HEAD(&e->waiting, next);
    e->retrying -= !lane->resting;
    return lane;
}

/* engine_attempt may put a lane back into `waiting`; so the list is emptied before the walk. */
static void engine_wake(sim_engine *e, uint64_t now_us)
{
    struct sim_lanes were = e->waiting;
    SLIST_INIT(&e->waiting);
    for (sim_lane *lane; (lane = SLIST_FIRST(&were));) {
        SLIST_REMOVE_HEAD(&were, next);
        if (lane->wake_us > now_us) {
            SLIST_INSERT_HEAD(&e->waiting, lane, next);
        } else if (lane->resting) {
            sim_lane_free(lane);
        } else {
            e->retrying--;
            engine_attempt(lane);
        }
    }
}

/* ---- the run --------------------------------------------------------------------------------------------------- */

void sim_engine_tick(sim_engine *e)
{
    uint64_t now = kd_clock_mono_us();
    if (!engine_over(e)) {
        engine_wake(e, now);
        if (e->plan.fill) e->plan.fill(e->plan.arg, now);
    }
    engine_leave_if_over(e);
}

static void engine_on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    sim_engine_tick(arg);
}

void sim_engine_run(sim_engine *e, uint64_t tick_us)
{
    const struct timeval every = {.tv_sec = 0, .tv_usec = (suseconds_t)tick_us};
    struct event *timer = event_new(e->base, -1, EV_PERSIST, engine_on_tick, e);
    KD_ASSERT(timer != NULL);
    e->running = true;
    event_add(timer, &every);
    event_base_dispatch(e->base);
    event_free(timer);
    e->running = false;
}
