/*
 * fleet_kafka.h - the broker of a drill, embedded or real, and what befalls it.
 */
#ifndef KUDOS_SIM_DRILL_FLEET_KAFKA_H
#define KUDOS_SIM_DRILL_FLEET_KAFKA_H

#include "sim/drill/fleet_state.h"

/* Starts the broker and runs the loop until its address is known. KD_OK; KD_EUNAVAILABLE, and f->failure says why. */
int sim_fleet_kafka_start(sim_fleet *f);
/* Reads the address of a broker that starts and what kafka.py has done; a broker that ended fails the drill. */
void sim_fleet_kafka_tick(sim_fleet *f);
/* Ends the broker. A real one is given 30 s to end in order; blocks for that. */
void sim_fleet_kafka_finish(sim_fleet *f);
/* Kills, in a real cluster, the leader of the likes topic, or all brokers. The embedded broker keeps its records in memory, so it is only cut off.
 * Kills may overlap; each is ended by one sim_fleet_kafka_back. */
void sim_fleet_kafka_kill(sim_fleet *f, bool all);
void sim_fleet_kafka_back(sim_fleet *f); /* see sim_fleet_kafka_kill */
/* SIGSTOP of every broker, or SIGCONT. */
void sim_fleet_kafka_freeze(sim_fleet *f, bool frozen);
/* An unclean election: about so many of the last records of every partition are gone. Needs a real Kafka of FLEET_ELECTION_BROKERS; takes
 * its time, during which all other orders to Kafka wait. An election that could not be made fails the drill. */
void sim_fleet_kafka_truncate(sim_fleet *f, const char *topic, uint32_t records);
/* kafka.py has done every order that it was given. */
bool sim_fleet_kafka_settled(const sim_fleet *f);
/* Of a real Kafka deletes the topic; central and the edges create it again. The embedded broker loses all topics and begins anew at another port. */
void sim_fleet_kafka_recreate(sim_fleet *f, const char *topic);
/* "127.0.0.1:p1,...": the brokers, by the drill's own links, which stay the same when a broker moves. */
void sim_fleet_kafka_address(const sim_fleet *f, char *text, size_t size);

#endif
