/*
 * events.h - the engine of the world: draws of chance, events on the heap, lines of the trace and of the record, and the world's own findings. Knows
 * nothing of edges and central.
 */
#ifndef KUDOS_SIM_WORLD_EVENTS_H
#define KUDOS_SIM_WORLD_EVENTS_H

#include "sim/world/world.h"

/* One stream per purpose: two draws at the same moment for the same entity are independent if their streams differ. */
typedef enum {
    DRAW_DELAY,
    DRAW_LOSS,
    DRAW_RETRY,
    DRAW_ACK,
    DRAW_SYNC,
    DRAW_CRASH,
    DRAW_SEED,
    DRAW_EPOCH,
    DRAW_DUPLICATE,
    DRAW_USER,
    DRAW_ANSWER,
    DRAW_READ,
    DRAW_ROUTE,
    DRAW_TIMER,
    DRAW_DECIDE,
} sim_draw_stream;

/* 64 random bits, a hash of the run's seed and the three arguments alone. `entity`: the caller's number for whatever the draw is about. */
uint64_t sim_world_draw(const sim_world *w, sim_draw_stream stream, uint64_t entity, uint64_t moment);
/* A number below `below` (> 0), drawn for the present moment. */
static inline uint64_t sim_world_below(const sim_world *w, sim_draw_stream stream, uint64_t entity,
                                       uint64_t below)
{
    return sim_world_draw(w, stream, entity, w->now_us) % below;
}

/* Puts an event on the heap: `fn` is called at that true time with a, b and c. A time that has passed counts as now; nothing is called from
 * within. */
void sim_world_at(sim_world *w, uint64_t at_us, sim_event_fn fn, uint32_t a, uint32_t b, uint64_t c);
/* True when the event was meant for a life of the process that is over: the handler drops it. */
bool sim_world_gone(const sim_world *w, uint32_t process, uint32_t life);
/* True when the process is frozen: the event was put on the heap again for the end of the freeze, and the handler returns. */
bool sim_world_frozen(sim_world *w, const sim_event *ev, uint32_t process);

/* Ends the run as violated by `checker`, a finding of the world itself (the checkers have theirs). Only the first call counts. */
void sim_world_fail(sim_world *w, const char *checker, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A line for the reader of the record, where one is kept. `who`: an edge's name, a member's or "central". */
void sim_world_note(sim_world *w, const char *who, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "central", "central-2", a member's name, an edge's name, or that of its twin ("NAME-copy"). */
const char *sim_world_process_name(const sim_world *w, uint32_t process);

/* A line of the trace, at the present time of the run; formats: sim_trace_line(). */
#define TRACE(w, ...) sim_trace_line(&(w)->trace, (w)->now_us - (w)->begin_us, __VA_ARGS__)

#endif
