/*
 * http_h1_text.h - the text of HTTP/1.1: heads, chunk sizes, answers. It reads and writes text alone; where a connection stands is http_h1.c's.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_H1_TEXT_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_H1_TEXT_H

#include "common/io/http/server/http_internal.h"

/* How the body of a request is delimited, and whether the connection goes on after the answer. */
typedef struct {
    bool keep_alive;
    bool close; /* Connection says so */
    bool has_host;
    bool has_length;
    bool chunked;    /* never together with has_length */
    uint64_t length; /* 0 without a content-length */
} http_h1_head;

/* `text`: request line and fields, the empty line included. Copies them into req and fills head. 0, or the status to refuse with. A 0 may come with a
 * req->refusal: the text is right, and the request is refused for another reason. */
int http_h1_parse_head(http_request *req, kd_bytes text, http_h1_head *head);
/* The line of a chunk's size without its CRLF: "1a;extension". False when it is not a size, or one of 2^32 and more. */
bool http_h1_chunk_size(kd_bytes line, uint64_t *size);
/* Whether a line of trailers, without its CRLF and not empty, is a field that may stand there: none that delimits a body or ends
 * the connection, for some readers would follow it. */
bool http_h1_trailer(kd_bytes line);
/* Appends the whole answer to out; `keep`: the connection stays open. */
void http_h1_write_answer(const http_request *req, bool keep, int status, const kd_http_field *fields,
                          size_t n, kd_bytes body, kd_buf *out);

#endif
