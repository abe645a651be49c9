/*
 * load_pump.c - the worker of `load --pump`: as many connections and requests in flight as load_worker.c has, on pumps (pump.h).
 *
 * A connection that fails is not opened again; its requests are errors. With --phones each connection has a sequence of requests of its own.
 */
#include <stdlib.h>

#include "common/io/http/client/http_client_url.h"
#include "common/io/loop/clock.h"
#include "sim/attack/target.h"
#include "sim/users/pump.h"

enum { PUMP_TICK_US = 1000, PUMP_RATE_TICK_US = 100 /* how late a request may be sent that falls due */ };

typedef struct pump_worker pump_worker;

/* A place in the sequence of requests: the worker has one, or with --phones each connection its own. */
typedef struct {
    pump_worker *worker;
    sim_load_ops ops;
    sim_load_request request; /* the one that is being sent */
    bool exhausted;           /* every pair has been used */
} pump_queue;

struct pump_worker {
    const sim_load_plan *plan;
    sim_load_result *result;
    struct event_base *base;
    sim_pump_hooks hooks;
    sim_pump *pumps; /* plan->connections */
    pump_queue *queues;
    uint64_t queue_count;
    uint64_t rate; /* of this worker; 0: closed loop */
    uint64_t start_us, end_us;
    uint64_t due; /* open loop: requests that were sent */
    uint64_t in_flight;
};

static const sim_load_request *pump_worker_next(void *arg, uint64_t *began_us)
{
    pump_queue *q = arg;
    pump_worker *w = q->worker;
    uint64_t now = kd_clock_mono_us();
    *began_us = w->rate ? w->start_us + w->due * 1000000 / w->rate : now;
    if (q->exhausted || now >= w->end_us || *began_us > now) return NULL;
    q->exhausted = !sim_load_ops_next(&q->ops, &q->request);
    if (q->exhausted) return NULL;
    w->due++;
    w->in_flight++;
    return &q->request;
}

static void pump_worker_answered(void *arg, const sim_pump_slot *slot, int status)
{
    pump_worker *w = ((pump_queue *)arg)->worker;
    uint64_t now = kd_clock_mono_us();
    sim_load_answer a = {.item = slot->item,
                         .likes = slot->likes,
                         .result = KD_MIN(status, 0),
                         .status = KD_MAX(status, 0),
                         .latency_us = now - slot->began_us};
    w->in_flight--;
    if (now >= w->end_us) sim_load_window_end(w->result, w->plan, now);
    sim_load_note(w->result, &a);
}

static bool pump_worker_exhausted(const pump_worker *w)
{
    for (uint64_t i = 0; i < w->queue_count; i++)
        if (!w->queues[i].exhausted) return false;
    return true;
}

static void pump_worker_on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    pump_worker *w = arg;
    uint64_t now = kd_clock_mono_us();
    for (uint64_t i = 0; i < w->plan->connections; i++) sim_pump_fill(&w->pumps[i]);
    bool idle = w->in_flight == 0, late = now >= w->end_us + w->plan->deadline_ms * 1000;
    bool over = now >= w->end_us || (idle && pump_worker_exhausted(w));
    if (over) sim_load_window_end(w->result, w->plan, now);
    if (over && (idle || late)) event_base_loopbreak(w->base);
}

static void pump_worker_run(pump_worker *w)
{
    const struct timeval every = {.tv_sec = 0, .tv_usec = w->rate ? PUMP_RATE_TICK_US : PUMP_TICK_US};
    struct event *tick = event_new(w->base, -1, EV_PERSIST, pump_worker_on_tick, w);
    KD_ASSERT(tick != NULL);
    w->start_us = kd_clock_mono_us();
    w->end_us = w->start_us + w->plan->seconds * 1000000;
    sim_load_window_begin(w->result, w->plan, w->start_us);
    event_add(tick, &every);
    event_base_dispatch(w->base);
    event_free(tick);
}

static int pump_worker_connect(pump_worker *w, sim_target *to)
{
    const struct sockaddr *address = (const struct sockaddr *)&to->to;
    int rc = sim_target_resolve(to, NULL) ? KD_EINVAL : KD_OK;
    for (uint64_t i = 0; rc == KD_OK && i < w->plan->connections; i++)
        rc = sim_pump_open(&w->pumps[i], w->base, address, to->to_len, to->parts.authority,
                           (uint32_t)w->plan->streams, &w->hooks, &w->queues[i % w->queue_count]);
    return rc;
}

static void pump_worker_init(pump_worker *w, uint32_t index)
{
    const sim_load_plan *plan = w->plan;
    w->hooks = (sim_pump_hooks){.next = pump_worker_next, .answered = pump_worker_answered};
    w->pumps = kd_alloc(plan->connections * sizeof *w->pumps);
    w->rate = plan->rate ? KD_MAX(plan->rate / plan->threads, (uint64_t)1) : 0;
    w->queue_count = plan->phones ? plan->connections : 1;
    w->queues = kd_alloc(w->queue_count * sizeof *w->queues);
    for (uint32_t i = 0; i < w->queue_count; i++) {
        w->queues[i].worker = w;
        sim_load_ops_init(&w->queues[i].ops, plan, index * (uint32_t)w->queue_count + i);
    }
    if (plan->check) sim_load_tally_init(&w->result->tally, (uint32_t)plan->items);
}

static void pump_worker_finish(pump_worker *w)
{
    for (uint64_t i = 0; i < w->plan->connections; i++) sim_pump_close(&w->pumps[i], KD_ETIMEOUT);
    event_base_free(w->base);
    for (uint64_t i = 0; i < w->queue_count; i++) {
        sim_load_ops_finish(&w->queues[i].ops);
        kd_buf_finish(&w->queues[i].request.body);
    }
    free(w->queues);
    free(w->pumps);
}

int sim_load_pump(const sim_load_plan *plan, uint32_t index, sim_load_result *result)
{
    sim_target to = {.url = plan->edge};
    pump_worker w = {.plan = plan, .result = result, .base = event_base_new()};
    KD_ASSERT(w.base != NULL);
    pump_worker_init(&w, index);
    int rc = pump_worker_connect(&w, &to);
    if (rc == KD_OK) pump_worker_run(&w);
    pump_worker_finish(&w);
    return rc;
}
