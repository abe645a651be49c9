/* crew.c - see the header. The owner writes `stopping`; everything else is the thread's until it is joined. */
#include "sim/attack/crew.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/io/loop/clock.h"
#include "sim/attack/rubbish.h"

enum { CREW_OPENED_A_TICK = 200 /* connections: a server's backlog is short */ };

struct sim_crew {
    const sim_play *play;
    const sim_target *target;
    pthread_t thread;
    atomic_bool stopping;
    sem_t ready; /* the crew is made, and begins */
    sim_raw_shared shared;
    sim_raw *raws;
    sim_rubbish *rubbish;
    uint32_t begun; /* connections that have had their first tick */
    sim_crew_figures figures;
};

static void crew_on_tick(evutil_socket_t fd, short what, void *arg)
{
    sim_crew *c = arg;
    (void)fd, (void)what;
    if (atomic_load(&c->stopping)) {
        event_base_loopbreak(c->shared.base);
        return;
    }
    c->begun = KD_MIN(c->begun + CREW_OPENED_A_TICK, c->play->connections);
    for (uint32_t i = 0; i < c->begun; i++) sim_raw_tick(&c->raws[i]);
    if (c->rubbish) sim_rubbish_tick(c->rubbish);
}

static void crew_init(sim_crew *c)
{
    const sim_target *t = c->target;
    c->shared = (sim_raw_shared){.base = event_base_new(),
                                 .play = c->play,
                                 .to = t->to,
                                 .from = t->from,
                                 .to_len = t->to_len,
                                 .from_len = t->from_len,
                                 .authority = t->parts.authority,
                                 .collection = t->collection,
                                 .token = t->token,
                                 .seed = t->seed};
    KD_ASSERT(c->shared.base);
    c->raws = kd_alloc(c->play->connections * sizeof *c->raws);
    for (uint32_t i = 0; i < c->play->connections; i++) sim_raw_init(&c->raws[i], &c->shared, i);
    if (c->play->kafka) c->rubbish = sim_rubbish_create(t->kafka, t->seed);
}

static void crew_finish(sim_crew *c)
{
    for (uint32_t i = 0; i < c->play->connections; i++) sim_raw_finish(&c->raws[i]);
    c->figures.acts = c->play->kafka ? sim_rubbish_taken(c->rubbish) : c->shared.ups;
    c->figures.bytes = c->shared.sent;
    c->figures.ended = c->shared.ended;
    sim_rubbish_destroy(c->rubbish);
    free(c->raws);
    event_base_free(c->shared.base);
}

static void *crew_main(void *arg)
{
    const struct timeval every = {.tv_usec = SIM_RAW_TICK_MS * 1000};
    sim_crew *c = arg;
    crew_init(c);
    struct event *tick = event_new(c->shared.base, -1, EV_PERSIST, crew_on_tick, c);
    KD_ASSERT(tick);
    event_add(tick, &every);
    event_active(tick, 0, 0);
    sem_post(&c->ready);
    event_base_dispatch(c->shared.base);
    c->figures.cpu_us = kd_clock_thread_us();
    event_free(tick);
    crew_finish(c);
    return NULL;
}

sim_crew *sim_crew_start(const sim_play *play, const sim_target *target)
{
    sim_crew *c = kd_alloc(sizeof *c);
    c->play = play;
    c->target = target;
    KD_ASSERT(sem_init(&c->ready, 0, 0) == 0);
    int failed = pthread_create(&c->thread, NULL, crew_main, c);
    KD_ASSERT(failed == 0);
    while (sem_wait(&c->ready) != 0) continue; /* a signal may come between */
    return c;
}

sim_crew_figures sim_crew_stop(sim_crew *c)
{
    atomic_store(&c->stopping, true);
    pthread_join(c->thread, NULL);
    sim_crew_figures figures = c->figures;
    sem_destroy(&c->ready);
    free(c);
    return figures;
}
