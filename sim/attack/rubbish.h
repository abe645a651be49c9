/*
 * rubbish.h - records on the topics of Kafka that no program of Kudos wrote. Used by one thread.
 */
#ifndef KUDOS_SIM_ATTACK_RUBBISH_H
#define KUDOS_SIM_ATTACK_RUBBISH_H

#include "kudos/base.h"

typedef struct sim_rubbish sim_rubbish;

/* `brokers`: bootstrap addresses; waits for one of them, 5 s at most. Never NULL: without a client nothing is taken. */
sim_rubbish *sim_rubbish_create(const char *brokers, uint64_t seed);
/* Waits for what is on its way (two seconds at most). Takes NULL. */
void sim_rubbish_destroy(sim_rubbish *r);
/* Appends some records to each topic. */
void sim_rubbish_tick(sim_rubbish *r);
/* Records that a broker has acknowledged so far. */
uint64_t sim_rubbish_taken(const sim_rubbish *r);

/* One record, appended to `out`: noise, or a map of MessagePack that begins as a record does and goes on wrong. The sequence of `random` decides.
 * Pure. */
void sim_rubbish_record(uint64_t *random, kd_buf *out);

#endif
