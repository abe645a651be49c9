/*
 * http_proxy.h - connections that begin with a header of the PROXY protocol (common/base/proxy_v2.h), where the configuration demands one. Then every
 * client has to come by a balancer that is listed, and the header's address is the connection's from then on: for limits, trust and logs.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_PROXY_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_PROXY_H

#include "common/io/http/server/http_internal.h"

/* Whether the peer of a new socket may connect at all: always, unless headers are demanded and it is not listed. False is counted; close it. */
bool http_proxy_admit(kd_http_server *server, const struct sockaddr_storage *peer);
/* The next bytes of a connection in state PROXY, kept in conn->in until the header is whole. KD_OK: it was, the connection has its new peer and is in
 * state DETECT; *rest are the bytes behind the header, which the caller frees. KD_EAGAIN: more has to come. Else it has to be closed: KD_EMALFORMED, no
 * valid header, counted; KD_EFULL, the client holds too many connections, counted by admission. */
int http_proxy_take(http_conn *conn, kd_bytes data, kd_buf *rest);

#endif
