/*
 * tenure.h - one central's tenure over one partition: a disk, a producer and clocks for the objects that decide, which are those of kudos-central
 * (kudos/commit_gate.h, kudos/publisher.h).
 */
#ifndef KUDOS_SIM_WORLD_TENURE_H
#define KUDOS_SIM_WORLD_TENURE_H

#include "sim/world/world.h"

/* The core was opened: prepares the publisher and the gate around it. Nothing is read until `reading` is set. */
void sim_tenure_open(sim_world *w, uint32_t slot, uint32_t partition);
/* Frees the publisher and closes the core. The disk stays. */
void sim_tenure_close(sim_world *w, uint32_t slot, uint32_t partition);
/* A record of the likes topic. May stop the process: a claim above its own epoch fences it. */
void sim_tenure_feed(sim_world *w, uint32_t slot, uint32_t partition, kd_bytes record, int64_t offset);
/* Begins a commit when the gate opens. With PUBLISH_EARLY planted it may publish and, on an error, stop the process. */
void sim_tenure_commit(sim_world *w, uint32_t slot, uint32_t partition);
/* Whether reading has to wait: for the disk (the gate), or for the topics (the publisher). */
bool sim_tenure_blocked(const sim_world *w, uint32_t slot, uint32_t partition);
/* Runs the publisher, once the central is `ready` and a commit is durable, and wakes the reader: what the topics took may have unblocked it. */
void sim_tenure_publish(sim_world *w, uint32_t slot, uint32_t partition);
/* Nothing is gathered or being written, and the last snapshot is delivered; without Kafka (not `ready`) the first two suffice. */
bool sim_tenure_drained(const sim_world *w, uint32_t slot, uint32_t partition);

#endif
