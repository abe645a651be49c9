/*
 * heap.h - what is to come, by (time, order of asking). Nothing is ever taken out before its time: who changes his mind
 * ignores the event when it comes (a life, a due time that no longer fits). Nothing is asked for a time before that of the last event.
 */
#ifndef KUDOS_SIM_WORLD_HEAP_H
#define KUDOS_SIM_WORLD_HEAP_H

#include "kudos/base.h"

struct sim_world;
typedef struct sim_event sim_event;
typedef void (*sim_event_fn)(struct sim_world *w, const sim_event *ev);

struct sim_event {
    uint64_t at_us;
    sim_event_fn fn;
    uint32_t a, b; /* the handler's own */
    uint64_t c;
};

enum {
    SIM_HEAP_DIGIT = 6,
    SIM_HEAP_LEVELS = (64 + SIM_HEAP_DIGIT - 1) / SIM_HEAP_DIGIT,
    SIM_HEAP_SLOTS = 1 << SIM_HEAP_DIGIT
};

typedef struct {
    uint32_t first, last; /* 1 + the place in at; 0: none */
} sim_heap_list;

/* Zero-initialise. */
typedef struct {
    struct sim_heap_cell *at;
    uint32_t count, cap, given;
    uint64_t now_us;                 /* of the last event */
    uint32_t levels;                 /* a bit for each that is not empty */
    uint64_t slots[SIM_HEAP_LEVELS]; /* likewise */
    sim_heap_list lists[SIM_HEAP_LEVELS][SIM_HEAP_SLOTS];
} sim_heap;

void sim_heap_push(sim_heap *h, sim_event ev);
/* False when it is empty. */
bool sim_heap_pop(sim_heap *h, sim_event *ev);
void sim_heap_finish(sim_heap *h);

#endif
