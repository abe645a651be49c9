/* trending.h - GET /v1/trending at an edge: from the cache of the shard that owns the question (edge/io/upstream/trends.h). */
#ifndef KUDOS_EDGE_IO_HTTP_TRENDING_H
#define KUDOS_EDGE_IO_HTTP_TRENDING_H

#include "edge/io/shard/shard.h"

void kd_trending_get(kd_shard *s, kd_http_request *req);

#endif
