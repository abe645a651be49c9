/*
 * replay_driver.c - sends the events: one user's strictly one after the other, different users' at the same
 * time.
 *
 *     events   e0 e1 e2 e3 | e4 e5 ...       left of the cursor: released
 *     user     next: its first event without an answer; busy: that one is on its way
 *     slot     one event on its way, with its attempts; as many as the connections carry
 *
 * Invariant: the next event of a user who is not busy lies at or right of the cursor. So an event is started
 * either by the cursor or, when the user was busy, by the answer to the one before. A slot's event is tried
 * again with the same Idempotency-Key at the same edge until it is answered: what a timeout left behind there
 * is told from a new like by the key alone. Which edge an event goes to and which answers get lost depend on
 * the seed, not on timing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/io/loop/clock.h"
#include "kudos/id.h"
#include "kudos/limits.h"
#include "sim/replay/replay.h"

enum {
    NONE = UINT32_MAX,
    TOKEN_MAX = 2 * KD_SESSION_TOKEN_MAX,
    TICK_US = 2000,
    ATTEMPT_MS = 5000,
    BACKOFF_MIN_MS = 20,
    BACKOFF_MAX_MS = 2000,
    RETRY_AFTER_MAX_S = 30,
    MOVES_ONE_IN = 16, /* events per move of a user, with --spread user */
};

typedef struct {
    uint32_t next;
    bool busy, settled;
    uint8_t edge, token_len;
    char token[TOKEN_MAX];
} replay_driver_user;

typedef struct replay_driver_slot {
    struct replay_driver_slot *next; /* among the idle, or among those that wait for another try */
    struct driver *driver;
    uint32_t event, attempts;
    uint8_t edge;
    uint64_t first_us, retry_at_us;
} replay_driver_slot;

typedef struct driver {
    const sim_replay_plan *plan;
    const sim_replay_log *log;
    struct event_base *base;
    kd_http_client *const *edges;
    sim_replay_sent *sent;
    replay_driver_user *users;
    uint32_t *following; /* per event: the next one of the same user */
    uint32_t cursor;
    replay_driver_slot *slots, *idle, *waiting;
    uint32_t in_flight, retrying;
    uint64_t run;    /* makes keys of different runs different */
    uint64_t random; /* of the jitter */
} driver;

static void attempt(replay_driver_slot *s);
static void fill(driver *d);

static uint64_t driver_chance(const driver *d, uint64_t a, uint64_t b)
{
    uint64_t state = d->plan->seed * 0x9e3779b97f4a7c15u ^ a * 0xd6e8feb86659fd93u ^ b;
    return kd_random_next(&state);
}

static void give_up(driver *d, const char *why)
{
    if (!d->sent->stopped) snprintf(d->sent->why, sizeof d->sent->why, "%s", why);
    d->sent->stopped = true;
}

static void leave_if_done(driver *d)
{
    bool all = d->cursor == d->log->count && d->retrying == 0;
    if (d->in_flight == 0 && (all || d->sent->stopped)) event_base_loopbreak(d->base);
}

/* ---- one event --------------------------------------------------------------------------------------------
 */

static uint8_t edge_of(driver *d, uint32_t event)
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

static void driver_start(driver *d, replay_driver_slot *s, uint32_t event)
{
    replay_driver_user *u = &d->users[d->log->events[event].user];
    KD_ASSERT(!u->busy && u->next == event);
    u->busy = true;
    s->event = event;
    s->attempts = 0;
    s->edge = edge_of(d, event);
    s->first_us = kd_clock_mono_us();
    attempt(s);
}

static void idle(replay_driver_slot *s)
{
    s->next = s->driver->idle;
    s->driver->idle = s;
}

/* The event is done with; its user's next one follows at once if the cursor has passed it. */
static void driver_finish(replay_driver_slot *s)
{
    driver *d = s->driver;
    replay_driver_user *u = &d->users[d->log->events[s->event].user];
    u->busy = false;
    u->next = d->following[s->event];
    if (u->next < d->cursor && !d->sent->stopped)
        driver_start(d, s, u->next);
    else
        idle(s);
    fill(d);
    leave_if_done(d);
}

static void retry(replay_driver_slot *s, uint64_t at_least_ms)
{
    driver *d = s->driver;
    uint64_t top = KD_MIN((uint64_t)BACKOFF_MIN_MS << KD_MIN(s->attempts, 10u), (uint64_t)BACKOFF_MAX_MS);
    uint64_t wait_ms = at_least_ms + top / 2 + kd_random_next(&d->random) % (top / 2 + 1);
    uint64_t now = kd_clock_mono_us();
    if (now - s->first_us > d->plan->timeout_s * 1000000) {
        char why[200];
        snprintf(why, sizeof why, "no answer within %llu s from %s", (unsigned long long)d->plan->timeout_s,
                 d->plan->edges.at[s->edge]);
        give_up(d, why);
    }
    d->sent->retries++;
    d->retrying++;
    s->retry_at_us = now + wait_ms * 1000;
    s->next = d->waiting;
    d->waiting = s;
    leave_if_done(d);
}

/* ---- answers ----------------------------------------------------------------------------------------------
 */

static uint64_t retry_after_ms(const kd_http_response *r)
{
    kd_bytes text = kd_http_response_header(r, "retry-after");
    uint64_t seconds = 0;
    for (size_t i = 0; i < text.len && text.data[i] >= '0' && text.data[i] <= '9'; i++) {
        seconds = KD_MIN(seconds * 10 + (uint64_t)(text.data[i] - '0'), (uint64_t)RETRY_AFTER_MAX_S);
    }
    return seconds * 1000;
}

/* Whether the answer says "liked" as asked. No id can hold a quote, so the name is found only where it is a
 * name. */
static bool confirms(kd_bytes body, bool liked)
{
    static const char name[] = "\"liked\":";
    const uint8_t *at = body.len ? memmem(body.data, body.len, name, sizeof name - 1) : NULL;
    if (!at) return false;
    at += sizeof name - 1;
    const uint8_t *end = body.data + body.len;
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
    const char *word = liked ? "true" : "false";
    return (size_t)(end - at) >= strlen(word) && memcmp(at, word, strlen(word)) == 0;
}

static void driver_keep_token(driver *d, const replay_driver_slot *s, const kd_http_response *r)
{
    kd_bytes token = kd_http_response_header(r, "kudos-session");
    replay_driver_user *u = &d->users[d->log->events[s->event].user];
    if (token.len == 0 || token.len > TOKEN_MAX) return;
    memcpy(u->token, token.data, token.len);
    u->token_len = (uint8_t)token.len;
}

static void driver_acknowledge(replay_driver_slot *s, const kd_http_response *r)
{
    driver *d = s->driver;
    double draw = (double)(driver_chance(d, s->event, 1000 + s->attempts) >> 11) * 0x1p-53;
    if (draw < d->plan->lost) {
        d->sent->lost++;
        retry(s, 0);
        return;
    }
    if (!confirms(kd_http_response_body(r), d->log->events[s->event].liked)) d->sent->contradictions++;
    driver_keep_token(d, s, r);
    d->sent->acked++;
    d->sent->last_ack_us = kd_clock_mono_us();
    driver_finish(s);
}

static bool worth_retrying(int status)
{
    return status == 429 || status == 409 || status == 408 || status >= 500;
}

static void driver_refused(replay_driver_slot *s, int status, const kd_http_response *r)
{
    driver *d = s->driver;
    kd_bytes body = kd_http_response_body(r);
    char why[256];
    snprintf(why, sizeof why, "%s answered %d: %.*s", d->plan->edges.at[s->edge], status,
             (int)KD_MIN(body.len, (size_t)160), body.len ? (const char *)body.data : "");
    give_up(d, why);
    driver_finish(s);
}

static void driver_on_answer(void *arg, int result, int status, const kd_http_response *r)
{
    replay_driver_slot *s = arg;
    driver *d = s->driver;
    d->in_flight--;
    if (result == KD_OK) d->sent->reached = true;
    if (result == KD_OK && status >= 200 && status < 300)
        driver_acknowledge(s, r);
    else if (result == KD_OK && !worth_retrying(status))
        driver_refused(s, status, r);
    else
        retry(s, result == KD_OK ? retry_after_ms(r) : 0);
}

/* ---- sending ----------------------------------------------------------------------------------------------
 */

static void attempt(replay_driver_slot *s)
{
    driver *d = s->driver;
    const sim_replay_event *e = &d->log->events[s->event];
    const replay_driver_user *u = &d->users[e->user];
    char path[KD_ITEM_KEY_MAX + 16], key[48];
    int path_len = snprintf(path, sizeof path, "/v1/%s/like", sim_names_at(&d->log->items, e->item));
    int key_len = snprintf(key, sizeof key, "%llx-%x", (unsigned long long)d->run, s->event);
    kd_http_client_field fields[] = {
        {kd_bytes_str("x-user-id"), kd_bytes_str(sim_names_at(&d->log->users, e->user)), true},
        {kd_bytes_str("idempotency-key"), kd_bytes_of(key, (size_t)key_len), true},
        {kd_bytes_str("kudos-session"), kd_bytes_of(u->token, u->token_len), true},
    };
    s->attempts++;
    int rc = kd_http_client_request(d->edges[s->edge], e->liked ? "POST" : "DELETE",
                                    kd_bytes_of(path, (size_t)path_len), fields, u->token_len ? 3 : 2,
                                    kd_bytes_of(NULL, 0), driver_on_answer, s, ATTEMPT_MS);
    if (rc == KD_OK)
        d->in_flight++;
    else
        retry(s, 0);
}

static bool driver_due(const driver *d, uint32_t event, uint64_t now_us)
{
    if (d->plan->speed <= 0) return true;
    uint64_t at = d->log->events[event].at_ms, first = d->log->events[0].at_ms;
    return at <= first ||
           (double)(at - first) * 1000 / d->plan->speed <= (double)(now_us - d->sent->started_us);
}

static void fill(driver *d)
{
    uint64_t now = d->plan->speed > 0 ? kd_clock_mono_us() : 0;
    while (d->idle && d->cursor < d->log->count && !d->sent->stopped && driver_due(d, d->cursor, now)) {
        uint32_t event = d->cursor++;
        if (d->users[d->log->events[event].user].busy) continue;
        replay_driver_slot *s = d->idle;
        d->idle = s->next;
        driver_start(d, s, event);
    }
}

static void driver_on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    driver *d = arg;
    uint64_t now = kd_clock_mono_us();
    replay_driver_slot *s = d->waiting;
    d->waiting = NULL;
    while (s && !d->sent->stopped) {
        replay_driver_slot *next = s->next;
        if (s->retry_at_us <= now) {
            d->retrying--;
            attempt(s);
        } else {
            s->next = d->waiting;
            d->waiting = s;
        }
        s = next;
    }
    fill(d);
    leave_if_done(d);
}

/* ---- the run ----------------------------------------------------------------------------------------------
 */

static void driver_set_up(driver *d)
{
    const sim_replay_log *log = d->log;
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    d->run = (uint64_t)wall.tv_sec * 1000000000 + (uint64_t)wall.tv_nsec;
    d->random = d->run;
    d->users = kd_alloc((log->users.count + 1) * sizeof *d->users);
    d->following = kd_alloc((log->count + 1) * sizeof *d->following);
    for (uint32_t i = 0; i < log->users.count; i++) d->users[i].next = NONE;
    for (uint32_t i = log->count; i-- > 0;) {
        replay_driver_user *u = &d->users[log->events[i].user];
        d->following[i] = u->next;
        u->next = i;
    }
    uint64_t slots = d->plan->edges.count * d->plan->connections * d->plan->streams;
    d->slots = kd_alloc(slots * sizeof *d->slots);
    for (uint64_t i = 0; i < slots; i++) {
        d->slots[i].driver = d;
        idle(&d->slots[i]);
    }
}

void sim_replay_send(const sim_replay_plan *plan, const sim_replay_log *log, struct event_base *base,
                     kd_http_client *const *edges, sim_replay_sent *sent)
{
    const struct timeval tick = {.tv_sec = 0, .tv_usec = TICK_US};
    driver d = {.plan = plan, .log = log, .base = base, .edges = edges, .sent = sent};
    driver_set_up(&d);
    sent->started_us = sent->last_ack_us = kd_clock_mono_us();
    struct event *timer = event_new(base, -1, EV_PERSIST, driver_on_tick, &d);
    KD_ASSERT(timer != NULL);
    event_add(timer, &tick);
    event_base_dispatch(base);
    event_free(timer);
    free(d.users);
    free(d.following);
    free(d.slots);
}
