/*
 * http_crowd.c - see the header. The kernel spreads the connections of an address over the servers of a process, so each server looks at its own alone:
 * no connection is closed by another thread than its own.
 *
 * Both searches are long, and a full process has a newcomer in each event: the address is looked for once a tick, and not again in the tick when each
 * of its connections is worked for.
 */
#include "common/io/http/server/http_crowd.h"

#include "common/io/http/server/http_address.h"
#include "common/io/http/server/http_conn.h"
#include "common/io/http/server/http_door.h"
#include "common/io/loop/log.h"

static bool crowd_idle(const http_conn *conn)
{
    return conn->request_count == 0 && conn->out.len == conn->out_sent;
}

/* The oldest; of those that are as old by the clock the last one in the list: new ones come in at its head. NULL: each is worked for. */
static http_conn *crowd_choose(const http_address *address)
{
    http_conn *conn, *idle = NULL, *waits = NULL;
    LIST_FOREACH(conn, &address->conns, next_of_address) {
        if (conn->state == HTTP_CLOSED || conn->working > 0) continue;
        http_conn **oldest = crowd_idle(conn) ? &idle : &waits;
        if (!*oldest || conn->since_ms <= (*oldest)->since_ms) *oldest = conn;
    }
    return idle ? idle : waits;
}

/* The address with most connections of this server, or NULL. */
static http_address *crowd_largest(kd_http_server *server)
{
    if (server->crowd_ms != server->now_ms) {
        const http_address *largest = http_address_most_connected(&server->addresses);
        server->crowd_ms = server->now_ms;
        server->crowd_busy = !largest;
        server->crowd_key = largest ? largest->key : 0;
    }
    return server->crowd_busy ? NULL : http_address_find(&server->addresses, server->crowd_key);
}

static void crowd_close(http_conn *conn)
{
    char text[INET6_ADDRSTRLEN];
    http_address_text(&conn->peer, text);
    KD_LOG(KD_WARN, "http-gave-way", KD_STR("peer", text), KD_U64("connections", conn->address->connections),
           KD_U64("idle_ms", (uint64_t)(conn->server->now_ms - conn->since_ms)),
           KD_U64("requests", conn->request_count),
           KD_STR("cause",
                  "the process has all the connections that it may have, and this address most of them"));
    conn->server->counters.gave_way++;
    if (crowd_idle(conn))
        http_conn_dismiss(conn);
    else
        http_conn_close(conn);
}

void http_crowd_make_room(kd_http_server *server, uint64_t address)
{
    if (!http_door_full(server->door, address, server->now_ms)) return;
    const http_address *own = http_address_find(&server->addresses, address);
    const http_address *largest = crowd_largest(server);
    if (!largest || largest->connections <= (own ? own->connections : 0) + 1) return;
    http_conn *conn = crowd_choose(largest);
    server->crowd_busy = !conn;
    if (conn) crowd_close(conn);
}
