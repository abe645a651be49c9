/*
 * served.h - the collections and counters that a shard offers to clients. Each shard has its own copy, used on its thread; upstream/offer.h replaces
 * it when central's catalogue or the configuration changes.
 */
#ifndef KUDOS_EDGE_IO_SHARD_SERVED_H
#define KUDOS_EDGE_IO_SHARD_SERVED_H

#include "common/conf/options.h"

typedef struct {
    kd_strings collections;
    kd_counters
        counters; /* at the same indexes as in the core; a counter that is not offered has an empty name */
    kd_counters
        known; /* the same counters, all with their names: a request that was taken before its counter was closed is answered with it */
} kd_served;

/* A copy that ends with kd_served_finish. */
kd_served kd_served_copy(const kd_served *s);
/* A zeroed struct is fine. */
void kd_served_finish(kd_served *s);

#endif
