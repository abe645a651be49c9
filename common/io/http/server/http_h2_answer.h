/*
 * http_h2_answer.h - an answer as HTTP/2 sends it: its fields, then its body as the windows let it go.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_H2_ANSWER_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_H2_ANSWER_H

#include "common/io/http/server/http_internal.h"

/* http_driver.respond: submits the answer to the session, which sends it when output is produced. Copies the body into the request's memory. */
void http_h2_respond(http_request *req, int status, const kd_http_field *fields, size_t n, kd_bytes body);
/* http_driver.stream and http_driver.resume. */
void http_h2_stream(http_request *req, const kd_http_field *fields, size_t n);
void http_h2_resume(http_request *req);
/* Submits 100 (Continue) for a request whose client expects it before the body; nothing for any other. */
void http_h2_say_continue(http_request *req);

#endif
