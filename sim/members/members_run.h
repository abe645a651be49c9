/*
 * members_run.h - one partition, two or three centrals that follow and lead it in turn, edges, and a log that may be harmed (rule 32).
 *
 * The objects are those of the programs: the cores of edges and centrals, and the publisher. Between them stand disks that forget unsynced writes, links
 * that are cut, records that come late or twice, processes that are killed, frozen and back. Beside the world of sim/world it is small: a run is some
 * thousand steps, so that orders of events at a promotion are drawn by the hundred thousand.
 *
 * Judged are: with the log intact no edge meets a gap or an undone history; no leader stops for a claim that does not supersede its own; versions go on; no
 * label of the changes topic stands for two changes; each threshold that a count passed is told;
 * in the end all likes are counted once, at every member and edge, and members that have read as much have the same history.
 */
#ifndef KUDOS_SIM_MEMBERS_MEMBERS_RUN_H
#define KUDOS_SIM_MEMBERS_MEMBERS_RUN_H

#include "kudos/base.h"

typedef struct {
    uint64_t seed;
    uint64_t central_plant, edge_plant, world_plant; /* rules broken on purpose */
    bool tells;                                      /* each event to standard error */
} sim_members_options;

typedef struct {
    bool violated;
    char checker[32], failure[240];
    uint32_t likes, promotions, demotions, kills, freezes, late, undone, gaps, harmed, seeded;
} sim_members_result;

/* A function of the options alone. */
void sim_members_run(const sim_members_options *options, sim_members_result *result);

#endif
