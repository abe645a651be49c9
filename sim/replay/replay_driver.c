/*
 * replay_driver.c - sends the events: one user's strictly one after the other, different users' at the same
 * time.
 *
 *     events   e0 e1 e2 e3 | e4 e5 ...       left of the cursor: released
 *     user     next: its first event without an answer; busy: that event is on its way
 *     slot     a lane of the engine with one event on its way; as many as the connections carry
 *
 * Invariant: the next event of a user who is not busy lies at or right of the cursor. So an event is started
 * either by the cursor or, when the user was busy, by the answer to the user's event before it.
 *
 * An edge may have taken an event whose answer was lost. The Idempotency-Key alone tells that event from a new like, and only the edge that took it
 * knows the key. So an event is tried again with the same key at the same edge until it is answered.
 *
 * Which edge an event goes to and which answers get lost depend on the seed, not on timing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/io/loop/clock.h"
#include "kudos/id.h"
#include "sim/replay/replay.h"

enum {
    NONE = UINT32_MAX,
    TICK_US = 2000,
    ATTEMPT_MS = 5000,
    BACKOFF_MIN_US = 20000,
    BACKOFF_MAX_US = 2000000,
    MOVES_ONE_IN = 16, /* events per move of a user, with --spread user */
};

typedef struct {
    uint32_t next;
    bool busy, settled; /* settled: `edge` was chosen */
    uint8_t edge;
    sim_session session;
} replay_driver_user;

typedef struct {
    sim_lane lane; /* first: the engine's pointer to it is one to the slot */
    uint32_t event;
    uint8_t edge;
} replay_driver_slot;

typedef struct {
    const sim_replay_plan *plan;
    const sim_replay_log *log;
    sim_engine *engine;
    sim_replay_sent *sent;
    replay_driver_user *users;
    uint32_t *following; /* per event: the next event of the same user */
    uint32_t cursor;
    replay_driver_slot *slots;
    uint64_t run;                             /* makes keys of different runs different */
    char path[KD_ITEM_KEY_MAX + 16], key[48]; /* of the request that is being described */
} replay_driver;

static void driver_fill(replay_driver *d);

/* A random number that depends on seed, a and b alone, not on the timing. */
static uint64_t driver_chance(const replay_driver *d, uint64_t a, uint64_t b)
{
    uint64_t state = d->plan->seed * 0x9e3779b97f4a7c15u ^ a * 0xd6e8feb86659fd93u ^ b;
    return kd_random_next(&state);
}

/* Sends no more. The first reason is kept. */
static void driver_give_up(replay_driver *d, const char *why)
{
    if (!d->sent->stopped) snprintf(d->sent->why, sizeof d->sent->why, "%s", why);
    d->sent->stopped = true;
}

static bool driver_over(void *arg)
{
    const replay_driver *d = arg;
    return d->sent->stopped || (d->cursor == d->log->count && sim_engine_retrying(d->engine) == 0);
}

static replay_driver_user *driver_user_of(replay_driver *d, const replay_driver_slot *s)
{
    return &d->users[d->log->events[s->event].user];
}

/* ---- one event ------------------------------------------------------------------------------------------------- */

static uint8_t driver_choose_edge(replay_driver *d, uint32_t event)
{
    uint32_t number = d->log->events[event].user, edges = d->plan->edges.count;
    replay_driver_user *u = &d->users[number];
    if (d->plan->spread == KD_SPREAD_RANDOM) return (uint8_t)(driver_chance(d, event, 1) % edges);
    bool moves = d->plan->spread == KD_SPREAD_USER && driver_chance(d, event, 2) % MOVES_ONE_IN == 0;
    if (!u->settled || moves) {
        kd_bytes name = kd_bytes_str(sim_names_at(&d->log->users, number));
        u->edge = (uint8_t)(driver_chance(d, kd_hash(name), moves ? event + 4ull : 3) % edges);
        u->settled = true;
    }
    return u->edge;
}

static void driver_start(replay_driver *d, replay_driver_slot *s, uint32_t event)
{
    s->event = event;
    replay_driver_user *u = driver_user_of(d, s);
    KD_ASSERT(!u->busy && u->next == event);
    u->busy = true;
    s->edge = driver_choose_edge(d, event);
    sim_lane_send(&s->lane, kd_clock_mono_us());
}

/* The event is done with; its user's next one follows at once if the cursor has passed it. */
static void driver_finish(replay_driver *d, replay_driver_slot *s)
{
    replay_driver_user *u = driver_user_of(d, s);
    u->busy = false;
    u->next = d->following[s->event];
    if (u->next < d->cursor && !d->sent->stopped)
        driver_start(d, s, u->next);
    else
        sim_lane_free(&s->lane);
    driver_fill(d);
}

static void driver_retry(replay_driver *d, replay_driver_slot *s, const sim_lane_answer *a,
                         uint64_t at_least_us)
{
    if (a->latency_us > d->plan->timeout_s * 1000000) {
        char why[200];
        snprintf(why, sizeof why, "no answer within %llu s from %s", (unsigned long long)d->plan->timeout_s,
                 d->plan->edges.at[s->edge]);
        driver_give_up(d, why);
    }
    d->sent->retries++;
    sim_lane_retry(&s->lane, at_least_us);
}

/* ---- answers --------------------------------------------------------------------------------------------------- */

static void driver_acknowledge(replay_driver *d, replay_driver_slot *s, const sim_lane_answer *a)
{
    double draw = (double)(driver_chance(d, s->event, 1000 + s->lane.attempts) >> 11) * 0x1p-53;
    if (draw < d->plan->lost) {
        d->sent->lost++;
        driver_retry(d, s, a, 0);
        return;
    }
    bool liked, told = sim_answer_liked(kd_http_response_body(a->response), &liked);
    if (!told || liked != d->log->events[s->event].liked) d->sent->contradictions++;
    sim_session_keep(&driver_user_of(d, s)->session, a->response);
    d->sent->acked++;
    d->sent->last_ack_us = a->at_us;
    driver_finish(d, s);
}

static void driver_refused(replay_driver *d, replay_driver_slot *s, const sim_lane_answer *a)
{
    kd_bytes body = kd_http_response_body(a->response);
    char why[256];
    snprintf(why, sizeof why, "%s answered %d: %.*s", d->plan->edges.at[s->edge], a->status,
             (int)KD_MIN(body.len, (size_t)160), body.len ? (const char *)body.data : "");
    driver_give_up(d, why);
    driver_finish(d, s);
}

static void driver_answered(void *arg, sim_lane *lane, const sim_lane_answer *a)
{
    replay_driver *d = arg;
    replay_driver_slot *s = (replay_driver_slot *)lane;
    if (a->result == KD_OK) d->sent->reached = true;
    if (a->result != KD_OK)
        driver_retry(d, s, a, 0);
    else if (sim_answer_acks(a->status))
        driver_acknowledge(d, s, a);
    else if (sim_answer_worth_retrying(a->status))
        driver_retry(d, s, a, sim_answer_retry_after_us(a->response));
    else
        driver_refused(d, s, a);
}

/* ---- sending --------------------------------------------------------------------------------------------------- */

static bool driver_describe(void *arg, sim_lane *lane, sim_lane_request *q)
{
    replay_driver *d = arg;
    const replay_driver_slot *s = (const replay_driver_slot *)lane;
    const sim_replay_event *e = &d->log->events[s->event];
    if (d->sent->stopped) return false; /* the run ends, and frees all slots */
    int path_len = snprintf(d->path, sizeof d->path, "/v1/%s/like", sim_names_at(&d->log->items, e->item));
    int key_len = snprintf(d->key, sizeof d->key, "%llx-%x", (unsigned long long)d->run, s->event);
    *q = (sim_lane_request){.server = s->edge,
                            .method = e->liked ? "POST" : "DELETE",
                            .path = kd_bytes_of(d->path, (size_t)path_len),
                            .user = kd_bytes_str(sim_names_at(&d->log->users, e->user)),
                            .key = kd_bytes_of(d->key, (size_t)key_len),
                            .session = sim_session_view(&d->users[e->user].session)};
    return true;
}

static bool driver_due(const replay_driver *d, uint32_t event, uint64_t now_us)
{
    if (d->plan->speed <= 0) return true;
    uint64_t at = d->log->events[event].at_ms, first = d->log->events[0].at_ms;
    return at <= first ||
           (double)(at - first) * 1000 / d->plan->speed <= (double)(now_us - d->sent->started_us);
}

/* Moves the cursor on while slots are idle. An event of a busy user is only released: the answer to the user's event before it starts it. */
static void driver_fill(replay_driver *d)
{
    uint64_t now = d->plan->speed > 0 ? kd_clock_mono_us() : 0;
    while (d->cursor < d->log->count && !d->sent->stopped && driver_due(d, d->cursor, now)) {
        replay_driver_slot *s = (replay_driver_slot *)sim_engine_take(d->engine);
        if (!s) return;
        uint32_t event = d->cursor++;
        if (d->users[d->log->events[event].user].busy)
            sim_lane_free(&s->lane);
        else
            driver_start(d, s, event);
    }
}

static void driver_on_tick(void *arg, uint64_t now_us)
{
    (void)now_us;
    driver_fill(arg);
}

/* ---- the run --------------------------------------------------------------------------------------------------- */

/* Backwards, so that each event finds its user's next one. */
static void driver_link_events(replay_driver *d)
{
    const sim_replay_log *log = d->log;
    d->users = kd_alloc((log->users.count + 1) * sizeof *d->users);
    d->following = kd_alloc((log->count + 1) * sizeof *d->following);
    for (uint32_t i = 0; i < log->users.count; i++) d->users[i].next = NONE;
    for (uint32_t i = log->count; i-- > 0;) {
        replay_driver_user *u = &d->users[log->events[i].user];
        d->following[i] = u->next;
        u->next = i;
    }
}

static void driver_set_up(replay_driver *d)
{
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    d->run = (uint64_t)wall.tv_sec * 1000000000 + (uint64_t)wall.tv_nsec;
    driver_link_events(d);
    uint64_t slots = d->plan->edges.count * d->plan->connections * d->plan->streams;
    d->slots = kd_alloc(slots * sizeof *d->slots);
    for (uint64_t i = 0; i < slots; i++) {
        d->slots[i].lane.engine = d->engine;
        sim_lane_free(&d->slots[i].lane);
    }
    sim_engine_use(d->engine, &(sim_engine_plan){.arg = d,
                                                 .describe = driver_describe,
                                                 .answered = driver_answered,
                                                 .fill = driver_on_tick,
                                                 .over = driver_over,
                                                 .deadline_ms = ATTEMPT_MS,
                                                 .backoff_min_us = BACKOFF_MIN_US,
                                                 .backoff_max_us = BACKOFF_MAX_US,
                                                 .seed = d->run});
}

void sim_replay_send(const sim_replay_plan *plan, const sim_replay_log *log, sim_engine *engine,
                     sim_replay_sent *sent)
{
    replay_driver d = {.plan = plan, .log = log, .engine = engine, .sent = sent};
    driver_set_up(&d);
    sent->started_us = sent->last_ack_us = kd_clock_mono_us();
    sim_engine_run(engine, TICK_US);
    free(d.users);
    free(d.following);
    free(d.slots);
}
