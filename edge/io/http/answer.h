/*
 * answer.h - how every handler answers: JSON or MessagePack with status 200, or a problem with its status and Retry-After. Here an error of the core
 * or of the shell becomes a problem of the API.
 */
#ifndef KUDOS_EDGE_IO_HTTP_ANSWER_H
#define KUDOS_EDGE_IO_HTTP_ANSWER_H

#include "edge/io/live/live_hub.h"
#include "common/api/route.h"
#include "common/io/http/server/http_server.h"

/* Answers with the problem for `err`, a KD_... of kd_edge_take and its like or of the shell. An error without a problem of its own is 503
 * storage-failed. */
void kd_answer_error(kd_http_request *req, int err);
/* Answers with the problem, detail and field of *why. */
void kd_answer_refusal(kd_http_request *req, const kd_refusal *why);
/* Answers 503 overloaded, because reads are refused. `wait_us`: after this the client may come again. */
void kd_answer_shed(kd_http_request *req, uint64_t wait_us);
/* kd_answer_error with n further fields. */
void kd_answer_error_with(kd_http_request *req, int err, const kd_http_field *more, size_t n);
/* The writer of an answer to `req`, in the form that it asks for, into *out, which is emptied. */
kd_json kd_answer_writer(kd_http_request *req, kd_buf *out);
/* Answers 200 with `body`, which such a writer wrote and which is copied, and n further fields. */
void kd_answer_body(kd_http_request *req, kd_bytes body, const kd_http_field *more, size_t n);

/* A live stream was not opened, for a reason that is not KD_LIVE_OPENED. */
void kd_answer_live_refusal(kd_http_request *req, kd_live_refusal why);

#endif
