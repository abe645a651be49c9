/*
 * reads.h - the handlers of requests that read. Each answers the request once, at once or later on the shard's thread: when central has answered for
 * items that this edge does not know, or the deadline has passed. `item` is copied.
 *
 *     reads.c         requests -> kd_edge_read (reads_work.h)
 *     reads_work.c    on the shards of the items: the core, and central where this edge does not know
 *     reads_answer.c  kd_edge_read -> JSON
 */
#ifndef KUDOS_EDGE_IO_HTTP_READS_H
#define KUDOS_EDGE_IO_HTTP_READS_H

#include "edge/io/shard/shard.h"

/* GET /v1/{collection}/{id}/counts: all counters of an item. */
void kd_reads_counts(kd_shard *s, kd_http_request *req, const kd_item *item);
/* GET /v1/{collection}/{id}/count?counter=: one number alone, for caches. */
void kd_reads_count(kd_shard *s, kd_http_request *req, const kd_item *item);
/* GET /v1/{collection}/{id}/display: the display forms of an item, for caches. */
void kd_reads_display(kd_shard *s, kd_http_request *req, const kd_item *item);
/* GET /v1/{collection}/{id}/{set counter}: whether the caller likes the item. `counter` is an index into s->served. */
void kd_reads_liked(kd_shard *s, kd_http_request *req, const kd_item *item, uint32_t counter);
/* GET /v1/display?items=...: the display forms of the items of the query, for caches; a query that is not the canonical one of these items
 * (common/api/canonical.h) is redirected to that. */
void kd_reads_displays(kd_shard *s, kd_http_request *req);
/* GET /v1/counts?items=...: counts of the items of the query, with me=true also whether the caller likes them. */
void kd_reads_query(kd_shard *s, kd_http_request *req);
/* GET /v1/live?items=...: the same, and from then on what changes of it, as an answer that goes on. */
void kd_reads_live(kd_shard *s, kd_http_request *req);
/* POST /v1/counts: counts of the items of the body, with "me": true also whether the caller likes them. */
void kd_reads_bulk(kd_shard *s, kd_http_request *req);
/* POST /v1/likes/lookup: whether the caller likes the items of the body, without counts. */
void kd_reads_lookup(kd_shard *s, kd_http_request *req);

#endif
