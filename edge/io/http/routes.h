/*
 * routes.h - from a path and a method to the handler of the request.
 */
#ifndef KUDOS_EDGE_IO_HTTP_ROUTES_H
#define KUDOS_EDGE_IO_HTTP_ROUTES_H

#include "common/io/http/server/http_server.h"

/* The kd_http_handler of a shard's server; `arg` is the kd_shard. Each request is answered once, at once or later on the shard's thread. */
void kd_routes_handle(kd_http_request *req, void *arg);

#endif
