/*
 * http_cors.c - see the header. An origin that a client sent is never written into an answer: what is written is the text of the configuration that is
 * equal to it.
 */
#include "common/io/http/server/http_cors.h"

#include "common/api/cors.h"

void kd_http_server_set_origins(kd_http_server *server, const kd_strings *origins)
{
    kd_strings_finish(&server->origins);
    server->origins = kd_strings_copy(origins);
}

/* With a list, an answer depends on Origin, also where there is none: a cache that gave an answer without these fields to a page of the list would
 * shut it out. With "*" all answers are alike, and a cache may keep one for all. */
size_t http_cors_fields(const http_request *req, kd_http_field *fields)
{
    const kd_strings *origins = &req->conn->server->origins;
    size_t n = 0;
    if (origins->count == 0) return 0;
    if (!kd_cors_open(origins)) fields[n++] = (kd_http_field){"vary", kd_bytes_str("Origin")};
    const char *allowed = kd_cors_allow(origins, req->origin);
    if (!allowed) return n;
    fields[n++] = (kd_http_field){"access-control-allow-origin", kd_bytes_str(allowed)};
    fields[n++] = (kd_http_field){"access-control-expose-headers", kd_bytes_str(KD_CORS_ANSWER_FIELDS)};
    return n;
}

size_t http_cors_preflight(const http_request *req, const char *allow, kd_http_field *fields)
{
    kd_bytes method;
    if (req->origin.len == 0 || !kd_cors_allow(&req->conn->server->origins, req->origin)) return 0;
    if (!kd_http_request_header(&req->pub, "access-control-request-method", &method)) return 0;
    fields[0] = (kd_http_field){"access-control-allow-methods", kd_bytes_str(allow)};
    fields[1] = (kd_http_field){"access-control-allow-headers", kd_bytes_str(KD_CORS_REQUEST_FIELDS)};
    fields[2] = (kd_http_field){"access-control-max-age", kd_bytes_str(KD_CORS_MAX_AGE)};
    return HTTP_PREFLIGHT_FIELDS_MAX;
}
