/*
 * finding.h - a failed run: what failed, reduced to what is needed for it, written so that anyone can run it again.
 */
#ifndef KUDOS_SIM_HUNT_FINDING_H
#define KUDOS_SIM_HUNT_FINDING_H

#include "sim/hunt/child.h"

typedef struct {
    scenario scenario;
    uint64_t seed;
    const plant *plant; /* NULL: the sound cores */
    sim_result result;
    uint64_t drawn_from; /* the swarm's seed */
    uint32_t runs;       /* it took to reduce it */
} finding;

/* Runs the swarm's scenario of that seed in a child. The caller finishes f->scenario. */
void finding_draw(finding *f, uint64_t seed, const plant *planted);
void finding_finish(finding *f);
/* Within about limit_ms of real time; run_limit_ms for one run. It still fails afterwards, with the same checker. */
void finding_reduce(finding *f, uint64_t limit_ms, uint64_t run_limit_ms);
/* How many of its events are faults, and how many operations of users. */
void finding_size(const finding *f, uint32_t *faults, uint32_t *operations);
/* The scenario with checker, failure and command as comments at its head. KD_OK, KD_EIO (errno says why). */
int finding_write(const finding *f, const char *path);

#endif
