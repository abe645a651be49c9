/*
 * hand.h - central's own hand: what the publisher of a partition that leads writes into the log without an operator's word (kudos/decide.h). Lives and ends of items are
 * proposed by span_hand.c, the floor by collect.c.
 *
 * All of this is of this process alone. Nothing happens before such a decision is read, and what was lost is proposed again.
 */
#ifndef KUDOS_CENTRAL_CORE_HAND_H
#define KUDOS_CENTRAL_CORE_HAND_H

#include "central/core/quarantine.h"

typedef struct {
    bool look; /* records in quarantine may have become sound */
    uint64_t ids[KD_QUARANTINE_MAX];
    uint32_t id_count, id_at;
    uint64_t looked_us, listed_us; /* when they were proposed, and edges of the configuration */
    uint32_t proposed;             /* for names of jobs */
    char job[KD_NAME_MAX + 1];
    kd_buf body;
} kd_hand;

#endif
