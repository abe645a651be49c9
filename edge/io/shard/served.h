/*
 * served.h - the collections and counters that a shard offers to clients. Each shard has its own copy, used on its thread; upstream/offer.h replaces
 * it when central's catalogue or the configuration changes.
 */
#ifndef KUDOS_EDGE_IO_SHARD_SERVED_H
#define KUDOS_EDGE_IO_SHARD_SERVED_H

#include "common/conf/options.h"
#include "common/io/openapi/openapi.h"

/* Both lists of counters have the indexes of the core's. */
typedef struct {
    kd_strings collections;
    kd_counters counters;        /* a counter that is not offered has an empty name */
    kd_openapi_page description; /* of the API with them */
    kd_counters known; /* all have their names, for requests that were taken before a counter was closed */
} kd_served;

/* A copy that ends with kd_served_finish. */
kd_served kd_served_copy(const kd_served *s);
/* A zeroed struct is fine. */
void kd_served_finish(kd_served *s);

#endif
