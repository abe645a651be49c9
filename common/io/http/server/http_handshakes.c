/*
 * http_handshakes.c - see the header. The timer is set while a handshake waits. libevent calls timers after the sockets of a turn, so whoever is
 * served already comes first.
 */
#include "common/io/http/server/http_handshakes.h"

#include <poll.h>

#include "common/io/http/server/http_conn.h"
#include "common/io/http/server/http_tls.h"
#include "common/io/http/server/http_turn.h"

/* A client that has closed its side before it was answered cannot finish a handshake; later it may have said all that it wants. */
static bool handshake_abandoned(const http_conn *conn)
{
    struct pollfd fd = {.fd = conn->fd, .events = conn->ssl ? 0 : POLLRDHUP};
    return poll(&fd, 1, 0) == 1 && fd.revents != 0;
}

static void handshakes_on_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    kd_http_server *server = arg;
    http_turn_clock(server);
    http_conn *conn = http_tls_next(server);
    if (conn && handshake_abandoned(conn)) {
        server->counters.tls_abandoned++;
        http_conn_close(conn);
    } else if (conn) {
        http_conn_shake(conn);
    }
    http_tls_arm(server);
}

void http_handshakes_init(kd_http_server *server)
{
    http_tls_queue_init(&server->handshakes, server->config.max_handshakes,
                        server->config.max_handshakes_per_address);
    server->shake_event = event_new(server->base, -1, 0, handshakes_on_turn, server);
    KD_ASSERT(server->shake_event);
}

void http_handshakes_finish(kd_http_server *server)
{
    KD_ASSERT(server->handshakes.count == 0);
    event_free(server->shake_event);
}
