/*
 * http_crowd.h - when the process has all the connections that it may have, one of the address with most gives way to a newcomer: an idle one, or, as there is
 * none, one that waits for its client, who has to send the rest of a request or to take an answer. Else a byte on each would keep them all.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_CROWD_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_CROWD_H

#include "common/io/http/server/http_internal.h"

/* A newcomer of `address` (a key of http_address.h) has come, and is not counted yet. Where the process is full, closes the oldest such connection of the
 * address that has most connections at this server, if `address` has fewer even with the newcomer. One with a request that the handler works on is not
 * given up. Counted in gave_way, and logged. Not from a callback of a connection. */
void http_crowd_make_room(kd_http_server *server, uint64_t address);

#endif
