/*
 * http_cors.h - the header fields of an answer that let pages of other origins read it (common/api/cors.h). They stand on every answer, errors and
 * those that the server gives by itself included: a page that may not read a refusal cannot act on it.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_CORS_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_CORS_H

#include "common/io/http/server/http_internal.h"

/* Writes up to HTTP_CORS_FIELDS_MAX fields of every answer, and returns how many. Values are views that live until the answer. */
size_t http_cors_fields(const http_request *req, kd_http_field *fields);
/* Writes up to HTTP_PREFLIGHT_FIELDS_MAX fields of an answer to OPTIONS, and returns how many; 0: it is no preflight, or one that a page of this origin
 * may not pass. `allow`: the methods of the path. */
size_t http_cors_preflight(const http_request *req, const char *allow, kd_http_field *fields);

#endif
