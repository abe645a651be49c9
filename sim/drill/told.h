/*
 * told.h - the milestones that stand in their topic: whether each is told under one id, whether it can have been passed, and whether one is missing.
 *
 * Filled by the thread of the log tool, record by record, and judged when it has read the whole topic.
 */
#ifndef KUDOS_SIM_DRILL_TOLD_H
#define KUDOS_SIM_DRILL_TOLD_H

#include "sim/check/journal.h"
#include "sim/scenario/scenario.h"
#include "sim/users/names.h"

/* Zero-initialise. */
typedef struct {
    sim_names told;  /* "counter item threshold" of each milestone */
    char wrong[256]; /* empty: each record was right by itself */
} sim_told_milestones;

void sim_told_finish(sim_told_milestones *t);
/* A record of the topic. */
void sim_told_saw(sim_told_milestones *t, kd_bytes record);

/* `counts`: what central has now, of each item and counter. Borrowed. */
typedef struct {
    const sim_journal *journal;
    const sim_names *items;
    const uint64_t (*counts)[SCENARIO_COUNTERS];
    bool whole; /* the topic has lost no record: what a count stands above must have been told */
} sim_told_facts;

/* False, with `why`: a milestone was told that was never passed, or one that was passed is not told. Once. */
bool sim_told_judge(const sim_told_milestones *t, const sim_told_facts *facts, char *why, size_t size);

#endif
