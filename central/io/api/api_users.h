/* api_users.h - handlers for questions about a list of users: who of them likes an item, and its counts without them. Each answers, now or later. */
#ifndef KUDOS_CENTRAL_IO_API_API_USERS_H
#define KUDOS_CENTRAL_IO_API_API_USERS_H

#include "central/io/api/api.h"

/* POST /v1/{collection}/{id}/likers/among: who of these users likes the item, in the order of the list, and its count. */
void kd_api_among(kd_api *api, kd_http_request *req, const kd_item *item);
/* POST /v1/{collection}/{id}/counts: the counts of the item as if these users had not liked it. */
void kd_api_without(kd_api *api, kd_http_request *req, const kd_item *item);

#endif
