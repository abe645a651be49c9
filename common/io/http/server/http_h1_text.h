/*
 * http_h1_text.h - the text of HTTP/1.1: heads become requests, answers become text. Where a connection stands is http_h1.c's.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_H1_TEXT_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_H1_TEXT_H

#include "common/api/http1.h"
#include "common/io/http/server/http_internal.h"

/* `text`: request line and fields, the empty line included. Copies them into req and fills head. 0, or the status to refuse with. A 0 may come with a
 * req->refusal: the text is right, and the request is refused for another reason. */
int http_h1_parse_head(http_request *req, kd_bytes text, kd_http1_head *head);
/* Appends the whole answer to out; `keep`: the connection stays open. */
void http_h1_write_answer(const http_request *req, bool keep, int status, const kd_http_field *fields,
                          size_t n, kd_bytes body, kd_buf *out);
/* Appends the head of an answer that goes on: in chunks, or for HTTP/1.0 until the connection ends. */
void http_h1_write_stream_head(const http_request *req, const kd_http_field *fields, size_t n, kd_buf *out);
/* Appends a chunk of it; an empty one is its end. */
void http_h1_write_chunk(const http_request *req, kd_bytes data, kd_buf *out);

#endif
