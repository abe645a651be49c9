/*
 * clients_send.c - one operation on its way: its requests, their answers, another try, and reading it back.
 *
 * The engine (sim/client/engine.h) carries the requests, the back-off and the next try. Here is what only drills do: the journal, double taps, twins, lost
 * answers, and reading back.
 *
 * Invariant: an op is freed when it is over and none of its requests is under way; it is over once, and then its user is free, though a late second
 * answer may still come.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/io/loop/clock.h"
#include "sim/drill/clients_internal.h"
#include "sim/drill/number.h"

enum {
    REQUEST_MS = 2000,
    TRIES = 8,
    TOLD_TRIES = 300, /* what a scenario tells by name is meant to happen */
    BACKOFF_MIN_US = 75000,
    BACKOFF_MAX_US = 1500000,
    REST_US = 250000, /* besides the back-off, after a 503 or 429 */
    READ_PERCENT = 20,
    LOOK_BACK = 300, /* attempts */
    QUEUE_MAX = 4096,
};

static uint64_t clients_send_now_us(const sim_clients *c)
{
    return sim_fleet_now_us(c->options.fleet);
}

static void clients_send_release(sim_client_op *o)
{
    if (o->over && o->open == 0) free(o);
}

static void clients_send_over(sim_client_op *o)
{
    sim_clients *c = o->clients;
    if (o->over) return;
    o->over = true;
    if (!o->acked) {
        c->total.unanswered++;
        c->counts[o->edge].unanswered++;
    }
    c->at[o->user].busy = false;
    c->open--;
    c->freed(c, o->user);
}

/* ---- sending --------------------------------------------------------------------------------------------------- */

/* The server of the operation's edge or, while a copy of the edge's directory runs under the same name, in half of the cases the copy (its twin). */
static uint32_t clients_send_server(sim_clients *c, const sim_client_op *o)
{
    sim_fleet *f = c->options.fleet;
    uint32_t slot = o->edge;
    if (f->nodes[FLEET_TWIN + o->edge].wanted && sim_clients_draw(c, DRAW_TWIN, o->number + o->tries) % 2)
        slot = FLEET_TWIN + o->edge;
    if (!sim_engine_client(c->engine, slot)) {
        char url[64];
        kd_http_client_options options = {.connections = 2,
                                          .deadline_ms = REQUEST_MS,
                                          .connect_ms = REQUEST_MS,
                                          .backoff_min_ms = 20,
                                          .backoff_max_ms = 400,
                                          .queue_max = QUEUE_MAX,
                                          .seed = kd_random_next(&c->random)};
        snprintf(url, sizeof url, "http://127.0.0.1:%u", sim_proxy_link_port(f->nodes[slot].users));
        int rc = sim_engine_connect(c->engine, slot, url, &options);
        KD_ASSERT(rc == KD_OK);
    }
    return slot;
}

static sim_client_request *clients_send_new_request(sim_client_op *o, bool reads)
{
    sim_client_request *q = kd_alloc(sizeof *q);
    *q = (sim_client_request){.lane.engine = o->clients->engine, .op = o, .reads = reads};
    return q;
}

/* Enters another try into the journal. False: the edge's new directory does not know the operation's key; the operation is over. */
static bool clients_send_again(sim_client_op *o, uint64_t now)
{
    sim_clients *c = o->clients;
    if (c->forgotten[o->edge] != o->forgotten) {
        clients_send_over(o);
        clients_send_release(o);
        return false;
    }
    sim_journal_retried(c->options.journal, o->attempt, now);
    sim_clients_changed(o);
    return true;
}

/* What an operation's request has and a reading's has not: the verb's method, the Idempotency-Key, the amount of a sum. */
static void clients_send_describe_operation(sim_clients *c, const sim_client_op *o, sim_lane_request *r)
{
    int key = snprintf(c->key, sizeof c->key, "%llx-%x", (unsigned long long)c->run, o->number);
    int body = snprintf(c->body, sizeof c->body, "{\"amount\":%llu}", (unsigned long long)o->amount);
    r->method = o->verb == KD_UNLIKE ? "DELETE" : "POST";
    r->key = kd_bytes_of(c->key, (size_t)key);
    if (o->verb == KD_ADD) r->body = kd_bytes_of(c->body, (size_t)body);
}

static bool clients_send_describe(void *arg, sim_lane *lane, sim_lane_request *r)
{
    sim_clients *c = arg;
    sim_client_request *q = (sim_client_request *)lane;
    sim_client_op *o = q->op;
    q->sent_us = clients_send_now_us(c);
    if (lane->attempts > 0 && !clients_send_again(o, q->sent_us)) {
        free(q);
        return false;
    }
    o->open++;
    o->tries += !q->reads;
    int path = snprintf(c->path, sizeof c->path, "/v1/%s/%s", sim_names_at(&c->items, o->item),
                        sim_scenario_counters.at[o->counter].name);
    *r = (sim_lane_request){.server = clients_send_server(c, o),
                            .method = "GET",
                            .path = kd_bytes_of(c->path, (size_t)path),
                            .user = kd_bytes_str(sim_names_at(&c->users, o->user))};
    if (!q->reads) clients_send_describe_operation(c, o, r);
    if (c->options.scenario->users.tokens) r->session = sim_session_view(&c->at[o->user].session);
    return true;
}

static void clients_send_operation(sim_client_op *o)
{
    sim_lane_send(&clients_send_new_request(o, false)->lane, kd_clock_mono_us());
}

/* Sends a request that reads back what the user did. False: it could not be sent, and no answer will come. */
static bool clients_send_reading(sim_client_op *o)
{
    uint32_t open = o->open;
    sim_lane_send(&clients_send_new_request(o, true)->lane, kd_clock_mono_us());
    return o->open > open;
}

/* A request had no answer: tries the operation again after a back-off, or gives it up. `q` is the request that ended, which carries the next try or
 * is freed; NULL: it is freed already. */
static void clients_send_unanswered(sim_client_op *o, sim_client_request *q)
{
    sim_clients *c = o->clients;
    bool again = false;
    if (!o->acked && !o->over && o->open == 0) {
        again = o->told ? o->tries < TOLD_TRIES
                        : o->tries < TRIES &&
                              sim_clients_chance(c, DRAW_RETRY, (uint64_t)o->number << 16 | o->tries,
                                                 c->options.scenario->users.retry_percent);
        again = again && c->forgotten[o->edge] == o->forgotten;
        if (!again) clients_send_over(o);
    }
    if (!again) {
        free(q);
        return;
    }
    if (!q) q = clients_send_new_request(o, false);
    q->lane.attempts = o->tries;
    sim_lane_retry(&q->lane, o->rest_us);
    o->rest_us = 0;
}

void sim_clients_begin(sim_clients *c, sim_client_op *o)
{
    uint64_t now = clients_send_now_us(c);
    sim_journal_attempt a = {.user = o->user,
                             .item = o->item,
                             .edge = o->edge,
                             .counter = o->counter,
                             .verb = o->verb,
                             .amount = o->verb == KD_ADD ? o->amount : 0,
                             .first_us = now,
                             .issued_us = now};
    o->forgotten = c->forgotten[o->edge];
    o->attempt = sim_journal_attempted(c->options.journal, &a);
    sim_clients_changed(o);
    c->total.attempted++;
    c->counts[o->edge].attempted++;
    o->open++; /* not over before both were sent */
    clients_send_operation(o);
    if (sim_clients_chance(c, DRAW_DOUBLE, o->number, c->options.scenario->users.double_percent)) {
        sim_journal_retried(c->options.journal, o->attempt, now);
        sim_clients_changed(o);
        clients_send_operation(o);
    }
    o->open--;
    clients_send_unanswered(o, NULL);
    clients_send_release(o);
}

/* ---- answers --------------------------------------------------------------------------------------------------- */

/*
 * The number in an answer to an operation is as the API says, and rests on one of central's. A known number without an age has been stale for two
 * missed snapshots: an edge that has told no age yet cannot have one, and invented it.
 */
static bool number_sound(const sim_client_op *o, kd_bytes body)
{
    bool *heard = &o->clients->heard[o->edge];
    sim_told_number n;
    json_t *answer = body.len ? json_loadb((const char *)body.data, body.len, 0, NULL) : NULL;
    bool sound = sim_number_read(answer, answer, &n) && (!n.known || n.made || *heard);
    *heard |= sound && n.made;
    json_decref(answer);
    return sound;
}

static void acknowledged(sim_client_op *o, const kd_http_response *r)
{
    sim_clients *c = o->clients;
    kd_bytes body = kd_http_response_body(r);
    if (o->acked) return;
    o->acked = true;
    sim_journal_acked(c->options.journal, o->attempt, clients_send_now_us(c));
    sim_clients_changed(o);
    c->total.acked++;
    c->counts[o->edge].acked++;
    sim_session_keep(&c->at[o->user].session, r);
    bool liked,
        right = o->verb == KD_ADD || (sim_answer_liked(body, &liked) && liked == (o->verb == KD_LIKE));
    if (!right || !number_sound(o, body))
        sim_fleet_fail(c->options.fleet, "answer: %s of %s by %s at %s was answered %.*s",
                       o->verb == KD_ADD    ? "sum"
                       : o->verb == KD_LIKE ? "like"
                                            : "unlike",
                       sim_names_at(&c->items, o->item), sim_names_at(&c->users, o->user),
                       c->options.scenario->edges[o->edge], (int)KD_MIN(body.len, (size_t)200),
                       body.len ? (const char *)body.data : "");
    if (o->over) return;
    if (o->verb != KD_ADD && sim_clients_chance(c, DRAW_READ, o->number, READ_PERCENT) &&
        clients_send_reading(o))
        return;
    clients_send_over(o);
}

static bool clients_send_lost(const sim_client_op *o)
{
    const sim_clients *c = o->clients;
    uint64_t number = (uint64_t)o->number << 8 | o->tries << 4 | o->open;
    return sim_clients_chance(c, DRAW_LOST, number, c->options.scenario->users.lost_percent) ||
           sim_clients_chance(c, DRAW_LOST, ~number, c->lost_percent[o->edge]);
}

static void clients_send_refused(sim_client_op *o, int status, const kd_http_response *r)
{
    sim_clients *c = o->clients;
    kd_bytes body = kd_http_response_body(r);
    bool closed = status == 403 && sim_answer_took_nothing(body) &&
                  sim_journal_may_be_closed(c->options.journal, o->item);
    bool refused =
        status == 503 || status == 429 || closed; /* of a tap that came twice at once one is told so by 409 */
    if (!sim_answer_worth_retrying(status) && !closed)
        sim_fleet_fail(c->options.fleet, "answer: %s answered %d: %.*s", c->options.scenario->edges[o->edge],
                       status, (int)KD_MIN(body.len, (size_t)200), body.len ? (const char *)body.data : "");
    c->total.refused += refused;
    c->counts[o->edge].refused += refused;
    if (sim_answer_took_nothing(body)) sim_journal_refused(c->options.journal, o->attempt);
    sim_clients_changed(o);
    if (refused) o->rest_us = REST_US;
}

static void clients_send_on_answer(sim_client_request *q, const sim_lane_answer *a)
{
    sim_client_op *o = q->op;
    sim_clients *c = o->clients;
    if (!a->sent) {
        sim_journal_refused(c->options.journal, o->attempt);
        sim_clients_changed(o);
    } else if (a->result != KD_OK) {
        sim_journal_thawed(c->options.journal, o->edge, q->sent_us,
                           clients_send_now_us(c)); /* it may have been taken until now */
    } else if (sim_answer_acks(a->status) && (o->acked || !clients_send_lost(o))) {
        acknowledged(o, a->response);
    } else if (a->status >= 300) {
        clients_send_refused(o, a->status, a->response);
    }
    clients_send_unanswered(o, q);
    clients_send_release(o);
}

/* ---- reading back ---------------------------------------------------------------------------------------------- */

static bool certain(const sim_client_op *o);

/* Nobody has said anything about the pair since. */
static bool last_word(const sim_journal *j, uint32_t id)
{
    const sim_journal_attempt *a = sim_journal_at(j, id);
    for (uint32_t later = id + 1; later < sim_journal_count(j); later++) {
        const sim_journal_attempt *b = sim_journal_at(j, later);
        if (b->user == a->user && b->item == a->item && b->counter == a->counter) return false;
    }
    return true;
}

void sim_clients_recheck(sim_clients *c, uint32_t edge, uint32_t most)
{
    uint32_t looked = 0, asked = 0;
    for (uint32_t id = sim_journal_count(c->options.journal); id-- > 0 && asked < most && looked < LOOK_BACK;
         looked++) {
        const sim_journal_attempt *a = sim_journal_at(c->options.journal, id);
        /* A row of before may be what an older copy had. */
        if (a->edge != edge || a->acked_us <= c->forgotten_us[edge] || a->excused || a->verb == KD_ADD ||
            c->at[a->user].busy || !last_word(c->options.journal, id))
            continue;
        sim_client_op *o = kd_alloc(sizeof *o);
        *o = (sim_client_op){.clients = c,
                             .number = c->number++,
                             .user = a->user,
                             .item = a->item,
                             .counter = a->counter,
                             .edge = edge,
                             .verb = a->verb,
                             .acked = true,
                             .forgotten = c->forgotten[edge]};
        if (!certain(o) || !clients_send_reading(o)) {
            free(o);
            continue;
        }
        c->at[a->user].busy = true;
        c->open++;
        asked++;
    }
}

/* Whether the user's last word is certain, and was his word at this edge, which still has its directory to itself. */
static bool certain(const sim_client_op *o)
{
    const sim_clients *c = o->clients;
    const sim_fleet *f = c->options.fleet;
    bool settled;
    sim_oracle_verdict wanted = o->verb == KD_LIKE ? ORACLE_MUST : ORACLE_MUST_NOT;
    return sim_journal_pair(c->options.journal, o->counter, o->item, o->user, clients_send_now_us(c),
                            &settled) == wanted &&
           settled && c->forgotten[o->edge] == o->forgotten && !f->nodes[FLEET_TWIN + o->edge].wanted;
}

static void clients_send_on_read(sim_client_request *q, const sim_lane_answer *a)
{
    sim_client_op *o = q->op;
    sim_clients *c = o->clients;
    free(q);
    if (!a->sent) return;
    if (a->result == KD_OK && a->status == 200) {
        kd_bytes body = kd_http_response_body(a->response);
        bool liked;
        c->total.reads++;
        if (sim_answer_liked(body, &liked) && liked != (o->verb == KD_LIKE) && certain(o))
            sim_fleet_fail(c->options.fleet,
                           "read-your-writes: %s %s %s at %s, was answered 2xx, and read there %.*s",
                           sim_names_at(&c->users, o->user), o->verb == KD_LIKE ? "liked" : "unliked",
                           sim_names_at(&c->items, o->item), c->options.scenario->edges[o->edge],
                           (int)KD_MIN(body.len, (size_t)200), (const char *)body.data);
    }
    clients_send_over(o);
    clients_send_release(o);
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

/* The drill is over: nothing is judged any more. */
static void clients_send_free(sim_client_request *q)
{
    if (q->op->open == 0) free(q->op);
    free(q);
}

static void clients_send_answered(void *arg, sim_lane *lane, const sim_lane_answer *a)
{
    const sim_clients *c = arg;
    sim_client_request *q = (sim_client_request *)lane;
    q->op->open--;
    if (!c->options.journal)
        clients_send_free(q);
    else if (q->reads)
        clients_send_on_read(q, a);
    else
        clients_send_on_answer(q, a);
}

void sim_clients_open(sim_clients *c)
{
    c->engine = sim_engine_create(c->options.fleet->base);
    sim_engine_use(c->engine, &(sim_engine_plan){.arg = c,
                                                 .describe = clients_send_describe,
                                                 .answered = clients_send_answered,
                                                 .deadline_ms = REQUEST_MS,
                                                 .backoff_min_us = BACKOFF_MIN_US,
                                                 .backoff_max_us = BACKOFF_MAX_US,
                                                 .seed = c->options.seed});
}

void sim_clients_close(sim_clients *c)
{
    sim_lane *lane;
    c->options.journal = NULL; /* what ends now is nobody's answer */
    while ((lane = sim_engine_drop_waiting(c->engine)) != NULL) clients_send_free((sim_client_request *)lane);
    sim_engine_destroy(c->engine);
}
