/*
 * log_tool.h - what befalls Kafka's log itself: records that come twice, come again, or are gone.
 *
 * A consumer of our own follows a topic and appends records of it once more; to whoever reads the log that is a record that was duplicated or
 * delivered again. In a thread of its own, since librdkafka's calls block; the drill only leaves orders.
 */
#ifndef KUDOS_SIM_DRILL_LOG_TOOL_H
#define KUDOS_SIM_DRILL_LOG_TOOL_H

#include "sim/drill/told.h"
#include "sim/scenario/scenario.h"

typedef struct sim_log_tool sim_log_tool;

/* "kudos.likes.v1", "kudos.counts.v1". */
const char *sim_log_tool_topic(sim_scenario_topic topic);

/* `brokers`: sim_fleet_kafka_address. Starts no thread before the first order. */
sim_log_tool *sim_log_tool_create(const char *brokers, uint32_t partitions, uint64_t seed);
/* Asks the thread to end. The loop must run until it has, since the thread's connections pass the proxy. */
void sim_log_tool_end(sim_log_tool *t);
/* For sim_fleet_wait: the thread has ended, or never began. */
bool sim_log_tool_ended(void *tool);
/* Joins a thread that has ended and frees the tool. A thread that has not ended is left behind, with its tool. NULL is fine. */
void sim_log_tool_destroy(sim_log_tool *t);
/* From now on `percent` of the records that others append are appended once more; 0 ends it. */
void sim_log_tool_duplicate(sim_log_tool *t, sim_scenario_topic topic, uint32_t percent);
/* The last `records` of every partition are appended once more. */
void sim_log_tool_redeliver(sim_log_tool *t, sim_scenario_topic topic, uint32_t records);
/* All but the last `records` of every partition are deleted (real Kafka only). */
void sim_log_tool_expire(sim_log_tool *t, sim_scenario_topic topic, uint32_t records);
/* Writes the batches of that event under the edge's name, as sim/scenario/forged.h has them. Borrows scenario and event. */
void sim_log_tool_forge(sim_log_tool *t, const sim_scenario *s, const sim_scenario_event *e);
/* From now on batches on the likes topic are checked (positions.h), except those of the edge `careless`; NULL: of all edges. Borrows the name. */
void sim_log_tool_tap(sim_log_tool *t, const char *careless);
/* *batches: how many batches were checked so far. False: one of them broke a rule, and `why` says which. */
bool sim_log_tool_tapped(sim_log_tool *t, uint64_t *batches, char *why, size_t size);
/* Reads the milestones topic from its beginning to its end. */
void sim_log_tool_read_milestones(sim_log_tool *t);
/* That is done: what stands in the topic, until it is read again. NULL: not yet. */
const sim_told_milestones *sim_log_tool_milestones(sim_log_tool *t);
/* Records that were appended once more so far. */
uint64_t sim_log_tool_appended(sim_log_tool *t);
/* Orders that failed so far; above 0 `why` says how the last one did. */
uint32_t sim_log_tool_failures(sim_log_tool *t, char *why, size_t size);

#endif
