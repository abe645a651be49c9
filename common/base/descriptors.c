/* descriptors.c - see the header. */
#include "common/base/descriptors.h"

enum {
    /* Listeners, loops, the log, 64 connections of the admin port, and a few files that are open for a moment. */
    DESCRIPTORS_PROCESS = 128,
    /* Log, manifest, lock, the acknowledged position, and the tables that a compaction reads and writes. */
    DESCRIPTORS_STORE = 24,
    /* A socket for each of some brokers, its pipe and its event loop. */
    DESCRIPTORS_CLIENT = 16,
    /* LevelDB maps its first thousand tables, and keeps open at most a fifth of the process's limit of the others. */
    DESCRIPTORS_TABLES_PART = 5,
    /* Whatever the reserve: else nobody could be served. */
    DESCRIPTORS_LEAST_PART = 4,
};

kd_descriptors_share kd_descriptors_divide(const kd_descriptors *d)
{
    uint64_t reserve = DESCRIPTORS_PROCESS + d->stores * DESCRIPTORS_STORE + d->clients * DESCRIPTORS_CLIENT +
                       d->limit / DESCRIPTORS_TABLES_PART;
    uint64_t least = KD_MAX(d->limit / DESCRIPTORS_LEAST_PART, (uint64_t)1);
    bool short_of = d->limit < reserve + least;
    uint64_t room = short_of ? least : d->limit - reserve;
    uint64_t connections = KD_MIN(d->connections, room), per_address = d->connections_per_address;
    if (connections < d->connections && per_address < d->connections)
        per_address = KD_MIN(per_address, KD_MAX(connections / 2, (uint64_t)1));
    return (kd_descriptors_share){.reserve = d->limit - KD_MIN(d->limit, room),
                                  .connections = (uint32_t)connections,
                                  .connections_per_address = (uint32_t)KD_MIN(per_address, connections),
                                  .lowered = connections < d->connections,
                                  .short_of = short_of};
}
