/*
 * http1.h - the grammar of HTTP/1.1 (RFC 9112), read strictly: the head of a request, sizes of chunks, trailers, media types. Pure text; the public ports
 * and the admin ports read requests by it.
 *
 * A proxy in front reads the same bytes with a parser of its own. Where two parsers may differ on where a request ends, an attacker can hide a second
 * request in the first one (request smuggling). So a text that can be read in two ways is refused.
 */
#ifndef KUDOS_COMMON_API_HTTP1_H
#define KUDOS_COMMON_API_HTTP1_H

#include "kudos/base.h"

/* Empty lines that are skipped before a request (RFC 9112, 2.2: at least one). One more is refused: a stream of them asks for nothing. */
enum { KD_HTTP1_EMPTY_LINES_MAX = 4 };

/* The head of a request, but for its fields. Views point into the text. */
typedef struct {
    kd_bytes method, target;
    bool http10;
    bool keep_alive; /* whether the client lets the connection go on after the answer */
    bool has_host;
    bool has_length; /* content-length was given */
    bool chunked;    /* never together with has_length */
    uint64_t length; /* 0 without a content-length */
    bool close;      /* Connection says so; it is in keep_alive already */
} kd_http1_head;

/* What kd_http1_read_head finds, in the order of the text. The views do not outlive the call. */
typedef struct {
    void *arg;
    /* Method, target and version of `head` are set. 0, or the status to refuse the request with, which ends the reading. */
    int (*line)(void *arg, const kd_http1_head *head);
    void (*field)(void *arg, kd_bytes name, kd_bytes value); /* the name is in lower case */
} kd_http1_visitor;

/* `text`: request line and fields, the empty line included. 0, or the status to refuse with: 400, 431, 501, 505, or that of visitor->line. A head
 * without Host is not refused here: see has_host. */
int kd_http1_read_head(kd_bytes text, const kd_http1_visitor *visitor, kd_http1_head *head);

/* Whether all bytes may stand in a target: visible ASCII, no '#', at least one. HTTP/2's :path is asked the same. */
bool kd_http1_is_target(kd_bytes text);

/* How a field is spelled that decides who asks for what, and so may stand once; NULL for all others. `name` is in lower case. */
const char *kd_http1_single(kd_bytes name);

/* The line of a chunk's size without its CRLF: "1a;name=value". False when it is not a size, or one of 2^32 and more. */
bool kd_http1_chunk_size(kd_bytes line, uint64_t *size);
/* Whether a line of trailers, without its CRLF and not empty, is a field that may stand there: none that delimits a body or ends the connection, for
 * some readers would follow it. */
bool kd_http1_trailer(kd_bytes line);

/* Whether the text is one media type (RFC 9110, 8.3.1): type "/" subtype, and parameters behind ';'. *essence is type and subtype. */
bool kd_http1_media_type(kd_bytes text, kd_bytes *essence);

#endif
