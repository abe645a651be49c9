/*
 * load_pump.c - the worker of `load --pump`: as many connections and requests in flight as load_worker.c has, on pumps (pump.h).
 *
 * What it measures ends with the plan's seconds: answers that come later are waited for, so that the tally knows of them, and are not part of the
 * figures. A connection that fails is not opened again; its requests are errors.
 */
#include <stdlib.h>

#include "common/io/http/client/http_client_url.h"
#include "common/io/loop/clock.h"
#include "sim/attack/target.h"
#include "sim/users/pump.h"

enum { PUMP_TICK_US = 1000 };

typedef struct {
    const sim_load_plan *plan;
    sim_load_result *result;
    sim_load_ops ops;
    sim_load_request request; /* the one that is being sent */
    struct event_base *base;
    sim_pump_hooks hooks;
    sim_pump *pumps; /* plan->connections */
    uint64_t rate;   /* of this worker; 0: closed loop */
    uint64_t start_us, end_us;
    uint64_t due; /* open loop: requests that were sent */
    uint64_t in_flight;
    bool exhausted; /* every pair has been used */
    bool window_over;
} pump_worker;

static const sim_load_request *pump_worker_next(void *arg, uint64_t *began_us)
{
    pump_worker *w = arg;
    uint64_t now = kd_clock_mono_us();
    *began_us = w->rate ? w->start_us + w->due * 1000000 / w->rate : now;
    if (w->exhausted || now >= w->end_us || *began_us > now) return NULL;
    w->exhausted = !sim_load_ops_next(&w->ops, &w->request);
    if (w->exhausted) return NULL;
    w->due++;
    w->in_flight++;
    return &w->request;
}

static void pump_worker_answered(void *arg, const sim_pump_slot *slot, int status)
{
    pump_worker *w = arg;
    sim_load_answer a = {.item = slot->item,
                         .likes = slot->likes,
                         .result = KD_MIN(status, 0),
                         .status = KD_MAX(status, 0),
                         .latency_us = kd_clock_mono_us() - slot->began_us};
    w->in_flight--;
    if (w->window_over)
        sim_load_tally_note(&w->result->tally, a.item, a.likes, sim_load_answer_good(&a));
    else
        sim_load_note(w->result, &a);
}

static void pump_worker_end_window(pump_worker *w)
{
    w->window_over = true;
    w->result->elapsed_us = kd_clock_mono_us() - w->start_us;
    w->result->cpu_us = sim_load_cpu_us(w->plan) - w->result->cpu_us;
}

static void pump_worker_on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    pump_worker *w = arg;
    uint64_t now = kd_clock_mono_us();
    for (uint64_t i = 0; i < w->plan->connections; i++) sim_pump_fill(&w->pumps[i]);
    if (!w->window_over && (now >= w->end_us || (w->exhausted && w->in_flight == 0)))
        pump_worker_end_window(w);
    bool late = now >= w->end_us + w->plan->deadline_ms * 1000;
    if (w->window_over && (w->in_flight == 0 || late)) event_base_loopbreak(w->base);
}

static void pump_worker_run(pump_worker *w)
{
    const struct timeval every = {.tv_sec = 0, .tv_usec = PUMP_TICK_US};
    struct event *tick = event_new(w->base, -1, EV_PERSIST, pump_worker_on_tick, w);
    KD_ASSERT(tick != NULL);
    w->start_us = kd_clock_mono_us();
    w->end_us = w->start_us + w->plan->seconds * 1000000;
    w->result->cpu_us = sim_load_cpu_us(w->plan);
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
                           (uint32_t)w->plan->streams, &w->hooks);
    return rc;
}

int sim_load_pump(const sim_load_plan *plan, uint32_t index, sim_load_result *result)
{
    sim_target to = {.url = plan->edge};
    pump_worker w = {.plan = plan, .result = result, .base = event_base_new()};
    KD_ASSERT(w.base != NULL);
    w.hooks = (sim_pump_hooks){.arg = &w, .next = pump_worker_next, .answered = pump_worker_answered};
    w.pumps = kd_alloc(plan->connections * sizeof *w.pumps);
    w.rate = plan->rate ? KD_MAX(plan->rate / plan->threads, (uint64_t)1) : 0;
    sim_load_ops_init(&w.ops, plan, index);
    if (plan->check) sim_load_tally_init(&result->tally, (uint32_t)plan->items);
    int rc = pump_worker_connect(&w, &to);
    if (rc == KD_OK) pump_worker_run(&w);
    for (uint64_t i = 0; i < plan->connections; i++) sim_pump_close(&w.pumps[i], KD_ETIMEOUT);
    event_base_free(w.base);
    sim_load_ops_finish(&w.ops);
    kd_buf_finish(&w.request.body);
    free(w.pumps);
    return rc;
}
