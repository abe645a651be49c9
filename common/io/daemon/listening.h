/*
 * listening.h - opens the public port of a daemon, on one HTTP server or on several that share it.
 *
 * Host "*" or "" is every address, IPv6 and IPv4; on a machine without IPv6 every IPv4 address. Port 0 takes a free one. Failures are KD_EUNAVAILABLE
 * with `error` (KD_OPTIONS_ERROR_MAX bytes), which names the address and the reason.
 */
#ifndef KUDOS_COMMON_IO_DAEMON_LISTENING_H
#define KUDOS_COMMON_IO_DAEMON_LISTENING_H

#include "common/conf/options.h"
#include "common/io/http/server/http_server.h"

/* One server has the port alone. */
int kd_listen(kd_http_server *server, const kd_address *address, char *error);

/* Servers of several threads have the same port, and the kernel spreads connections over them (SO_REUSEPORT). Refused when another process listens
 * there, even one that shares its port too. After a failure some servers may listen; destroying them closes it. */
int kd_listen_shared(kd_http_server *const *servers, size_t count, const kd_address *address, char *error);

#endif
