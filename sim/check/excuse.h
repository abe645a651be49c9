/*
 * excuse.h - what the faults so far excuse, as questions of the checkers. Nothing here changes their state; check_fault.c does, when a fault happens.
 *
 * An edge goes back to older operations in three ways, and each excuses numbers until central has merged these operations again: a restore of
 * central undid the history that the edge follows; the edge's disk was wiped or put back; the edge's directory was copied while it ran, so two
 * processes use its name.
 */
#ifndef KUDOS_SIM_CHECK_EXCUSE_H
#define KUDOS_SIM_CHECK_EXCUSE_H

#include "sim/check/facts.h"

/* A restore of central undid the history that this edge followed, and central has not merged everything again. */
bool sim_check_excuse_undone(const sim_checks *c, uint32_t slot, uint32_t partition);
/* The edge's disk went back, and central has not merged everything that the edge moves to a new incarnation since. */
bool sim_check_excuse_moved(const sim_checks *c, uint32_t slot, uint32_t partition);
/* A copy of the edge runs under its name, or central has not merged everything that the two processes took. */
bool sim_check_excuse_doubled(const sim_checks *c, uint32_t slot, uint32_t partition);
/* Up to this moment a copy, or an earlier life whose disk is gone, may have taken operations under this edge's name that its present disk lacks;
 * 0: none has. */
uint64_t sim_check_excuse_gone_us(const sim_checks *c, uint32_t slot);
/* Edges that were ever copied while they ran, sim_journal_edge_bit of each: what is acknowledged under a doubled name is not promised. */
uint64_t sim_check_excuse_doubled_edges(const sim_checks *c);
/* Edges that were ever copied, that are retired, or whose readmission became durable at or after `since_us`, or is not durable yet: a number that
 * central made at `since_us` promises nothing about their operations. Bits as sim_check_excuse_doubled_edges. */
uint64_t sim_check_excuse_edges(const sim_checks *c, uint64_t since_us);
/* Each central that runs has surely merged all operations that this edge stamped up to the returned moment. */
uint64_t sim_check_excuse_merged(const sim_checks *c, uint32_t edge);
/* As sim_check_excuse_merged, for one central: `partitions` is the array of its partitions' histories. */
uint64_t sim_check_excuse_merged_in(const sim_checks *c, uint32_t edge, const sim_check_history *partitions);

#endif
