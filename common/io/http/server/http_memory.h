/*
 * http_memory.h - memory goes back to the system after a busy moment.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_MEMORY_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_MEMORY_H

#include "common/io/http/server/http_internal.h"

/* Looks some times a second, from the server's timer. When much less is held than a while ago, the free memory of the process goes back to the
 * system; at most once in a while, because that takes milliseconds. */
void http_memory_look(kd_http_server *server);

#endif
