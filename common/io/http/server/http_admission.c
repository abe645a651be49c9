/* http_admission.c - see the header. */
#include "common/io/http/server/http_admission.h"

#include "common/io/http/server/http_address.h"

bool http_admit_connection(kd_http_server *server, uint64_t address)
{
    const kd_http_config *config = &server->config;
    /* Closed connections that wait for an answer count, too: else a client that connects, asks and leaves would have no limit. */
    if (server->conns_held >= config->max_connections ||
        !http_address_take(server, address, config->max_connections_per_address)) {
        server->counters.connections_refused++;
        return false;
    }
    server->conns_held++;
    server->counters.connections_accepted++;
    return true;
}

bool http_admission_readdress(http_conn *conn, uint64_t address)
{
    kd_http_server *server = conn->server;
    if (!http_address_take(server, address, server->config.max_connections_per_address)) {
        server->counters.connections_refused++;
        return false;
    }
    http_address_release(server, conn->address);
    conn->address = address;
    return true;
}

void http_admission_leave(kd_http_server *server, uint64_t address)
{
    http_address_release(server, address);
    server->conns_held--;
}

bool http_admit_stream(const http_conn *conn)
{
    if (conn->request_count < conn->server->config.max_streams) return true;
    conn->server->counters.refused_streams++;
    return false;
}

bool http_admit_length(const kd_http_server *server, uint64_t length)
{
    return length <= server->config.max_body_bytes;
}

int http_admit_body(kd_http_server *server, size_t have, size_t more)
{
    if (!http_admit_length(server, have + more)) return 413;
    if (server->counters.buffered_bytes + more > server->config.max_buffered_bytes) return 503;
    server->counters.buffered_bytes += more;
    return 0;
}

bool http_admit_request(kd_http_server *server)
{
    kd_http_counters *c = &server->counters;
    if (c->requests_open >= server->config.max_requests ||
        c->buffered_bytes > server->config.max_buffered_bytes)
        return false;
    c->requests++;
    c->requests_open++;
    return true;
}
