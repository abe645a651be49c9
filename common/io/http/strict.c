/* strict.c - see the header. */
#include "common/io/http/strict.h"

#include "common/api/body.h"

bool kd_strict_request(const kd_http_request *req, kd_refusal *why)
{
    kd_bytes type;
    if (req->query.len > 0 && !kd_route_query(req->query, why)) return false;
    if (req->body.len == 0) return true;
    kd_http_request_header(req, "content-type", &type);
    return kd_body_type(type, why);
}
