/*
 * http_deadline.h - ends what takes too long: the deadlines of kd_http_config, and those of a drain.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_DEADLINE_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_DEADLINE_H

#include "common/io/http/server/http_internal.h"

/* Starts the timer that looks at all connections, four times within the shortest deadline. */
void http_deadline_init(kd_http_server *server);
/* Stops it. */
void http_deadline_finish(kd_http_server *server);

#endif
