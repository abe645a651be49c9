/* http_tls_beside.c - see the header. */
#include "common/io/http/server/http_tls_beside.h"

#include "common/io/http/server/http_share.h"

enum { BESIDE_MAX = 8, BESIDE_MS = 60 * 1000, BESIDE_UNITS = 20 };

/* OpenSSL answers a handshake that is begun anew by an alert, and shows nothing else of it. */
static bool beside_is_asked(int sent, int type, const uint8_t *data, size_t len)
{
    if (!sent) return type == SSL3_RT_HANDSHAKE;
    return type == SSL3_RT_ALERT && len == 2 && data[1] == SSL_AD_NO_RENEGOTIATION;
}

static void beside_on_message(int sent, int version, int type, const void *data, size_t len, SSL *ssl,
                              void *arg)
{
    http_conn *conn = arg;
    int64_t now_ms = conn->server->now_ms;
    (void)version, (void)ssl;
    if (conn->state != HTTP_OPEN || !beside_is_asked(sent, type, data, len)) return;
    http_share_charge(conn, BESIDE_UNITS);
    if (now_ms - conn->beside.since_ms >= BESIDE_MS) {
        conn->beside.since_ms = now_ms;
        conn->beside.count = 0;
    }
    if (conn->beside.count++ == BESIDE_MAX) conn->server->counters.floods++;
}

void http_tls_beside_watch(http_conn *conn)
{
    SSL_set_msg_callback(conn->ssl, beside_on_message);
    SSL_set_msg_callback_arg(conn->ssl, conn);
}

bool http_tls_beside_flooded(const http_conn *conn)
{
    return conn->beside.count > BESIDE_MAX;
}
