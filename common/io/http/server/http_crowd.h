/*
 * http_crowd.h - when the process has all the connections that it may have, an idle one of the address with most gives way to a newcomer.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_CROWD_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_CROWD_H

#include "common/io/http/server/http_internal.h"

/* A newcomer of `address` (a key of http_address.h) has come, and is not counted yet. Where the process is full, closes the oldest connection without a
 * request of the address that has most connections at this server, if `address` has fewer even with the newcomer. Counted in idle_closed, and
 * logged. Not from a callback of a connection. */
void http_crowd_make_room(kd_http_server *server, uint64_t address);

#endif
