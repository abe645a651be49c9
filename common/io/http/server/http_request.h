/*
 * http_request.h - a request as it comes in: its headers, its body, its memory.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_REQUEST_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_REQUEST_H

#include "common/io/http/server/http_internal.h"

/* A new request of the connection, in stage HEADERS; reuses a spare one. */
http_request *http_request_create(http_conn *conn);
/* Unlinks the request and keeps its memory as a spare one. May free a closed connection: use neither afterwards. */
void http_request_free(http_request *req);
/* A copy of the request without its headers, body and memory takes its place in the connection, for the time of an answer that goes on. `req` stays
 * readable until http_request_leave. */
http_request *http_request_slim(http_request *req);
/* Frees what the request holds, and itself. Until then it stands among the requests of its connection, also where another one has taken its place: what
 * it holds must be found there when the connection is closed to make room. */
void http_request_leave(http_request *req);
/* The answer to HEAD has no body: its source is neither asked nor told. */
static inline void http_request_drop_source(http_request *req)
{
    req->source = NULL;
    req->stage = HTTP_ANSWERED;
}
/* The answer's source is asked no more, and told so. */
void http_request_end_source(http_request *req);
/* Holds a copy of the rest of a piece, until http_request_drop_piece, in the place of the body. Of a slim request that holds none. */
kd_bytes http_request_keep_piece(http_request *req, kd_bytes rest);
void http_request_drop_piece(http_request *req);
/* The client is gone: frees every request of the connection but those that the handler works on, which are marked as not attached. */
void http_request_detach_all(http_conn *conn);
/* Frees the server's spare requests. */
void http_request_free_spares(kd_http_server *server);

/* Memory that is aligned for any type, not zeroed, and freed with the request. */
void *http_request_take(http_request *req, size_t size);
/* A copy that is freed with the request; an empty view for no bytes. Held (http_admission.h). */
kd_bytes http_request_copy(http_request *req, kd_bytes bytes);

/* The request is answered: its headers, its body and all memory of its handler go, and a copy of `answer` is held instead, in req->out, until the
 * request is freed. `answer` may lie in the memory that goes. */
void http_request_keep_answer(http_request *req, kd_bytes answer);

/* Stores a copy of a field and returns it; beyond max_headers or max_header_bytes sets the refusal 431 instead, and returns NULL. */
const http_header *http_request_add_header(http_request *req, kd_bytes name, kd_bytes value);
/* Whether there is a field of that name, which is a literal. */
static inline bool http_request_has(const http_request *req, const char *name)
{
    kd_bytes value;
    return kd_http_request_header(&req->pub, name, &value);
}
/* Splits a target into path and query, which are views into it: it must live as long as the request. Bytes that may not stand in a target set the
 * refusal 400, whatever the protocol. */
void http_request_set_target(http_request *req, kd_bytes target);
/* Whether the target is a path, or "*" of OPTIONS. After method and target were set. */
bool http_request_target_fits(const http_request *req);
/* `name` must live as long as the request. CONNECT and TRACE set the refusal 405. */
void http_request_set_method(http_request *req, kd_bytes name);
/* The last header has come: refuses fields that may not stand twice, a target that is no path, a host that is none or two, an expectation that nobody knows and a content-length
 * that is too large; the stage is BODY from here on. */
void http_request_headers_done(http_request *req);
/* Appends to the body. Over a limit (http_admit_body) it sets the refusal and drops the body; after a refusal it does nothing. */
void http_request_add_body(http_request *req, kd_bytes data);

/* The server will answer with this status (4xx or 5xx) instead of asking the handler. The first refusal stays. */
static inline void http_request_refuse(http_request *req, int status)
{
    if (req->refusal == 0) req->refusal = status;
}
/* With 400, and with the name of the header field that is at fault and what is wrong with it, both static. */
static inline void http_request_refuse_field(http_request *req, const char *field, const char *detail)
{
    if (req->refusal != 0) return;
    req->refusal = 400;
    req->refusal_field = field;
    req->refusal_detail = detail;
}

#endif
