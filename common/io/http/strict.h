/*
 * strict.h - what of a request could be read in two ways, or comes from a page in a browser that asks nobody: refused by both programs before a handler
 * sees it.
 */
#ifndef KUDOS_COMMON_IO_HTTP_STRICT_H
#define KUDOS_COMMON_IO_HTTP_STRICT_H

#include "common/api/route.h"
#include "common/io/http/server/http_server.h"

/* True, or false with *why in static text: a parameter of the API stands twice in the query (kd_route_query), or a body has a media type or a coding
 * that is not taken (kd_body_type, kd_body_coding); a coding sets req->codings, too. */
bool kd_strict_request(kd_http_request *req, kd_refusal *why);

#endif
