/* api_standing.h - GET /v1/members: who leads each partition, and how this central stands to it. */
#ifndef KUDOS_CENTRAL_IO_API_API_STANDING_H
#define KUDOS_CENTRAL_IO_API_API_STANDING_H

#include "central/io/api/api.h"

void kd_api_standing(kd_api *api, kd_http_request *req);

#endif
