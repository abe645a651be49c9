/* etag.h - the ETag of an answer, a hash of its body, and whether a client has that answer already (RFC 9110, 8.8.3 and 13.1.2). */
#ifndef KUDOS_COMMON_IO_HTTP_ETAG_H
#define KUDOS_COMMON_IO_HTTP_ETAG_H

#include "common/io/http/server/http_server.h"

enum { KD_ETAG_MAX = 24 };

/* Writes it with its quotes and a NUL. */
void kd_etag_write(kd_bytes body, char etag[KD_ETAG_MAX]);
/* Whether If-None-Match lists it (weak comparison), or is "*". */
bool kd_etag_is_held(const kd_http_request *req, const char *etag);

#endif
