/* api_me.h - the handler for what a user likes, over all partitions. It answers, now or later. */
#ifndef KUDOS_CENTRAL_IO_API_API_ME_H
#define KUDOS_CENTRAL_IO_API_API_ME_H

#include "central/io/api/api.h"

/* Items of a page: without the parameter limit, and at most. Every partition is asked for so many. */
enum { KD_ME_PAGE = 50, KD_ME_PAGE_MAX = 200 };

/* GET /v1/me/{counter}: what the caller likes, the newest like first; with user= what another user does. `counter` is the index of a set. */
void kd_api_me(kd_api *api, kd_http_request *req, uint32_t counter);

#endif
