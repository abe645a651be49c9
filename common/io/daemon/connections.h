/*
 * connections.h - the door of a daemon's public port: as many connections as are configured and the descriptors of the process allow.
 */
#ifndef KUDOS_COMMON_IO_DAEMON_CONNECTIONS_H
#define KUDOS_COMMON_IO_DAEMON_CONNECTIONS_H

#include "common/base/descriptors.h"
#include "common/io/http/server/http_server.h"

/* Fills d->limit with the process's own, divides it, and logs `connections-lowered` where the configuration asks for more than there is room for.
 * *share tells the result, for a metric. new_per_address as
 * kd_http_door_create has it. The door is the caller's: kd_http_door_destroy. Once, before the servers are made. */
kd_http_door *kd_connections_open(kd_descriptors *d, uint32_t new_per_address, kd_descriptors_share *share);

#endif
