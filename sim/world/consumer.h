/*
 * consumer.h - reading a topic: edges read the counts, centrals the likes, members of central both and their
 * heartbeats. A fetch waits at the broker, so that a record comes to its readers one
 * way's time after it was appended; records beyond a full fetch come with the next one.
 */
#ifndef KUDOS_SIM_WORLD_CONSUMER_H
#define KUDOS_SIM_WORLD_CONSUMER_H

#include "sim/world/world.h"

/* The log of the stream (world.h) that the process reads. */
sim_log *sim_consumer_log(sim_world *w, uint32_t process, uint32_t stream);
/* Fetches, if there is something to read, the process may read, no fetch is under way and Kafka can be reached. Call after each of these may have
 * changed; too often does no harm. */
void sim_consumer_wake(sim_world *w, uint32_t process, uint32_t stream);
/* The same for all processes that are up and read the topic: its log changed. */
void sim_consumer_wake_all(sim_world *w, sim_scenario_topic topic, uint32_t partition);
/* The same for the members of central. */
void sim_consumer_wake_members(sim_world *w, uint32_t stream);
/* A link may be open again: if the host reaches Kafka both ways, its processes read on, and a role that waits for Kafka is told. */
void sim_consumer_healed(sim_world *w, uint32_t host);

#endif
