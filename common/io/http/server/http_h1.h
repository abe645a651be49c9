/*
 * http_h1.h - the text of HTTP/1.1: heads, chunk sizes, answers. Parsing alone, no connection
 * state.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_H1_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_H1_H

#include "common/io/http/server/http_internal.h"

typedef struct {
    bool keep_alive;
    bool has_length;
    bool chunked;
    uint64_t length; /* 0 without a content-length */
} http_h1_head;

/* text: request line and fields, the empty line included. 0, or the status to refuse with. */
int http_h1_parse_head(http_request *req, kd_bytes text, http_h1_head *head);
/* "1a;extension": false when it is not a size, or one beyond 2^32. */
bool http_h1_chunk_size(kd_bytes line, uint64_t *size);
/* Appends the whole answer to the connection's h1_out. */
void http_h1_write_answer(http_request *req, bool keep, int status, const kd_http_field *fields, size_t n,
                          kd_bytes body);

#endif
