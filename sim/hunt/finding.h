/*
 * finding.h - a failed run: what failed, reduced to what is needed for it, written so that anyone can run it again.
 */
#ifndef KUDOS_SIM_HUNT_FINDING_H
#define KUDOS_SIM_HUNT_FINDING_H

#include "sim/hunt/child.h"

typedef struct {
    sim_scenario scenario;
    uint64_t seed;
    const sim_plant_name *plant; /* NULL: the sound cores */
    sim_result result;
    uint64_t drawn_from; /* the swarm's seed */
    uint32_t runs;       /* it took to reduce it */
} sim_finding;

/* Draws the swarm's scenario of that seed; nothing is run, f->result is zero. `planted` is borrowed, NULL: sound cores. The caller finishes *f. */
void sim_finding_draw(sim_finding *f, uint64_t seed, const sim_plant_name *planted);
/* Frees the scenario. */
void sim_finding_finish(sim_finding *f);
/* Within about limit_ms of real time; run_limit_ms for one run. It still fails afterwards, with the same checker. */
void sim_finding_reduce(sim_finding *f, uint64_t limit_ms, uint64_t run_limit_ms);
/* How many of its events are faults, and how many operations of users. */
void sim_finding_size(const sim_finding *f, uint32_t *faults, uint32_t *operations);
/* The scenario with checker, failure and command as comments at its head. KD_OK, KD_EIO (errno says why). */
int sim_finding_write(const sim_finding *f, const char *path);

#endif
