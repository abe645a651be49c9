/*
 * fleet.h - the real programs of a drill as a whole: a broker, a central, edges, started together, looked after, ended together.
 *
 * Whatever ends a process without being asked is a failure of the drill, with these exceptions. A storage error while its disk was full or its
 * sync failed; and a central that another one has fenced: those start again when the fault is over, as a service manager would have it. Exit code
 * 4 (something needed was unavailable) is tried again.
 *
 * The parts: fleet_state.h has the nodes, the clock and the failure, fleet_node.h what befalls a process, fleet_net.h the links, fleet_kafka.h the
 * broker.
 */
#ifndef KUDOS_SIM_DRILL_FLEET_H
#define KUDOS_SIM_DRILL_FLEET_H

#include "sim/drill/fleet_kafka.h"
#include "sim/drill/fleet_net.h"
#include "sim/drill/fleet_node.h"
#include "sim/drill/fleet_state.h"

/* Makes the directory and starts nothing. What the options point to is borrowed until the end. KD_OK and *out, or KD_EIO with errno and *out NULL. */
int sim_fleet_create(sim_fleet **out, const sim_fleet_options *options);
/* Ends everything at once, and waits up to 3 s for what was asked of the processes (ask.h). NULL is fine. */
void sim_fleet_destroy(sim_fleet *f);
/* Broker, central, edges; runs the loop until all are ready. KD_OK; KD_EUNAVAILABLE, and f->failure says why. */
int sim_fleet_start(sim_fleet *f);
/* For sim_fleet_wait: every process that is to run serves, and Kafka has done what it was told. Also true when the drill has failed. */
bool sim_fleet_all_ready(void *fleet_);

#endif
