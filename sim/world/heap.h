/*
 * heap.h - the events to come, in the order of (time, order of pushes). An event cannot be cancelled: a handler drops an event that is out of date
 * (by the life of a process, or by a due time that has moved).
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
    uint32_t first, last; /* 1 + index in sim_heap.at; 0: none */
} sim_heap_list;

/* Zero-initialise. */
typedef struct {
    struct sim_heap_cell *at;
    uint32_t count, cap;
    uint32_t given;                  /* list of free cells: 1 + index in `at` */
    uint64_t now_us;                 /* time of the last event that was popped */
    uint32_t levels;                 /* a bit for each level that is not empty */
    uint64_t slots[SIM_HEAP_LEVELS]; /* of each level: a bit for each list that is not empty */
    sim_heap_list lists[SIM_HEAP_LEVELS][SIM_HEAP_SLOTS];
} sim_heap;

/* Adds an event; its time must not be before that of the last one popped. */
void sim_heap_push(sim_heap *h, sim_event ev);
/* Takes the next event out into *ev. False: there is none. */
bool sim_heap_pop(sim_heap *h, sim_event *ev);
/* Frees everything; the heap is empty and can be used again. */
void sim_heap_finish(sim_heap *h);

#endif
