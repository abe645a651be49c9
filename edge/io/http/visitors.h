/*
 * visitors.h - POST /v1/visitors: a token for somebody without an account, and a new one for a visitor that shows a good one, who stays who it is.
 *
 * Nothing is stored, here or anywhere: the token says all (common/io/http/visitor.h). So a request has no order with others, needs no disk, and a retry
 * of one whose answer was lost is one more visitor of whom nobody will hear.
 */
#ifndef KUDOS_EDGE_IO_HTTP_VISITORS_H
#define KUDOS_EDGE_IO_HTTP_VISITORS_H

#include "edge/io/shard/shard.h"

/* Answers the request at once. */
void kd_visitors_post(kd_shard *s, kd_http_request *req);

#endif
