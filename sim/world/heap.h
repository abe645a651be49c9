/*
 * sim/world/heap.h - what is to come, by (time, order of asking). Nothing is ever taken out before its time: who changes his mind
 * ignores the event when it comes (a life, a due time that no longer fits).
 */
#ifndef KUDOS_SIM_WORLD_HEAP_H
#define KUDOS_SIM_WORLD_HEAP_H

#include "kudos/base.h"

struct world;
typedef struct sim_event sim_event;
typedef void (*sim_event_fn)(struct world *w, const sim_event *ev);

struct sim_event {
    uint64_t at_us, order;
    sim_event_fn fn;
    uint32_t a, b; /* the handler's own */
    uint64_t c;
};

typedef struct {
    sim_event *at;
    uint32_t count, cap;
    uint64_t order;
} sim_heap;

void sim_heap_push(sim_heap *h, sim_event ev);
/* False when it is empty. */
bool sim_heap_pop(sim_heap *h, sim_event *ev);
void sim_heap_finish(sim_heap *h);

#endif
