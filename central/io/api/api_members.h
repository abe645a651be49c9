/* api_members.h - handlers for who likes what: of one user, of one item, of all. Each answers, now or later. */
#ifndef KUDOS_CENTRAL_IO_API_API_MEMBERS_H
#define KUDOS_CENTRAL_IO_API_API_MEMBERS_H

#include "central/io/api/api.h"

/* Rows of a page: without the parameter limit, and at most. */
enum { KD_LIKERS_PAGE = 100, KD_LIKERS_PAGE_MAX = 1000, KD_EXPORT_PAGE = 1000, KD_EXPORT_PAGE_MAX = 5000 };

/* GET /v1/{collection}/{id}/{counter}: whether the user of X-User-Id likes the item. `counter` is the index of a set. */
void kd_api_liked(kd_api *api, kd_http_request *req, const kd_item *item, uint32_t counter);
/* POST /v1/likes/lookup: the same for a list of items. */
void kd_api_lookup(kd_api *api, kd_http_request *req);
/* GET /v1/{collection}/{id}/likers: who likes the item, page by page. */
void kd_api_likers(kd_api *api, kd_http_request *req, const kd_item *item);
/* GET /v1/export?partition=P: all liked rows of a partition as lines (member_line.h), page by page. */
void kd_api_export(kd_api *api, kd_http_request *req);

#endif
