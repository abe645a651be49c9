/* polite.c - see the header. Lanes of the engine ask again when they are answered, while the thread's CPU time is below its share. */
#include "sim/attack/polite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io/loop/clock.h"
#include "sim/attack/crew.h"
#include "sim/client/engine.h"

enum { POLITE_LANES = 64, POLITE_CONNECTIONS = 4, TICK_US = 1000, DEADLINE_MS = 1000, REST_US = 20000 };

struct sim_polite {
    const sim_target *target;
    double share;
    pthread_t thread;
    atomic_bool stopping;
    sim_engine *engine;
    uint64_t begin_us, turn, cpu_us;
    char path[KD_ITEM_KEY_MAX + 32];
    sim_lane lanes[POLITE_LANES];
};

/* The engine goes on while anything is in flight, so at the end nobody may ask again. */
static bool polite_may(const sim_polite *p)
{
    if (atomic_load(&p->stopping)) return false;
    uint64_t real_us = kd_clock_mono_us() - p->begin_us;
    return (double)kd_clock_thread_us() <= p->share * (double)real_us;
}

static bool polite_describe(void *arg, sim_lane *lane, sim_lane_request *q)
{
    sim_polite *p = arg;
    char item[KD_ITEM_KEY_MAX + 1];
    (void)lane;
    uint32_t at = (uint32_t)(p->turn++ % SIM_TARGET_ITEMS);
    int len =
        snprintf(p->path, sizeof p->path, "/v1/%s/counts", sim_target_item(p->target, at, item, sizeof item));
    *q = (sim_lane_request){.method = "GET", .path = kd_bytes_of(p->path, (size_t)len)};
    return true;
}

static void polite_answered(void *arg, sim_lane *lane, const sim_lane_answer *a)
{
    const sim_polite *p = arg;
    if (a->result != KD_OK || !sim_answer_acks(a->status))
        sim_lane_rest(lane, REST_US);
    else if (polite_may(p))
        sim_lane_send(lane, a->at_us);
    else
        sim_lane_free(lane);
}

static void polite_fill(void *arg, uint64_t now_us)
{
    const sim_polite *p = arg;
    for (sim_lane *lane; polite_may(p) && (lane = sim_engine_take(p->engine));) sim_lane_send(lane, now_us);
}

static bool polite_over(void *arg)
{
    return atomic_load(&((const sim_polite *)arg)->stopping);
}

static void *polite_main(void *arg)
{
    sim_polite *p = arg;
    struct event_base *base = event_base_new();
    KD_ASSERT(base);
    const kd_http_client_options o = {.connections = POLITE_CONNECTIONS,
                                      .max_streams = POLITE_LANES / POLITE_CONNECTIONS,
                                      .deadline_ms = DEADLINE_MS,
                                      .seed = p->target->seed};
    p->engine = sim_engine_create(base);
    int err = sim_engine_connect(p->engine, 0, p->target->url, &o);
    KD_ASSERT(err == KD_OK); /* the URL was looked at before */
    sim_engine_use(p->engine, &(sim_engine_plan){.arg = p,
                                                 .describe = polite_describe,
                                                 .answered = polite_answered,
                                                 .fill = polite_fill,
                                                 .over = polite_over});
    for (uint32_t i = 0; i < POLITE_LANES; i++) {
        p->lanes[i].engine = p->engine;
        sim_lane_free(&p->lanes[i]);
    }
    p->begin_us = kd_clock_mono_us();
    sim_engine_run(p->engine, TICK_US);
    p->cpu_us = kd_clock_thread_us();
    sim_engine_destroy(p->engine);
    event_base_free(base);
    return NULL;
}

sim_polite *sim_polite_start(const sim_target *target, double share)
{
    sim_polite *p = kd_alloc(sizeof *p);
    p->target = target;
    p->share = share;
    int failed = pthread_create(&p->thread, NULL, polite_main, p);
    KD_ASSERT(failed == 0);
    return p;
}

uint64_t sim_polite_stop(sim_polite *p)
{
    atomic_store(&p->stopping, true);
    pthread_join(p->thread, NULL);
    uint64_t cpu_us = p->cpu_us;
    free(p);
    return cpu_us;
}
