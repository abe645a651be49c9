/* strict.c - see the header. */
#include "common/io/http/strict.h"

#include "common/api/body.h"

/* Each field by itself: a body that one of two codings was done to is no JSON, whichever of them stands first. Accept-Encoding goes with this 415 and with
 * no other (RFC 9110, 12.5.3). */
static bool strict_coding(kd_http_request *req, kd_refusal *why)
{
    kd_bytes name, value;
    for (size_t i = 0; kd_http_request_field(req, i, &name, &value); i++) {
        if (!kd_bytes_eq(name, kd_bytes_str("content-encoding")) || kd_body_coding(value, why)) continue;
        req->codings = "identity";
        return false;
    }
    return true;
}

bool kd_strict_request(kd_http_request *req, kd_refusal *why)
{
    kd_bytes type;
    if (req->query.len > 0 && !kd_route_query(req->query, why)) return false;
    if (req->body.len == 0) return true;
    if (!strict_coding(req, why)) return false;
    return !kd_http_request_header(req, "content-type", &type) || kd_body_type(type, why);
}
