/*
 * tenure.h - one central's tenure over one partition: a disk, a producer and clocks for the objects that decide, which are those of kudos-central
 * (kudos/commit_gate.h, kudos/publisher.h).
 */
#ifndef KUDOS_SIM_WORLD_TENURE_H
#define KUDOS_SIM_WORLD_TENURE_H

#include "sim/world/world.h"

/* Opens the core, leading or following as `follows` says, with publisher and gate around it. Nothing is read until `reading` is set. False: the run has failed. */
bool sim_tenure_open(sim_world *w, uint32_t slot, uint32_t partition);
/* Frees the publisher and closes the core. The disk stays. */
void sim_tenure_close(sim_world *w, uint32_t slot, uint32_t partition);
/* No commit is under way, and Kafka has reported each record that was sent. */
bool sim_tenure_quiet(const sim_tenure *t);
/* Whether what is read is passed over: its role is about to change, and all of it is read again then. */
bool sim_tenure_deaf(const sim_tenure *t);
/* A record of the likes topic; passed over by one that is about to change its role, and by a follower that has lost its way. A claim above its own epoch fences it: that stops
 * the process, unless it is a member. */
void sim_tenure_feed(sim_world *w, uint32_t slot, uint32_t partition, kd_bytes record, int64_t offset);
/* Begins a commit when the gate opens. With PUBLISH_EARLY planted it may publish and, on an error, stop the process. */
void sim_tenure_commit(sim_world *w, uint32_t slot, uint32_t partition);
/* Whether reading has to wait: for the disk (the gate), or for the topics (the publisher). */
bool sim_tenure_blocked(const sim_world *w, uint32_t slot, uint32_t partition);
/* Runs the publisher, once the central is `ready` and a commit is durable, and wakes the reader: what the topics took may have unblocked it. */
void sim_tenure_publish(sim_world *w, uint32_t slot, uint32_t partition);
/* From now on it is to become drained: no index is built further, and the next snapshot is the last one. */
void sim_tenure_drain(sim_world *w, uint32_t slot, uint32_t partition);
/* Nothing is gathered or being written, and the last snapshot is delivered; of a follower, and without Kafka (not `ready`), the first two suffice. */
bool sim_tenure_drained(const sim_world *w, uint32_t slot, uint32_t partition);

#endif
