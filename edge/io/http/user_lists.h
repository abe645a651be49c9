/*
 * user_lists.h - the handlers of questions about an item and a list of users. Central answers them, for this edge's caller; what is told is central's
 * state at one moment, and beside each number how many operations of this edge it lacks.
 *
 * This edge's rows are not laid over central's answer: a row here may be older than what its user said at another edge, and only central knows all
 * of the list. So the list and the number beside it agree, and `missing` says by how much this edge's own count may be ahead of them.
 */
#ifndef KUDOS_EDGE_IO_HTTP_USER_LISTS_H
#define KUDOS_EDGE_IO_HTTP_USER_LISTS_H

#include "edge/io/shard/shard.h"

/* Each answers the request once, at once or when central has answered or the deadline has passed. `item` is copied. */

/* POST /v1/{collection}/{id}/likers/among: who of these users likes the item, and its count. */
void kd_user_lists_among(kd_shard *s, kd_http_request *req, const kd_item *item);
/* POST /v1/{collection}/{id}/counts: all counters of the item as if these users had not liked it. */
void kd_user_lists_without(kd_shard *s, kd_http_request *req, const kd_item *item);

#endif
