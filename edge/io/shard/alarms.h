/*
 * alarms.h - the log lines of a shard that ask for an operator: somebody else uses this edge's name, sums were set aside, writes are refused,
 * central has retired this edge, a restore of central undid what this edge knew. Each is logged when it begins or grows. Sums that are set aside
 * are told again after each start, until an operator has them forgotten. Refused writes and a retirement stand on /readyz as long as they last
 * (daemon/health.h).
 */
#ifndef KUDOS_EDGE_IO_SHARD_ALARMS_H
#define KUDOS_EDGE_IO_SHARD_ALARMS_H

#include "kudos/edge.h"

/* The figures of kd_edge_stats for which a line was logged; zero at first. */
typedef struct {
    uint64_t alarms, aside_kept, undone, shared;
    uint32_t retired;
    bool refusing;
} kd_alarms;

/* On the shard's thread, at every tick: logs what has come since the last call, for shard number `shard` with its present incarnation. */
void kd_alarms_tell(kd_alarms *told, uint32_t shard, uint64_t incarnation, const kd_edge_stats *stats);

#endif
