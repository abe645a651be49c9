/*
 * routes.h - from a path to its handler, and what handlers share: who asks, with which headers, and
 * how errors are answered.
 */
#ifndef KUDOS_EDGE_IO_HTTP_ROUTES_H
#define KUDOS_EDGE_IO_HTTP_ROUTES_H

#include "common/api/body.h"
#include "common/api/route.h"
#include "edge/io/http/call.h"

/* The handler of a shard's server; arg is the kd_shard. */
void kd_routes_handle(kd_http_request *req, void *arg);

/* The handlers: each answers, now or later. */
void kd_likes_one(kd_shard *s, kd_http_request *req, const kd_item *item, uint32_t counter, kd_verb verb);
void kd_likes_batch(kd_shard *s, kd_http_request *req);
void kd_reads_counts(kd_shard *s, kd_http_request *req, const kd_item *item);
void kd_reads_display(kd_shard *s, kd_http_request *req, const kd_item *item);
void kd_reads_liked(kd_shard *s, kd_http_request *req, const kd_item *item, uint32_t counter);
void kd_reads_query(kd_shard *s, kd_http_request *req);
void kd_reads_bulk(kd_shard *s, kd_http_request *req);
void kd_reads_lookup(kd_shard *s, kd_http_request *req);

/* The answer to an error of the core or of the shell. */
void kd_answer_error(kd_http_request *req, int err);
void kd_answer_refusal(kd_http_request *req, const kd_refusal *why);
/* 200 with the JSON in s->out. `session`: KD_SESSION_TEXT characters, or NULL. */
void kd_answer_json(kd_shard *s, kd_http_request *req, const char *session);

/* auth.c: what the headers say. False: refused, *why is filled. Views live as long as the request. */
bool kd_auth_user(kd_shard *s, kd_http_request *req, kd_bytes *user, kd_refusal *why);
bool kd_auth_session(kd_shard *s, kd_http_request *req, kd_bytes user, kd_seen *seen, kd_refusal *why);
bool kd_auth_key(kd_http_request *req, kd_bytes *key, kd_refusal *why);

#endif
