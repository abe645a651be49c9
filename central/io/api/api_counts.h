/* api_counts.h - handlers for counts: of one item and of many, by region and by day, and the snapshot of one item. Each answers, now or later. */
#ifndef KUDOS_CENTRAL_IO_API_API_COUNTS_H
#define KUDOS_CENTRAL_IO_API_API_COUNTS_H

#include "central/io/api/read.h"

/* GET /v1/{collection}/{id}/counts, with by=region or by=day. */
void kd_api_counts(kd_api *api, kd_http_request *req, const kd_item *item);
/* GET /v1/{collection}/{id}/count?counter=: one number alone. */
void kd_api_count(kd_api *api, kd_http_request *req, const kd_item *item);
/* Responds with the counts of the one item of a read: its kd_api_read.answer. */
void kd_api_counts_answer(kd_api_read *r);
/* GET /v1/counts?items=... */
void kd_api_counts_query(kd_api *api, kd_http_request *req);
/* POST /v1/counts: a list of items, and whether the user whom a trusted peer names likes each of them. */
void kd_api_counts_body(kd_api *api, kd_http_request *req);
/* GET /v1/snapshots/{collection}/{id}?edge=NAME, for edges: the answer is a KD_SNAPSHOT_READ (rule 19), as MessagePack. */
void kd_api_snapshot(kd_api *api, kd_http_request *req, const kd_item *item);

#endif
