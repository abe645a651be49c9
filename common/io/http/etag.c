/* etag.c - see the header. */
#include "common/io/http/etag.h"

#include <stdio.h>

#include "kudos/id.h"

void kd_etag_write(kd_bytes body, char etag[KD_ETAG_MAX])
{
    snprintf(etag, KD_ETAG_MAX, "\"%016llx\"", (unsigned long long)kd_hash(body));
}

bool kd_etag_is_held(const kd_http_request *req, const char *etag)
{
    kd_bytes have;
    if (!kd_http_request_header(req, "if-none-match", &have) || have.len == 0) return false;
    return kd_bytes_eq(have, kd_bytes_str("*")) || memmem(have.data, have.len, etag, strlen(etag)) != NULL;
}
