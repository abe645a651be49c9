/* api_trending.h - the read of what is trending. */
#ifndef KUDOS_CENTRAL_IO_API_API_TRENDING_H
#define KUDOS_CENTRAL_IO_API_API_TRENDING_H

#include "central/io/api/api.h"

/* GET /v1/trending: all partitions are asked, each by the worker that owns it, and their answers merged. */
void kd_api_trending(kd_api *api, kd_http_request *req);

#endif
