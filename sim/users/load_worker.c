/*
 * load_worker.c - one worker: a fixed number of slots, each a lane of the engine with a request in flight, or idle.
 *
 * Closed loop: a slot asks again as soon as it is answered. Open loop (--rate): requests fall due at fixed
 * moments and a latency counts from the due moment, also when all slots were taken then. Otherwise a server that
 * stalls would be measured only while it is well. After an error a slot rests, so that a server in trouble is
 * not hammered. Nothing is tried again: a load measures each request once.
 */
#include <stdlib.h>

#include "common/io/loop/clock.h"
#include "sim/client/engine.h"
#include "sim/users/load.h"

enum { TICK_US = 1000, REST_US = 20000 };

typedef struct {
    sim_lane lane;        /* first: the engine's pointer to it is one to the slot */
    uint32_t item, likes; /* of the request in flight */
} load_worker_slot;

typedef struct {
    const sim_load_plan *plan;
    sim_load_result *result;
    sim_load_ops ops;
    sim_load_request request; /* the one that is being described */
    sim_engine *engine;
    load_worker_slot *slots;
    uint64_t rate; /* of this worker; 0: closed loop */
    uint64_t start_us, end_us;
    uint64_t due;   /* open loop: requests that fell due and were sent */
    bool exhausted; /* every pair has been used */
} load_worker;

static bool load_worker_describe(void *arg, sim_lane *lane, sim_lane_request *q)
{
    load_worker *w = arg;
    load_worker_slot *s = (load_worker_slot *)lane;
    sim_load_request *r = &w->request;
    w->exhausted = w->exhausted || !sim_load_ops_next(&w->ops, r);
    if (w->exhausted) {
        sim_lane_free(lane);
        return false;
    }
    s->item = r->item;
    s->likes = r->likes;
    *q = (sim_lane_request){.method = r->method,
                            .path = kd_bytes_of(r->path, r->path_len),
                            .user = kd_bytes_of(r->user, r->token.len ? 0 : r->user_len),
                            .token = r->token,
                            .key = kd_bytes_of(r->key, r->key_len),
                            .body = kd_buf_view(&r->body)};
    return true;
}

static void load_worker_not_sent(load_worker *w, load_worker_slot *s, int result)
{
    w->result->requests++;
    w->result->errors++;
    w->result->failed[-result]++;
    sim_lane_rest(&s->lane, REST_US);
}

static void load_worker_answered(void *arg, sim_lane *lane, const sim_lane_answer *a)
{
    load_worker *w = arg;
    load_worker_slot *s = (load_worker_slot *)lane;
    if (!a->sent) {
        load_worker_not_sent(w, s, a->result);
        return;
    }
    const sim_load_answer answer = {s->item, s->likes, a->result, a->status, a->latency_us};
    bool good = sim_load_answer_good(&answer);
    if (a->at_us >= w->end_us) sim_load_window_end(w->result, w->plan, a->at_us);
    sim_load_note(w->result, &answer);
    if (!good)
        sim_lane_rest(lane, REST_US);
    else if (w->rate == 0 && a->at_us < w->end_us)
        sim_lane_send(lane, a->at_us);
    else
        sim_lane_free(lane);
}

static void load_worker_fill(void *arg, uint64_t now_us)
{
    load_worker *w = arg;
    while (!w->exhausted) {
        uint64_t due_us = w->rate ? w->start_us + w->due * 1000000 / w->rate : now_us;
        sim_lane *lane = due_us <= now_us ? sim_engine_take(w->engine) : NULL;
        if (!lane) return;
        w->due++;
        sim_lane_send(lane, due_us);
    }
}

static bool load_worker_over(void *arg)
{
    load_worker *w = arg;
    uint64_t now = kd_clock_mono_us();
    if (now >= w->end_us) sim_load_window_end(w->result, w->plan, now);
    return w->exhausted || now >= w->end_us;
}

static void load_worker_run(load_worker *w)
{
    size_t slots = w->plan->connections * w->plan->streams;
    w->slots = kd_alloc(slots * sizeof *w->slots);
    for (size_t i = 0; i < slots; i++) {
        w->slots[i].lane.engine = w->engine;
        sim_lane_free(&w->slots[i].lane);
    }
    sim_engine_use(w->engine, &(sim_engine_plan){.arg = w,
                                                 .describe = load_worker_describe,
                                                 .answered = load_worker_answered,
                                                 .fill = load_worker_fill,
                                                 .over = load_worker_over});
    w->start_us = kd_clock_mono_us();
    w->end_us = w->start_us + w->plan->seconds * 1000000;
    sim_load_window_begin(w->result, w->plan, w->start_us);
    sim_engine_run(w->engine, TICK_US);
    sim_load_window_end(w->result, w->plan, kd_clock_mono_us());
}

static int load_worker_connect(load_worker *w)
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
    return sim_engine_connect(w->engine, 0, p->edge, &o);
}

int sim_load_work(const sim_load_plan *plan, uint32_t index, sim_load_result *result)
{
    struct event_base *base = event_base_new();
    KD_ASSERT(base != NULL);
    load_worker w = {.plan = plan, .result = result, .engine = sim_engine_create(base)};
    w.rate = plan->rate ? KD_MAX(plan->rate / plan->threads, (uint64_t)1) : 0;
    sim_load_ops_init(&w.ops, plan, index);
    if (plan->check) sim_load_tally_init(&result->tally, (uint32_t)plan->items);
    int rc = load_worker_connect(&w);
    if (rc == KD_OK) load_worker_run(&w);
    sim_engine_destroy(w.engine);
    event_base_free(base);
    sim_load_ops_finish(&w.ops);
    kd_buf_finish(&w.request.body);
    free(w.slots);
    return rc;
}
