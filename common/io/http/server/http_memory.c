/*
 * http_memory.c - see the header. Small blocks that were freed between others stay with the allocator until it is told to give them back: without
 * that, an attack that held 64 MiB for a second would leave the process larger by as much for good.
 */
#include "common/io/http/server/http_memory.h"

#include <malloc.h>

enum {
    MEMORY_DROP_BYTES = 4 * 1024 * 1024, /* held less than at the peak: worth the time */
    MEMORY_PAUSE_MS = 5000,
};

/* Beside what is held: many closed connections leave as much as one large body. */
static uint64_t memory_of_connections(const kd_http_server *server)
{
    return (uint64_t)server->conns_held * HTTP_CONN_BYTES + server->tls_open * HTTP_TLS_BYTES;
}

void http_memory_look(kd_http_server *server)
{
    uint64_t conns = memory_of_connections(server);
    server->conns_peak = KD_MAX(server->conns_peak, conns);
    if (server->held_peak - server->held + server->conns_peak - conns < MEMORY_DROP_BYTES) return;
    if (server->trimmed_ms != 0 && server->now_ms - server->trimmed_ms < MEMORY_PAUSE_MS) return;
    server->trimmed_ms = server->now_ms;
    server->held_peak = server->held;
    server->conns_peak = conns;
    http_pool_trim(&server->pool);
    malloc_trim(0);
}
