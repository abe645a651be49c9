/*
 * http_h1.h - HTTP/1.1 and 1.0 as a driver of a connection.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_H1_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_H1_H

#include "common/io/http/server/http_internal.h"

extern const http_driver http_h1_driver;

#endif
