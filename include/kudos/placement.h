/*
 * placement.h - which member should lead each partition, and which should follow it. A function of the members alone, so that all who know the same
 * members want the same.
 *
 * Rendezvous hashing (Thaler, Ravishankar 1998): each pair of a partition and a member has a score, by their hash. Pairs take each other in the order of
 * their scores, and a member leads no more than its share, rounded up. Who comes or goes moves his own share, and few partitions besides.
 *
 * Followers sit in zones of their own as far as there are some: first in a zone that has no copy yet, then in another than the leader's, then anywhere.
 */
#ifndef KUDOS_PLACEMENT_H
#define KUDOS_PLACEMENT_H

#include "kudos/base.h"
#include "kudos/limits.h"

typedef struct {
    kd_bytes name, zone; /* zone: empty counts as a zone */
} kd_placed;

/* How many copies each partition has: `replicas`, or fewer where there are fewer members. */
static inline uint32_t kd_placement_copies(uint32_t members, uint32_t replicas)
{
    return KD_MIN(members, replicas);
}
/*
 * Writes the members of partition p, as indices of `members`, to out[p * copies] and the copies - 1 behind it: the leader first, then the followers in
 * the order in which they would take over. 1 to KD_MEMBERS_MAX members, ascending by name, none twice.
 */
void kd_placement_make(const kd_placed *members, uint32_t count, uint32_t partitions, uint32_t replicas,
                       uint8_t *out);

#endif
