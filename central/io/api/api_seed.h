/* api_seed.h - GET /v1/seed: a chunk of a partition, for a member that lacks its state (central/io/seed/seed_give.h). */
#ifndef KUDOS_CENTRAL_IO_API_API_SEED_H
#define KUDOS_CENTRAL_IO_API_API_SEED_H

#include "central/io/api/api.h"

void kd_api_seed(kd_api *api, kd_http_request *req);

#endif
