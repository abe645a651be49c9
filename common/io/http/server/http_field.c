/* http_field.c - see the header. */
#include "common/io/http/server/http_field.h"

bool kd_http_request_field(const kd_http_request *pub, size_t i, kd_bytes *name, kd_bytes *value)
{
    const http_request *req = (const http_request *)pub;
    if (i >= req->header_count) return false;
    *name = req->headers[i].name;
    *value = req->headers[i].value;
    return true;
}

const http_header *http_field_search(const http_request *req, kd_bytes name, const http_header *after)
{
    const http_header *end = req->headers + req->header_count;
    for (const http_header *h = after ? after + 1 : req->headers; h < end; h++) {
        if (kd_bytes_eq(h->name, name)) return h;
    }
    return NULL;
}

bool kd_http_request_find(const kd_http_request *pub, kd_bytes name, kd_bytes *value)
{
    const http_request *req = (const http_request *)pub;
    const http_header *h = http_field_next(req, name, NULL);
    /* HTTP/2 carries the host in the pseudo header :authority, and need not send Host. */
    if (!h && kd_bytes_eq(name, kd_bytes_str("host")))
        h = http_field_next(req, kd_bytes_str(":authority"), NULL);
    *value = h ? h->value : kd_bytes_of(NULL, 0);
    return h != NULL;
}
