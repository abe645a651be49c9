/* http_field.h - the stored fields of a request, looked up by name: first by a bit of the name, which most requests lack, then one by one. */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_FIELD_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_FIELD_H

#include "common/io/http/server/http_internal.h"

/* As http_field_next, of a name that there may be. */
const http_header *http_field_search(const http_request *req, kd_bytes name, const http_header *after);

/* The next field of that name behind `after`, or the first one when it is NULL. NULL: there is none. Inline, so that the compiler knows a literal's bit. */
static inline const http_header *http_field_next(const http_request *req, kd_bytes name,
                                                 const http_header *after)
{
    if ((kd_http_name_bit(name) & (after ? req->names_twice : req->pub.names)) == 0) return NULL;
    return http_field_search(req, name, after);
}

#endif
