/*
 * http_access.h - an answered request becomes a line of the access log (access_log.h).
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_ACCESS_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_ACCESS_H

#include "common/io/http/server/http_internal.h"

/* The request is whole, or is answered before its body: its time begins. */
void http_access_begin(http_request *req);
/* Writes its line, if it is to have one. Before the driver is given the answer, of which `bytes` are the body. */
void http_access_end(const http_request *req, int status, size_t bytes);

#endif
