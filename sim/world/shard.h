/*
 * shard.h - one shard of an edge: operations in, group commits, batches out, snapshots in.
 *
 * Every call that may have made work ends in a turn: the core looks at its clock, waiting writes are committed, due batches are sent.
 */
#ifndef KUDOS_SIM_WORLD_SHARD_H
#define KUDOS_SIM_WORLD_SHARD_H

#include "sim/world/world.h"

/* The edge's clock, carried time: its wall clock with the correction that it agreed with central (rule 3). */
uint64_t sim_edge_now_us(const sim_world *w, uint32_t slot);
/* The shard that keeps the partition. */
sim_shard *sim_shard_of(sim_world *w, uint32_t slot, uint32_t partition);
/* One shard's share of a bound that the scenario sets for an edge, at least 1; `ample` where the scenario sets none (`of_edge` 0). */
uint32_t sim_shard_room(const sim_scenario *s, uint32_t of_edge, uint32_t ample);
/* How many idempotency keys each edge has room for. */
uint32_t sim_edge_room_keys(const sim_scenario *s);
/* The turn. The process is up; it still is when the call returns. */
void sim_shard_turn(sim_world *w, uint32_t slot, uint32_t shard);
/* A user's request arrives. op->ended is called once, from within or later, except for the second request of a double tap that comes while the
 * first one is in work: its reference to the operation is released. */
void sim_shard_request(sim_world *w, uint32_t slot, uint32_t op);
/* A record of the counts topic, for sim_role. The turn comes at the end of the fetch. */
void sim_shard_snapshot(sim_world *w, uint32_t slot, uint32_t partition, kd_bytes record, int64_t offset);
/* The edge makes a new producer: all its shards send again what was not confirmed. Late reports to the old producer change nothing. */
void sim_shard_reset(sim_world *w, uint32_t slot);

#endif
