/*
 * answer.h - how every handler answers: JSON with status 200, or an error as problem+json with its status and Retry-After. Here an error of the core
 * or of the shell becomes a problem of the API.
 */
#ifndef KUDOS_EDGE_IO_HTTP_ANSWER_H
#define KUDOS_EDGE_IO_HTTP_ANSWER_H

#include "common/api/route.h"
#include "common/io/http/server/http_server.h"

/* Answers with the problem for `err`, a KD_... of kd_edge_take and its like or of the shell. An error without a problem of its own is 503
 * storage-failed. */
void kd_answer_error(kd_http_request *req, int err);
/* Answers with the problem, detail and field of *why. */
void kd_answer_refusal(kd_http_request *req, const kd_refusal *why);
/* Answers 200 with `json`, which is copied. `session`: the new session token, KD_SESSION_TEXT characters; NULL: none. */
void kd_answer_json(kd_http_request *req, kd_bytes json, const char *session);

#endif
