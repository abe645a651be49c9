/*
 * replay_verify.c - reads every item's count at every edge and at central, round after round, until all are
 * right.
 *
 *     round: every target, all items in bulk reads of 200, a few on their way at a time
 *     right: every count is the oracle's and nothing is pending, everywhere, in two rounds running
 *
 * Two rounds, since a round takes a while: that one target was right at its beginning says nothing about its
 * end.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "kudos/limits.h"
#include "sim/replay.h"

enum { WINDOW = 4, PAUSE_MS = 100, READ_MS = 10000 };

typedef struct verifier verifier;

typedef struct {
    verifier *owner;
    kd_replay_target *target;
    uint32_t next; /* item to be asked for next */
    uint32_t in_flight;
} reader;

typedef struct {
    reader *reader;
    uint32_t from, count;
} chunk;

struct verifier {
    const kd_replay_log *log;
    const kd_replay_oracle *oracle;
    struct event_base *base;
    kd_replay_check *check;
    struct event *pause;
    uint64_t until_us;
    uint32_t busy; /* readers that are not through */
    bool agreed;   /* in the round before */
    reader readers[KD_REPLAY_TARGETS_MAX];
};

static void ask(reader *r);
static void end_round(verifier *v);

/* ---- one answer -------------------------------------------------------------------------------------------
 */

/* {"item":...,"counts":{"like":{"count":...,"pending":...}}} */
static int take_item(verifier *v, kd_replay_target *t, uint32_t item, json_t *answer)
{
    const char *name = json_string_value(json_object_get(answer, "item"));
    json_t *like = json_object_get(json_object_get(answer, "counts"), "like");
    json_t *count = json_object_get(like, "count"), *pending = json_object_get(like, "pending");
    if (!name || strcmp(name, kd_names_at(&v->log->items, item)) != 0) return KD_EMALFORMED;
    if (!json_is_integer(count)) return KD_EMALFORMED;
    /* Central has nothing in flight and need not say so. */
    if (pending && (!json_is_integer(pending) || json_integer_value(pending) < 0)) return KD_EMALFORMED;
    uint64_t waiting = (uint64_t)json_integer_value(pending);
    t->counts[item] = json_integer_value(count);
    t->pending += waiting;
    t->read++;
    t->right += waiting == 0 && t->counts[item] == (int64_t)v->oracle->counts[item];
    return KD_OK;
}

static int take_answer(verifier *v, kd_replay_target *t, const chunk *c, kd_bytes body)
{
    json_t *root = json_loadb((const char *)body.data, body.len, JSON_REJECT_DUPLICATES, NULL);
    json_t *items = json_object_get(root, "items");
    int rc = json_array_size(items) == c->count ? KD_OK : KD_EMALFORMED;
    for (uint32_t i = 0; i < c->count && rc == KD_OK; i++)
        rc = take_item(v, t, c->from + i, json_array_get(items, i));
    json_decref(root);
    return rc;
}

static void on_answer(void *arg, int result, int status, const kd_http_response *response)
{
    chunk *c = arg;
    reader *r = c->reader;
    r->in_flight--;
    if (result == KD_OK && status == 200)
        result = take_answer(r->owner, r->target, c, kd_http_response_body(response));
    else if (result == KD_OK)
        result = status;
    if (result != KD_OK && r->target->error == 0) r->target->error = result;
    free(c);
    ask(r);
}

/* ---- rounds -----------------------------------------------------------------------------------------------
 */

static int ask_chunk(reader *r)
{
    verifier *v = r->owner;
    chunk *c = kd_alloc(sizeof *c);
    *c = (chunk){.reader = r, .from = r->next};
    c->count = KD_MIN(v->log->items.count - r->next, (uint32_t)KD_BULK_ITEMS_MAX);
    kd_buf body = {0};
    kd_buf_put(&body, "{\"items\":[", 10);
    for (uint32_t i = 0; i < c->count; i++) {
        char item[KD_ITEM_KEY_MAX + 4]; /* no byte of an item needs an escape */
        int n =
            snprintf(item, sizeof item, "%s\"%s\"", i ? "," : "", kd_names_at(&v->log->items, c->from + i));
        kd_buf_put(&body, item, (size_t)n);
    }
    kd_buf_put(&body, "]}", 2);
    kd_http_client_field type = {kd_bytes_str("content-type"), kd_bytes_str("application/json"), false};
    int rc = kd_http_client_request(r->target->client, "POST", kd_bytes_str("/v1/counts"), &type, 1,
                                    kd_buf_view(&body), on_answer, c, READ_MS);
    kd_buf_finish(&body);
    if (rc != KD_OK) {
        free(c);
        return rc;
    }
    r->next += c->count;
    r->in_flight++;
    return KD_OK;
}

static void ask(reader *r)
{
    while (r->target->error == 0 && r->next < r->owner->log->items.count && r->in_flight < WINDOW) {
        r->target->error = ask_chunk(r);
    }
    if (r->in_flight == 0 && --r->owner->busy == 0) end_round(r->owner);
}

static void begin_round(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    verifier *v = arg;
    v->check->rounds++;
    /* One more than there are: the round ends in this function at the earliest. */
    v->busy = v->check->count + 1;
    for (uint32_t i = 0; i < v->check->count; i++) {
        kd_replay_target *t = &v->check->targets[i];
        t->read = t->right = 0;
        t->pending = 0;
        t->error = 0;
        v->readers[i] = (reader){.owner = v, .target = t};
        ask(&v->readers[i]);
    }
    if (--v->busy == 0) end_round(v);
}

static bool judge(verifier *v)
{
    kd_replay_check *c = v->check;
    uint32_t items = v->log->items.count;
    bool agreed = true;
    c->readable = true;
    for (uint32_t i = 0; i < c->count; i++) {
        c->readable = c->readable && c->targets[i].error == 0;
        agreed = agreed && c->targets[i].error == 0 && c->targets[i].right == items;
    }
    c->wrong_items = 0;
    for (uint32_t item = 0; item < items; item++) {
        bool wrong = false;
        for (uint32_t i = 0; i < c->count; i++)
            wrong = wrong || c->targets[i].counts[item] != (int64_t)v->oracle->counts[item];
        c->wrong_items += wrong;
    }
    return agreed;
}

static void end_round(verifier *v)
{
    const struct timeval pause = {.tv_sec = 0, .tv_usec = PAUSE_MS * 1000};
    bool agreed = judge(v);
    uint64_t now = kd_replay_now_us();
    if (agreed && !v->agreed) v->check->converged_us = now;
    v->check->right = agreed && v->agreed;
    v->agreed = agreed;
    if (v->check->right || (!agreed && now >= v->until_us))
        event_base_loopbreak(v->base);
    else
        event_add(v->pause, &pause);
}

void kd_replay_verify(const kd_replay_log *log, const kd_replay_oracle *oracle, struct event_base *base,
                      kd_replay_check *check, uint64_t until_us)
{
    verifier *v = kd_alloc(sizeof *v);
    *v = (verifier){.log = log, .oracle = oracle, .base = base, .check = check, .until_us = until_us};
    for (uint32_t i = 0; i < check->count; i++) {
        check->targets[i].counts = kd_alloc((log->items.count + 1) * sizeof(int64_t));
    }
    v->pause = evtimer_new(base, begin_round, v);
    KD_ASSERT(v->pause != NULL);
    event_active(v->pause, 0, 0);
    event_base_dispatch(base);
    event_free(v->pause);
    free(v);
}

void kd_replay_check_finish(kd_replay_check *check)
{
    for (uint32_t i = 0; i < check->count; i++) free(check->targets[i].counts);
}
