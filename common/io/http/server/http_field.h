/* http_field.h - the stored fields of a request, looked up by name: first by a bit of the name, which most requests lack, then one by one. */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_FIELD_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_FIELD_H

#include "common/io/http/server/http_internal.h"

/* The next field of that name behind `after`, or the first one when it is NULL. NULL: there is none. */
const http_header *http_field_next(const http_request *req, kd_bytes name, const http_header *after);

#endif
