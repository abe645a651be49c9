/* http_proxy.c - see the header. */
#include "common/io/http/server/http_proxy.h"

#include "common/base/proxy_v2.h"
#include "common/io/http/server/http_address.h"
#include "common/io/http/server/http_admission.h"
#include "common/io/http/server/http_peer.h"

bool http_proxy_admit(kd_http_server *server, const struct sockaddr_storage *peer)
{
    const kd_cidrs *balancers = server->config.proxy_peers;
    if (!balancers || http_peer_in(balancers, peer)) return true;
    server->counters.proxy_refused++;
    return false;
}

/* The client that the header names becomes the peer. False: it holds too many connections. */
static bool readdress(http_conn *conn, const kd_proxy_v2 *header)
{
    struct sockaddr_storage peer = {0};
    if (header->address_len == 4) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)&peer;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(header->port);
        memcpy(&v4->sin_addr, header->address, 4);
    } else {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&peer;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(header->port);
        memcpy(&v6->sin6_addr, header->address, 16);
    }
    http_peer_set(conn, &peer,
                  header->address_len == 4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
    return http_admission_readdress(conn, http_address_key(&peer));
}

int http_proxy_take(http_conn *conn, kd_bytes data, kd_buf *rest)
{
    kd_proxy_v2 header;
    size_t len;
    kd_buf_put(&conn->in, data.data, data.len);
    int err = kd_proxy_v2_read(kd_buf_view(&conn->in), &header, &len);
    if (err == KD_EMALFORMED) conn->server->counters.proxy_refused++;
    if (err != KD_OK) return err;
    if (header.address_len > 0 && !readdress(conn, &header)) return KD_EFULL;
    conn->state = HTTP_DETECT; /* since_ms stays: the deadline runs from accept to a known protocol */
    if (conn->in.len > len) kd_buf_put(rest, conn->in.data + len, conn->in.len - len);
    kd_buf_finish(&conn->in);
    return KD_OK;
}
