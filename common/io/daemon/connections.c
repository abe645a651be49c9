/* connections.c - see the header. */
#include "common/io/daemon/connections.h"

#include <sys/resource.h>

#include "common/io/loop/log.h"

static uint64_t connections_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
    return limit.rlim_cur;
}

kd_http_door *kd_connections_open(kd_descriptors *d, uint32_t new_per_address, kd_descriptors_share *share)
{
    d->limit = connections_limit();
    *share = kd_descriptors_divide(d);
    if (share->lowered)
        KD_LOG(KD_WARN, "connections-lowered", KD_U64("configured", d->connections),
               KD_U64("connections", share->connections),
               KD_U64("connections_per_address", share->connections_per_address),
               KD_U64("descriptors", d->limit), KD_U64("reserved", share->reserve),
               KD_STR("cause", share->short_of
                                   ? "the limit of open files (LimitNOFILE, ulimit -n) is too low even for "
                                     "the files of the stores and Kafka: raise it"
                                   : "the limit of open files (LimitNOFILE, ulimit -n) leaves no room for as "
                                     "many as http.max_connections says"));
    return kd_http_door_create(share->connections, share->connections_per_address, new_per_address);
}
