/*
 * routes.h - the table of the API (common/io/http/endpoint.h), and from a path and a method to the handler of the request.
 */
#ifndef KUDOS_EDGE_IO_HTTP_ROUTES_H
#define KUDOS_EDGE_IO_HTTP_ROUTES_H

#include "common/io/openapi/openapi.h"

/* The index of the table: kd_edge_app.paths. */
void kd_routes_init(kd_paths *paths);
/* The table with these names, for the description. Borrows both. */
kd_openapi_source kd_routes_source(const kd_strings *collections, const kd_counters *counters);

/* The kd_http_begin of a shard's server: what path, method and user refuse is refused before a body is held. kd_routes_handle refuses in the same
 * order, so the answer is the same with and without a body. `arg` is the kd_shard. */
bool kd_routes_begin(kd_http_request *req, void *arg);

/* The kd_http_handler of a shard's server; `arg` is the kd_shard. Each request is answered once, at once or later on the shard's thread. */
void kd_routes_handle(kd_http_request *req, void *arg);

#endif
