/*
 * http_answer.h - a request that has come in goes to the handler, or is refused; kd_http_respond and its kin are defined here, too.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_ANSWER_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_ANSWER_H

#include "common/io/http/server/http_internal.h"

/* Gives the request to the handler, or answers it here when it has a refusal or the server is overloaded. Once per request. HTTP/1.1: an answer at
 * once frees the request, so do not use it afterwards. */
void http_answer_dispatch(http_request *req);

/* The headers are complete, the body is still to come: asks kd_http_config.begin. True: it has answered. HTTP/1.1: the request is freed then, so do
 * not use it afterwards. */
bool http_answer_begin(http_request *req);

#endif
