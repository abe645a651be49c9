/*
 * clients_send.c - one operation on its way: its requests, their answers, another try, and reading it back.
 *
 * Invariant: an op is freed when it is over and none of its requests is under way; it is over once, and then its user is free, though a late second
 * answer may still come.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/drill/clients_internal.h"
#include "sim/drill/number.h"

enum {
    REQUEST_MS = 2000,
    TRIES = 8,
    TOLD_TRIES = 300, /* what a scenario tells by name is meant to happen */
    BACKOFF_MIN_US = 50000,
    BACKOFF_MAX_US = 1000000,
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

/* Of the edge, or of its twin: while both run, half of what is meant for one comes to the other. */
static kd_http_client *client_of(sim_clients *c, const sim_client_op *o)
{
    sim_fleet *f = c->options.fleet;
    uint32_t slot = o->edge;
    if (f->nodes[FLEET_TWIN + o->edge].wanted && sim_clients_draw(c, DRAW_TWIN, o->number + o->tries) % 2)
        slot = FLEET_TWIN + o->edge;
    if (!c->edges[slot]) {
        char url[64];
        kd_http_client_options options = {.connections = 2,
                                          .deadline_ms = REQUEST_MS,
                                          .connect_ms = REQUEST_MS,
                                          .backoff_min_ms = 20,
                                          .backoff_max_ms = 400,
                                          .queue_max = QUEUE_MAX,
                                          .seed = kd_random_next(&c->random)};
        snprintf(url, sizeof url, "http://127.0.0.1:%u", sim_proxy_link_port(f->nodes[slot].users));
        int rc = kd_http_client_create(&c->edges[slot], f->base, url, &options);
        KD_ASSERT(rc == KD_OK);
    }
    return c->edges[slot];
}

static void clients_send_on_answer(void *arg, int result, int status, const kd_http_response *r);
static void clients_send_on_read(void *arg, int result, int status, const kd_http_response *r);

static int clients_send_ask(sim_client_op *o, const char *method, kd_http_client_cb fn)
{
    sim_clients *c = o->clients;
    const sim_client_user *u = &c->at[o->user];
    char path[KD_ITEM_KEY_MAX + 32], key[48], body[32];
    int path_len = snprintf(path, sizeof path, "/v1/%s/%s", sim_names_at(&c->items, o->item),
                            sim_scenario_counters.at[o->counter].name);
    int key_len = snprintf(key, sizeof key, "%llx-%x", (unsigned long long)c->run, o->number);
    int body_len = snprintf(body, sizeof body, "{\"amount\":%llu}", (unsigned long long)o->amount);
    kd_http_client_field fields[3] = {
        {kd_bytes_str("x-user-id"), kd_bytes_str(sim_names_at(&c->users, o->user)), true}};
    size_t count = 1;
    if (fn == clients_send_on_answer)
        fields[count++] =
            (kd_http_client_field){kd_bytes_str("idempotency-key"), kd_bytes_of(key, (size_t)key_len), true};
    if (u->token_len && c->options.scenario->users.tokens)
        fields[count++] =
            (kd_http_client_field){kd_bytes_str("kudos-session"), kd_bytes_of(u->token, u->token_len), true};
    sim_request *q = kd_alloc(sizeof *q);
    *q = (sim_request){.op = o, .sent_us = clients_send_now_us(c)};
    int rc = kd_http_client_request(
        client_of(c, o), method, kd_bytes_of(path, (size_t)path_len), fields, count,
        fn == clients_send_on_answer && o->verb == KD_ADD ? kd_bytes_of(body, (size_t)body_len)
                                                          : kd_bytes_of(NULL, 0),
        fn, q, REQUEST_MS);
    if (rc != KD_OK) {
        free(q);
        return rc;
    }
    o->open++;
    return KD_OK;
}

/* Another try, or none. */
static void unanswered(sim_client_op *o)
{
    sim_clients *c = o->clients;
    if (o->acked || o->over || o->open > 0) return;
    bool again =
        o->told ? o->tries < TOLD_TRIES
                : o->tries < TRIES && sim_clients_chance(c, DRAW_RETRY, (uint64_t)o->number << 16 | o->tries,
                                                         c->options.scenario->users.retry_percent);
    if (!again || c->forgotten[o->edge] != o->forgotten) {
        clients_send_over(o);
        return;
    }
    uint64_t top = KD_MIN((uint64_t)BACKOFF_MIN_US << KD_MIN(o->tries, 10u), (uint64_t)BACKOFF_MAX_US);
    o->retry_at_us =
        KD_MAX(o->retry_at_us, clients_send_now_us(c) + top / 2 + kd_random_next(&c->random) % top);
    o->next = c->waiting;
    c->waiting = o;
}

static void send_it(sim_client_op *o)
{
    o->tries++;
    o->retry_at_us = 0;
    const char *method = o->verb == KD_UNLIKE ? "DELETE" : "POST";
    if (clients_send_ask(o, method, clients_send_on_answer) != KD_OK)
        sim_journal_refused(o->clients->options.journal, o->attempt);
    sim_clients_changed(o);
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
    send_it(o);
    if (sim_clients_chance(c, DRAW_DOUBLE, o->number, c->options.scenario->users.double_percent)) {
        sim_journal_retried(c->options.journal, o->attempt, now);
        send_it(o);
    }
    o->open--;
    unanswered(o);
    clients_send_release(o);
}

void sim_clients_retry_due(sim_clients *c, uint64_t now)
{
    sim_client_op *o = c->waiting;
    c->waiting = NULL;
    while (o) {
        sim_client_op *next = o->next;
        if (o->retry_at_us > now) {
            o->next = c->waiting;
            c->waiting = o;
        } else if (c->forgotten[o->edge] != o->forgotten) {
            clients_send_over(o);
            clients_send_release(o);
        } else {
            sim_journal_retried(c->options.journal, o->attempt, now);
            sim_clients_changed(o);
            send_it(o);
            unanswered(o);
            clients_send_release(o);
        }
        o = next;
    }
}

/* ---- answers --------------------------------------------------------------------------------------------------- */

/* The JSON that follows "name": in a flat answer, as far as it matters here. */
static bool says(kd_bytes body, const char *what)
{
    return body.len > 0 && memmem(body.data, body.len, what, strlen(what)) != NULL;
}

static void clients_send_keep_token(sim_client_op *o, const kd_http_response *r)
{
    sim_client_user *u = &o->clients->at[o->user];
    kd_bytes token = kd_http_response_header(r, "kudos-session");
    if (token.len == 0 || token.len > sizeof u->token) return;
    memcpy(u->token, token.data, token.len);
    u->token_len = (uint8_t)token.len;
}

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
    clients_send_keep_token(o, r);
    bool right = o->verb == KD_ADD || says(body, o->verb == KD_LIKE ? "\"liked\":true" : "\"liked\":false");
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
        clients_send_ask(o, "GET", clients_send_on_read) == KD_OK) {
        o->reading = true;
        return;
    }
    clients_send_over(o);
}

static bool clients_send_lost(const sim_client_op *o)
{
    const sim_clients *c = o->clients;
    uint64_t number = (uint64_t)o->number << 8 | o->tries << 4 | o->open;
    return sim_clients_chance(c, DRAW_LOST, number, c->options.scenario->users.lost_percent) ||
           sim_clients_chance(c, DRAW_LOST, ~number, c->lost_percent[o->edge]);
}

/* Answers that say that nothing was taken. The others leave that open. */
static bool took_nothing(kd_bytes body)
{
    static const char *const types[] = {"outbox-full", "clock-out-of-bounds", "rate-limited", "key-in-flight",
                                        "edge-retired"};
    for (size_t i = 0; i < KD_COUNT(types); i++) {
        if (says(body, types[i])) return true;
    }
    return false;
}

static void clients_send_refused(sim_client_op *o, int status, const kd_http_response *r)
{
    sim_clients *c = o->clients;
    kd_bytes body = kd_http_response_body(r);
    if (status < 500 && status != 429 && status != 409 && status != 408)
        sim_fleet_fail(c->options.fleet, "answer: %s answered %d: %.*s", c->options.scenario->edges[o->edge],
                       status, (int)KD_MIN(body.len, (size_t)200), body.len ? (const char *)body.data : "");
    c->total.refused +=
        status == 503 || status == 429; /* of a tap that came twice at once one is told so by 409 */
    c->counts[o->edge].refused += status == 503 || status == 429;
    if (took_nothing(body)) sim_journal_refused(c->options.journal, o->attempt);
    sim_clients_changed(o);
    if (status == 503 || status == 429) o->retry_at_us = clients_send_now_us(c) + BACKOFF_MAX_US / 2;
}

static void clients_send_on_answer(void *arg, int result, int status, const kd_http_response *r)
{
    sim_request q = *(sim_request *)arg;
    sim_client_op *o = q.op;
    sim_clients *c = o->clients;
    free(arg);
    o->open--;
    if (!c->options.journal) { /* the drill is over */
        if (o->open == 0) free(o);
        return;
    }
    if (result != KD_OK)
        sim_journal_thawed(c->options.journal, o->edge, q.sent_us,
                           clients_send_now_us(c)); /* it may have been taken until now */
    else if (status >= 200 && status < 300 && (o->acked || !clients_send_lost(o)))
        acknowledged(o, r);
    else if (status >= 300)
        clients_send_refused(o, status, r);
    unanswered(o);
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
                             .reading = true,
                             .forgotten = c->forgotten[edge]};
        if (!certain(o) || clients_send_ask(o, "GET", clients_send_on_read) != KD_OK) {
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

static void clients_send_on_read(void *arg, int result, int status, const kd_http_response *r)
{
    sim_request q = *(sim_request *)arg;
    sim_client_op *o = q.op;
    sim_clients *c = o->clients;
    free(arg);
    o->open--;
    if (!c->options.journal) {
        if (o->open == 0) free(o);
        return;
    }
    if (result == KD_OK && status == 200) {
        kd_bytes body = kd_http_response_body(r);
        c->total.reads++;
        if (says(body, o->verb == KD_LIKE ? "\"liked\":false" : "\"liked\":true") && certain(o))
            sim_fleet_fail(c->options.fleet,
                           "read-your-writes: %s %s %s at %s, was answered 2xx, and read there %.*s",
                           sim_names_at(&c->users, o->user), o->verb == KD_LIKE ? "liked" : "unliked",
                           sim_names_at(&c->items, o->item), c->options.scenario->edges[o->edge],
                           (int)KD_MIN(body.len, (size_t)200), (const char *)body.data);
    }
    clients_send_over(o);
    clients_send_release(o);
}
