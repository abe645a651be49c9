/*
 * child.h - runs in processes of their own: a broken assertion of the cores aborts, and a run may hang; both are findings. A pool holds a
 * fixed number of them.
 */
#ifndef KUDOS_SIM_HUNT_CHILD_H
#define KUDOS_SIM_HUNT_CHILD_H

#include <sys/types.h>

#include "sim/world/plants.h"
#include "sim/world/run.h"

enum { CHILD_JOBS_MAX = 64 };

typedef struct {
    const sim_scenario *scenario; /* only until the start returns */
    const sim_plant_name *plant;  /* NULL: none */
    uint64_t seed;
    uint64_t tag; /* the caller's */
    int operations; /* a descriptor to which the operations that the users began are written, as scenario_event; 0: none */
} sim_child_job;

/* Besides what sim_run tells, `checker` may be "assertion", "crash" or "hang" (longer than the limit of real time); and "interrupted", unknown,
 * of one that was ended since a signal came (sim/commands/interrupt.h). */
typedef struct {
    uint64_t tag, seed;
    sim_result result;
} sim_child_done;

typedef struct {
    pid_t pid;
    int results, errors; /* descriptors */
    uint64_t tag, seed, deadline_ms;
} sim_child;

typedef struct {
    sim_child at[CHILD_JOBS_MAX];
    uint32_t jobs, running;
    uint64_t limit_ms; /* of real time, for each */
} sim_child_pool;

/* At most `jobs` children at a time (1 to CHILD_JOBS_MAX), each with that limit of real time. Nothing is to be freed. */
void sim_child_pool_init(sim_child_pool *p, uint32_t jobs, uint64_t limit_ms);
static inline bool sim_child_pool_full(const sim_child_pool *p)
{
    return p->running == p->jobs;
}
/* Forks a child that runs the job. The pool must not be full. */
void sim_child_start(sim_child_pool *p, const sim_child_job *job);
/* The next one that ends. There must be one running. */
sim_child_done sim_child_wait(sim_child_pool *p);

/* Whether both failed in the same way: the same checker, and the same assertion. */
bool sim_child_same_failure(const sim_result *a, const sim_result *b);
/* Monotonic real time, the clock of the limits. */
uint64_t sim_child_now_ms(void);
/* The processors of this machine, at most CHILD_JOBS_MAX. */
uint32_t sim_child_processors(void);

#endif
