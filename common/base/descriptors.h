/*
 * descriptors.h - how many connections a process may take, so that the files of its stores, Kafka and the log always find a descriptor. Pure.
 */
#ifndef KUDOS_COMMON_BASE_DESCRIPTORS_H
#define KUDOS_COMMON_BASE_DESCRIPTORS_H

#include "kudos/base.h"

typedef struct {
    uint64_t limit;                                /* descriptors that the process may open (RLIMIT_NOFILE) */
    uint64_t stores;                               /* LevelDB databases that it opens */
    uint64_t clients;                              /* clients of Kafka and of central, each with its thread */
    uint64_t connections, connections_per_address; /* as configured, at least 1 */
} kd_descriptors;

typedef struct {
    uint64_t reserve; /* descriptors that no connection gets */
    uint32_t connections, connections_per_address;
    bool lowered; /* connections are fewer than configured */
    bool
        short_of; /* the limit is so low that connections got a quarter of it, and the reserve is what is left */
} kd_descriptors_share;

/* Divides the limit. Both numbers of connections are at least 1 and at most what is configured. Where the total had to be lowered and one address may
 * not have all of it, an address gets at most half: else one client could keep out all others. */
kd_descriptors_share kd_descriptors_divide(const kd_descriptors *d);

#endif
