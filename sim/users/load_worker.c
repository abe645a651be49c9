/*
 * load_worker.c - one worker: a fixed number of slots, each a request in flight or idle.
 *
 * Closed loop: a slot asks again as soon as it is answered. Open loop (--rate): requests fall due at fixed
 * moments and a latency counts from the due moment, also when all slots were taken then; so a server that
 * stalls is not measured only when it is well. After an error a slot rests, so that a server in trouble is
 * not hammered.
 */
#include <stdlib.h>

#include "common/io/loop/clock.h"
#include "common/io/http/client/http_client.h"
#include "sim/users/load.h"

enum { TICK_US = 1000, REST_US = 20000 };

typedef struct load_worker_slot {
    struct load_worker_slot *next; /* among the idle ones */
    struct worker *worker;
    uint64_t began_us;
    uint64_t rest_until_us;
    uint32_t item, likes; /* of the request on its way */
} load_worker_slot;

typedef struct worker {
    const sim_load_plan *plan;
    sim_load_result *result;
    sim_load_ops ops;
    sim_load_request request; /* reused: the client copies */
    struct event_base *base;
    struct event *tick;
    kd_http_client *client;
    load_worker_slot *slots, *idle;
    uint64_t rate; /* of this worker; 0: closed loop */
    uint64_t start_us, end_us, last_us, due;
    uint32_t in_flight;
    bool exhausted;
} worker;

static void load_worker_on_answer(void *arg, int result, int status, const kd_http_response *r);

static void load_worker_rest(load_worker_slot *s, uint64_t until_us)
{
    s->rest_until_us = until_us;
    s->next = s->worker->idle;
    s->worker->idle = s;
}

/* Sends the slot's next request; `began_us` is when it fell due. */
static void load_worker_ask(load_worker_slot *s, uint64_t began_us, uint64_t at_us)
{
    worker *w = s->worker;
    sim_load_request *q = &w->request;
    w->exhausted = w->exhausted || !sim_load_ops_next(&w->ops, q);
    if (w->exhausted) {
        load_worker_rest(s, UINT64_MAX);
        return;
    }
    kd_http_client_field fields[3];
    size_t count = 0;
    if (q->user_len)
        fields[count++] =
            (kd_http_client_field){kd_bytes_str("x-user-id"), kd_bytes_of(q->user, q->user_len), true};
    if (q->key_len)
        fields[count++] =
            (kd_http_client_field){kd_bytes_str("idempotency-key"), kd_bytes_of(q->key, q->key_len), true};
    if (q->body.len)
        fields[count++] =
            (kd_http_client_field){kd_bytes_str("content-type"), kd_bytes_str("application/json"), false};
    s->began_us = began_us;
    s->item = q->item;
    s->likes = q->likes;
    int rc = kd_http_client_request(w->client, q->method, kd_bytes_of(q->path, q->path_len), fields, count,
                                    kd_buf_view(&q->body), load_worker_on_answer, s, 0);
    if (rc == KD_OK) {
        w->in_flight++;
        return;
    }
    w->result->requests++;
    w->result->errors++;
    w->result->failed[-rc]++;
    load_worker_rest(s, at_us + REST_US);
}

static void load_worker_count(worker *w, const load_worker_slot *s, int result, int status, uint64_t at_us)
{
    bool good = result == KD_OK && status >= 200 && status < 300;
    w->result->requests++;
    if (result == KD_OK)
        w->result->answers[KD_MIN(status, KD_LOAD_STATUS_MAX - 1)]++;
    else
        w->result->failed[-result]++;
    sim_histogram_add(&w->result->latency_us, at_us - s->began_us);
    sim_load_tally_note(&w->result->tally, s->item, s->likes, good);
    if (good) {
        w->result->likes += s->likes;
        return;
    }
    w->result->errors++;
    if (w->result->first_status == 0) w->result->first_status = result == KD_OK ? status : result;
}

static void load_worker_on_answer(void *arg, int result, int status, const kd_http_response *r)
{
    (void)r;
    load_worker_slot *s = arg;
    worker *w = s->worker;
    uint64_t at_us = kd_clock_mono_us();
    bool good = result == KD_OK && status >= 200 && status < 300;
    load_worker_count(w, s, result, status, at_us);
    w->in_flight--;
    w->last_us = at_us;
    if (w->rate == 0 && good && at_us < w->end_us)
        load_worker_ask(s, at_us, at_us);
    else
        load_worker_rest(s, good ? 0 : at_us + REST_US);
    if (w->in_flight == 0 && (at_us >= w->end_us || w->exhausted)) event_base_loopbreak(w->base);
}

/* An idle slot whose rest is over, taken out of the list. */
static load_worker_slot *awake(worker *w, uint64_t at_us)
{
    for (load_worker_slot **at = &w->idle; *at; at = &(*at)->next) {
        load_worker_slot *s = *at;
        if (s->rest_until_us > at_us) continue;
        *at = s->next;
        return s;
    }
    return NULL;
}

static void load_worker_on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    worker *w = arg;
    uint64_t at_us = kd_clock_mono_us();
    if (at_us >= w->end_us || w->exhausted) {
        if (w->in_flight == 0) event_base_loopbreak(w->base);
        return;
    }
    load_worker_slot *s;
    if (w->rate == 0) {
        while ((s = awake(w, at_us)) != NULL) load_worker_ask(s, at_us, at_us);
        return;
    }
    for (;; w->due++) {
        uint64_t due_us = w->start_us + w->due * 1000000 / w->rate;
        if (due_us > at_us || !(s = awake(w, at_us))) return;
        load_worker_ask(s, due_us, at_us);
    }
}

static void load_worker_run(worker *w)
{
    const struct timeval tick = {.tv_sec = 0, .tv_usec = TICK_US};
    w->tick = event_new(w->base, -1, EV_PERSIST, load_worker_on_tick, w);
    KD_ASSERT(w->tick != NULL);
    w->start_us = w->last_us = kd_clock_mono_us();
    w->end_us = w->start_us + w->plan->seconds * 1000000;
    event_add(w->tick, &tick);
    event_base_dispatch(w->base);
    event_free(w->tick);
    w->result->elapsed_us = w->last_us - w->start_us;
}

static int connect_up(worker *w)
{
    const sim_load_plan *p = w->plan;
    kd_http_client_options o = {
        .connections = (uint32_t)p->connections,
        .max_streams = (uint32_t)p->streams,
        .queue_max = (uint32_t)(p->connections * p->streams + 1),
        .deadline_ms = (uint32_t)p->deadline_ms,
        .insecure = p->insecure,
        .ca_file = p->ca_file,
        .seed = p->seed + w->ops.index,
    };
    return kd_http_client_create(&w->client, w->base, p->edge, &o);
}

int sim_load_work(const sim_load_plan *plan, uint32_t index, sim_load_result *result)
{
    worker w = {.plan = plan, .result = result, .base = event_base_new()};
    KD_ASSERT(w.base != NULL);
    w.rate = plan->rate ? KD_MAX(plan->rate / plan->threads, (uint64_t)1) : 0;
    sim_load_ops_init(&w.ops, plan, index);
    if (plan->check) sim_load_tally_init(&result->tally, (uint32_t)plan->items);
    int rc = connect_up(&w);
    if (rc == KD_OK) {
        size_t slots = plan->connections * plan->streams;
        w.slots = kd_alloc(slots * sizeof *w.slots);
        for (size_t i = 0; i < slots; i++) {
            w.slots[i].worker = &w;
            load_worker_rest(&w.slots[i], 0);
        }
        load_worker_run(&w);
    }
    kd_http_client_destroy(w.client);
    event_base_free(w.base);
    sim_load_ops_finish(&w.ops);
    kd_buf_finish(&w.request.body);
    free(w.slots);
    return rc;
}
