/*
 * upstream.c - see the header. A question with several URLs is a `upstream_call`, which holds a copy of the request. It lives until its last attempt has
 * ended: an attempt that nobody waits for any more still tells whether its URL answers. `cb` is NULL from the moment it was called.
 */
#include "edge/io/upstream/upstream.h"

#include <stdlib.h>

#include "common/io/loop/clock.h"
#include "edge/io/upstream/central_words.h"
#include "kudos/wire.h"

typedef struct upstream_call upstream_call;

typedef struct {
    upstream_call *call;
    const kd_http_client *client;
    uint32_t slot;
    bool whole; /* had about the whole time of the question */
} upstream_attempt;

struct upstream_call {
    kd_client_deadline patience;
    bool patient; /* `patience` is on the wheel */
    kd_upstream *upstream;
    kd_http_client_cb cb;
    void *arg;
    kd_upstream_question asks; /* its views are into `text` */
    kd_http_client_field fields[KD_HTTP_CLIENT_FIELDS_MAX];
    kd_buf text;
    uint64_t until_ms;
    uint32_t tried; /* slots */
    uint32_t attempts, under_way;
    upstream_attempt at[KD_CENTRALS_TRIES_MAX];
};

/* ---- the request, as each attempt sends it ---- */

static kd_bytes upstream_keep(kd_buf *text, kd_bytes b)
{
    size_t at = text->len;
    kd_buf_put(text, b.data, b.len);
    return kd_bytes_of(text->data + at, b.len);
}

/* Copies what the views of the question show. */
static void upstream_hold(upstream_call *call, const kd_upstream_question *q)
{
    size_t bytes = q->path.len + q->body.len;
    for (size_t i = 0; i < q->field_count; i++) bytes += q->fields[i].name.len + q->fields[i].value.len;
    kd_buf_reserve(&call->text, bytes + 1);
    call->asks = *q;
    call->asks.path = upstream_keep(&call->text, q->path);
    call->asks.body = upstream_keep(&call->text, q->body);
    call->asks.fields = call->fields;
    for (size_t i = 0; i < q->field_count; i++) {
        call->fields[i] = q->fields[i];
        call->fields[i].name = upstream_keep(&call->text, q->fields[i].name);
        call->fields[i].value = upstream_keep(&call->text, q->fields[i].value);
    }
    if (q->led)
        call->fields[call->asks.field_count++] =
            (kd_http_client_field){.name = kd_bytes_str("kudos-ask"), .value = kd_bytes_str("leader")};
}

static int upstream_send(kd_http_client *client, const kd_upstream_question *q, uint32_t deadline_ms,
                         kd_http_client_cb cb, void *arg)
{
    return (q->first ? kd_http_client_request_first : kd_http_client_request)(
        client, q->method, q->path, q->fields, q->field_count, q->body, cb, arg, deadline_ms);
}

static void upstream_ended(kd_upstream *u, const upstream_attempt *a, const kd_central_end *end)
{
    kd_central_links_ended(&u->links, a->slot, a->client, end);
}

static bool upstream_understood(upstream_call *call, int status, const kd_http_response *r)
{
    kd_bytes body = kd_http_response_body(r);
    kd_buf *scratch = &call->upstream->links.scratch;
    if (status != 200) return kd_central_words_problem(body, scratch);
    const char *tells = call->asks.tells;
    /* The core decodes the snapshot, and throws a bad one away. */
    return tells ? kd_central_words_have(body, scratch, tells) : kd_record_peek(body) == KD_RECORD_SNAPSHOT;
}

/* ---- attempts ---- */

static void upstream_let_go(upstream_call *call)
{
    if (call->cb || call->under_way > 0) return;
    KD_ASSERT(!call->patient);
    kd_buf_finish(&call->text);
    free(call);
}

static void upstream_lose_patience(upstream_call *call)
{
    if (call->patient) kd_client_wheel_remove(&call->upstream->patience, &call->patience);
    call->patient = false;
}

static void upstream_be_patient(upstream_call *call, uint64_t left_ms)
{
    kd_upstream *u = call->upstream;
    upstream_lose_patience(call);
    call->patient = true;
    kd_client_wheel_add(&u->patience, &call->patience,
                        call->until_ms - left_ms + kd_centrals_patience_us(left_ms * 1000) / 1000);
}

static void upstream_on_answer(void *arg, int result, int status, const kd_http_response *r);

/* Sends the question to the next slot. KD_OK; KD_EUNAVAILABLE: nobody is left, or no time; another error: no client would take the request. */
static int upstream_send_next(upstream_call *call)
{
    kd_upstream *u = call->upstream;
    uint64_t now_ms = kd_client_now_ms();
    uint32_t slot;
    if (u->ending || now_ms >= call->until_ms) return KD_EUNAVAILABLE;
    while ((slot = kd_centrals_choose(&u->links.centrals, call->asks.partition, call->tried)) !=
           KD_CENTRALS_NONE) {
        upstream_attempt *a = &call->at[call->attempts];
        uint64_t left_ms = call->until_ms - now_ms;
        *a = (upstream_attempt){call, u->links.at[slot], slot, left_ms * 4 >= 3ull * call->asks.deadline_ms};
        call->tried |= 1u << slot;
        call->attempts++;
        int err = upstream_send(u->links.at[slot], &call->asks, (uint32_t)left_ms, upstream_on_answer, a);
        if (err == KD_OK) {
            call->under_way++;
            upstream_be_patient(call, left_ms);
            return KD_OK;
        }
        if (err != KD_EUNAVAILABLE) return err;
        upstream_ended(u, a, &(kd_central_end){.result = err, .whole = a->whole});
    }
    return KD_EUNAVAILABLE;
}

static void upstream_on_patience(kd_client_deadline *d)
{
    upstream_call *call = KD_LINKED(upstream_call, patience, d);
    upstream_lose_patience(call);
    upstream_send_next(call); /* nobody else: the first one may still answer */
}

static void upstream_note_leader(void *arg, uint32_t partition, kd_bytes leader)
{
    const upstream_attempt *a = arg;
    kd_central_links *l = &a->call->upstream->links;
    kd_centrals_misdirected(&l->centrals, partition, a->slot, kd_central_urls_find(&l->urls, leader));
}

/* Notes who leads what, as an answer with status 421 tells; where it tells nothing, that this slot does not. */
static void upstream_note_elsewhere(upstream_attempt *a, const kd_http_response *r)
{
    kd_buf scratch = {0};
    upstream_note_leader(a, a->call->asks.partition, kd_bytes_of(NULL, 0));
    kd_central_words_elsewhere(kd_http_response_body(r), &scratch, upstream_note_leader, a);
    kd_buf_finish(&scratch);
}

/* Whether another URL may do better. */
static bool upstream_worth_another(const upstream_call *call, const kd_central_end *end)
{
    kd_central_answer answer = kd_central_end_judge(end);
    if (answer == KD_CENTRAL_ELSEWHERE) return !call->asks.several;
    return answer != KD_CENTRAL_TOLD;
}

static void upstream_end(upstream_call *call, int result, int status, const kd_http_response *r)
{
    kd_http_client_cb cb = call->cb;
    upstream_lose_patience(call);
    call->cb = NULL;
    cb(call->arg, result, status, r);
}

static void upstream_on_answer(void *arg, int result, int status, const kd_http_response *r)
{
    upstream_attempt *a = arg;
    upstream_call *call = a->call;
    kd_upstream *u = call->upstream;
    call->under_way--;
    const kd_central_end end = {.result = result,
                                .status = status,
                                .understood = result == KD_OK && upstream_understood(call, status, r),
                                .whole = a->whole};
    upstream_ended(u, a, &end);
    bool current = u->links.at[a->slot] == a->client;
    if (result == KD_OK && status == 421 && current) upstream_note_elsewhere(a, r);
    if (result == KD_OK && status == 200 && end.understood && call->asks.led && current)
        kd_centrals_led(&u->links.centrals, call->asks.partition, a->slot);
    bool ends = call->cb && (!upstream_worth_another(call, &end) ||
                             (upstream_send_next(call) != KD_OK && call->under_way == 0));
    if (ends) upstream_end(call, result, status, r);
    upstream_let_go(call);
}

/* ---- the interface ---- */

int kd_upstream_init(kd_upstream *u, const kd_central_links_options *options, const kd_central_urls *urls,
                     char *error)
{
    kd_client_wheel_init(&u->patience, kd_loop_base(options->loop), upstream_on_patience);
    return kd_central_links_init(&u->links, options, urls, error);
}

void kd_upstream_finish(kd_upstream *u)
{
    if (!u->patience.timer) return;
    u->ending = true;
    kd_central_links_finish(&u->links);
    kd_client_wheel_finish(&u->patience);
}

void kd_upstream_replace(kd_upstream *u, const kd_central_urls *urls)
{
    kd_central_links_replace(&u->links, urls);
}

bool kd_upstream_none(const kd_upstream *u)
{
    return u->links.urls.count == 0;
}

uint32_t kd_upstream_leader(const kd_upstream *u, uint32_t partition)
{
    const kd_centrals *c = &u->links.centrals;
    return partition < c->partitions ? c->leaders[partition] : KD_CENTRALS_NONE;
}

bool kd_upstream_together(kd_upstream *u, uint32_t one, uint32_t other)
{
    kd_centrals *c = &u->links.centrals;
    return c->known < 2 || kd_centrals_choose(c, one, 0) == kd_centrals_choose(c, other, 0);
}

int kd_upstream_ask(kd_upstream *u, const kd_upstream_question *q, kd_http_client_cb cb, void *arg)
{
    if (kd_upstream_none(u)) return KD_EUNAVAILABLE;
    if (u->links.urls.count == 1)
        return upstream_send(u->links.at[u->links.centrals.used], q, q->deadline_ms, cb, arg);
    if (q->field_count >= KD_HTTP_CLIENT_FIELDS_MAX) return KD_EINVAL;
    upstream_call *call = kd_alloc(sizeof *call);
    kd_link_init(&call->patience.at);
    call->upstream = u;
    call->arg = arg;
    call->until_ms = kd_client_now_ms() + q->deadline_ms;
    upstream_hold(call, q);
    int err = upstream_send_next(call);
    if (err == KD_OK)
        call->cb = cb;
    else
        upstream_let_go(call);
    return err;
}
