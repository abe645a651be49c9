/*
 * likes.h - the handlers of operations. Each answers the request once, at once or later on the shard's thread: after the sync of its group.
 */
#ifndef KUDOS_EDGE_IO_HTTP_LIKES_H
#define KUDOS_EDGE_IO_HTTP_LIKES_H

#include "edge/io/shard/shard.h"

/* POST or DELETE of one item's counter. `item` is copied; `counter` is an index into s->served, of a kind that fits the verb. */
void kd_likes_one(kd_shard *s, kd_http_request *req, const kd_item *item, uint32_t counter, kd_verb verb);
/* POST /v1/likes: the operations of the body, answered as a whole. */
void kd_likes_batch(kd_shard *s, kd_http_request *req);

#endif
