/*
 * fleet_config.h - the configuration file of a node.
 */
#ifndef KUDOS_SIM_DRILL_FLEET_CONFIG_H
#define KUDOS_SIM_DRILL_FLEET_CONFIG_H

#include "sim/drill/fleet_state.h"

/* Writes n->config, by the scenario's figures, the node's ports and the ports of its links, which must exist. KD_OK, or KD_EIO with errno. */
int sim_fleet_config_write(const sim_fleet_node *n);

#endif
