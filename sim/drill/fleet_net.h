/*
 * fleet_net.h - the links of the nodes, and what the faults in force make of each.
 */
#ifndef KUDOS_SIM_DRILL_FLEET_NET_H
#define KUDOS_SIM_DRILL_FLEET_NET_H

#include "sim/drill/fleet_state.h"

/* The links of a node: one to each broker, of an edge also those to central and from its users. KD_OK, or KD_EIO with errno (no port). */
int sim_fleet_net_init(sim_fleet_node *n);
/* The drill's own links to the brokers, which no fault befalls. KD_OK, or KD_EIO with errno. */
int sim_fleet_net_init_own(sim_fleet *f);
/* Breaks and frees the drill's own links. Those that were never made are fine. */
void sim_fleet_net_finish_own(sim_fleet *f);
/* Breaks and frees the links of a node. */
void sim_fleet_net_finish(sim_fleet_node *n);
/* Sets the target and the conditions of every link anew, from the ports and the faults in force. To be called after each change of either. */
void sim_fleet_net_refresh(sim_fleet *f);
/* A fault of the network is in force from now on. The event is borrowed until sim_fleet_net_end, which gets the same pointer. At most 256. */
void sim_fleet_net_begin(sim_fleet *f, const sim_scenario_event *e);
void sim_fleet_net_end(sim_fleet *f, const sim_scenario_event *e); /* see sim_fleet_net_begin */
/* A flapping link that is in force: true lets everything through, false cuts it. */
void sim_fleet_net_flap(sim_fleet *f, const sim_scenario_event *e, bool open);
/* All connections of this edge, or of central, break once, and so do those of its twin. SCENARIO_KAFKA: all connections to the brokers. */
void sim_fleet_net_reset(sim_fleet *f, int who);
/* A connection of this edge, or of central, to a broker gets an error that ends a producer's life instead of the answer to its next record, though
 * the record is in the log. */
void sim_fleet_net_fence(sim_fleet *f, int who);

#endif
