/* http_conns.c - see the header. */
#include "common/io/http/server/http_conns.h"

#include <stdlib.h>

#include "common/io/http/server/http_address.h"
#include "common/io/http/server/http_admission.h"
#include "common/io/http/server/http_peer.h"
#include "common/io/http/server/http_turn.h"

http_conn *http_conns_add(kd_http_server *server, int fd, const struct sockaddr_storage *peer,
                          socklen_t peer_len)
{
    http_conn *conn = kd_alloc(sizeof(*conn));
    conn->server = server;
    conn->fd = fd;
    conn->state = server->config.proxy_peers ? HTTP_PROXY : HTTP_DETECT;
    http_peer_set(conn, peer, peer_len);
    conn->since_ms = server->now_ms;
    http_admission_enter(conn, http_address_key(peer));
    LIST_INSERT_HEAD(&server->conns, conn, next);
    server->counters.connections_open++;
    return conn;
}

static void conns_free(http_conn *conn)
{
    kd_http_server *server = conn->server;
    http_admission_leave(conn);
    kd_strings_finish(&conn->peer_names);
    free(conn);
    http_turn_check_drained(server); /* the last answer owed may end a drain */
}

void http_conns_remove(http_conn *conn)
{
    kd_http_server *server = conn->server;
    LIST_REMOVE(conn, next);
    server->counters.connections_open--;
    conn->state = HTTP_CLOSED;
    http_admission_close(conn);
    if (conn->request_count == 0) conns_free(conn);
    http_turn_check_drained(server);
}

void http_conns_request_gone(http_conn *conn)
{
    KD_ASSERT(conn->request_count > 0);
    conn->request_count--;
    conn->since_ms = conn->server->now_ms;
    if (conn->state == HTTP_CLOSED && conn->request_count == 0) conns_free(conn);
}
