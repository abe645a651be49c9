/*
 * http_admission.c - see the header.
 *
 * A connection that is closed to make room is doomed: its bytes leave the counts of addresses and server at once, and the connection goes in this
 * turn of the loop (a session of HTTP/2 that may be on the stack must not be freed here). What the handler keeps of it beyond that counts again.
 */
#include "common/io/http/server/http_admission.h"

#include "common/io/http/server/http_address.h"
#include "common/io/http/server/http_door.h"
#include "common/io/http/server/http_turn.h"
#include "common/io/loop/log.h"

enum {
    /* In an address that is at its limit, who asks is refused, unless another connection of it holds so many times as much: that one is closed. */
    ADMISSION_HOARD_TIMES = 8,
    /* A connection that holds no more than this is neither refused nor closed for the sake of its address: beside a hoarder that comes from there, too, clients
     * with little to ask go on. max_connections_per_address bounds what that adds. */
    ADMISSION_SMALL_BYTES = 16 * 1024,
    /* The part of the server's limit above it that is for addresses that hold little, while nobody is left to close. */
    ADMISSION_SPARE_PART = 8,
    ADMISSION_SLOW_MAX_MS = 1000,
};

/* ---- counts ---- */

/* Adds to what is held for an address and a connection. delta may be negative, in two's complement. */
static void admission_count(http_conn *conn, http_address *address, uint64_t delta)
{
    kd_http_server *server = conn->server;
    conn->held += delta;
    if (conn->doomed) return;
    address->held += delta;
    server->held += delta;
    if (server->held > server->held_peak) server->held_peak = server->held;
}

static void admission_count_request(http_request *req, uint64_t delta)
{
    req->held += delta;
    admission_count(req->conn, req->address, delta);
}

/* All that the connection holds leaves the counts, or comes back into them. */
static void admission_set_doomed(http_conn *conn, bool doomed)
{
    const uint64_t sign = doomed ? UINT64_MAX : 1;
    const http_request *req;
    if (conn->doomed == doomed) return;
    conn->doomed = doomed;
    conn->server->held += sign * conn->held;
    conn->address->held += sign * conn->buffers;
    LIST_FOREACH(req, &conn->requests, next) req->address->held += sign * req->held;
}

/* ---- making room ---- */

static void admission_tell(const http_conn *conn, const char *limit, int64_t barred_ms)
{
    char text[INET6_ADDRSTRLEN];
    http_address_text(&conn->peer, text);
    KD_LOG(KD_WARN, "http-hoarder-closed", KD_STR("peer", text), KD_STR("limit", limit),
           KD_U64("held", conn->held), KD_U64("requests", conn->request_count),
           KD_U64("barred_ms", (uint64_t)barred_ms),
           KD_STR("cause",
                  "it held most when the limit of held bytes was reached: bodies that do not end, or "
                  "answers that are not read"));
}

static void admission_doom(http_conn *conn, const char *limit)
{
    kd_http_server *server = conn->server;
    bool hoards =
        conn->held > ADMISSION_SMALL_BYTES; /* else it is one of many, and no more to blame than the others */
    admission_tell(conn, limit, hoards ? http_door_bar(server->door, conn->address->key, server->now_ms) : 0);
    server->counters.hoarders++;
    admission_set_doomed(conn, true);
    conn->fate = HTTP_ABORT;
    http_turn_touch(conn);
}

static bool admission_can_go(const http_conn *conn)
{
    return !conn->doomed && conn->state != HTTP_LINGER && conn->state != HTTP_CLOSED;
}

static http_conn *admission_largest(const http_address *address)
{
    http_conn *conn, *largest = NULL;
    LIST_FOREACH(conn, &address->conns, next_of_address) {
        if (admission_can_go(conn) && (!largest || conn->held > largest->held)) largest = conn;
    }
    return largest;
}

/* Whether `more` bytes fit into the limit of the address, after connections of it that hold at least `hoard` have been closed. A search that found
 * nobody is good for its tick: a client at its limit must not cost a search for each of its requests. */
static bool admission_fits_address(kd_http_server *server, http_address *address, uint64_t more,
                                   uint64_t hoard)
{
    while (address->held + more > server->config.max_held_per_address) {
        if (address->searched_ms == server->now_ms && address->largest < hoard) return false;
        http_conn *largest = admission_largest(address);
        address->searched_ms = server->now_ms;
        address->largest = largest ? largest->held : 0;
        if (!largest || largest->held < hoard) return false;
        admission_doom(largest, "address");
    }
    return true;
}

static bool admission_much_less(const http_address *address, uint64_t more, const http_address *most)
{
    return ADMISSION_HOARD_TIMES * (address->held + more) <= most->held;
}

static bool admission_fits_spare(const kd_http_server *server, uint64_t more)
{
    uint64_t max = server->config.max_buffered_bytes;
    return server->held + more <= max + max / ADMISSION_SPARE_PART;
}

/*
 * Whether `more` bytes of the address fit into the limit of the server, after connections of the address that holds most have been closed. A crowd of
 * small connections would else refuse everybody who is not as small: they go, too, but only for an address that holds much less than all of theirs.
 * Where all connections of that address are closed, what it holds is with the handlers and comes free with their answers. Nobody else goes for that.
 */
static bool admission_fits_server(kd_http_server *server, const http_address *address, uint64_t more)
{
    while (server->held + more > server->config.max_buffered_bytes) {
        const http_address *most = http_address_largest(&server->addresses);
        bool much_less = most && admission_much_less(address, more, most);
        http_conn *largest = most ? admission_largest(most) : NULL;
        if (!largest) return much_less && admission_fits_spare(server, more);
        if (largest->held <= ADMISSION_SMALL_BYTES && !much_less) return false;
        admission_doom(largest, "server");
    }
    return true;
}

/* On the connection of a gateway that names its clients, one who holds little goes on beside one who fills it; max_streams bounds what that adds. */
static bool admission_fits_connection(const http_conn *conn, const http_address *address, uint64_t more)
{
    if (conn->held + more <= conn->server->config.max_held_per_connection) return true;
    return conn->believed && address != conn->address && address->held + more <= ADMISSION_SMALL_BYTES;
}

static bool admission_fits(http_conn *conn, http_address *address, uint64_t more)
{
    kd_http_server *server = conn->server;
    uint64_t hoard = KD_MAX(ADMISSION_HOARD_TIMES * (conn->held + more), (uint64_t)ADMISSION_SMALL_BYTES + 1);
    bool small = conn->held + more <= ADMISSION_SMALL_BYTES;
    return admission_fits_connection(conn, address, more) &&
           (admission_fits_address(server, address, more, hoard) || small) &&
           (admission_fits_server(server, address, more) || small) && !conn->doomed;
}

/* After bytes that could not be refused. */
static void admission_relieve(kd_http_server *server, http_address *address)
{
    admission_fits_address(server, address, 0, ADMISSION_SMALL_BYTES + 1);
    admission_fits_server(server, address, 0);
}

/* ---- connections ---- */

bool http_admit_newcomer(kd_http_server *server, uint64_t address)
{
    /* From a balancer come the connections of many: http_admission_readdress knows whose. */
    if (server->config.proxy_peers || http_door_knock(server->door, address, server->now_ms)) return true;
    server->counters.connections_refused++;
    return false;
}

/* Closed connections that wait for an answer count, too: else a client that connects, asks and leaves would have no limit. */
bool http_admit_connection(kd_http_server *server, uint64_t address)
{
    if (!http_door_enter(server->door, address, server->now_ms)) {
        server->counters.connections_refused++;
        return false;
    }
    server->counters.connections_accepted++;
    return true;
}

void http_admission_enter(http_conn *conn, uint64_t address)
{
    conn->address = http_address_take(&conn->server->addresses, address);
    conn->address->connections++;
    LIST_INSERT_HEAD(&conn->address->conns, conn, next_of_address);
    conn->server->conns_held++;
}

void http_admission_close(http_conn *conn)
{
    http_admission_buffers(conn, 0);
    admission_set_doomed(conn, false);
}

void http_admission_leave(http_conn *conn)
{
    KD_ASSERT(conn->held == 0);
    http_door_leave(conn->server->door, conn->address->key);
    LIST_REMOVE(conn, next_of_address);
    conn->address->connections--;
    http_address_release(conn->address);
    conn->server->conns_held--;
}

bool http_admission_readdress(http_conn *conn, uint64_t address)
{
    KD_ASSERT(conn->request_count == 0 && !conn->turn.flow);
    kd_http_server *server = conn->server;
    if (conn->doomed || !http_door_knock(server->door, address, server->now_ms) ||
        !http_door_move(server->door, conn->address->key, address, server->now_ms)) {
        server->counters.connections_refused++;
        return false;
    }
    http_address *from = conn->address;
    LIST_REMOVE(conn, next_of_address);
    from->connections--;
    conn->address = http_address_take(&server->addresses, address);
    conn->address->connections++;
    LIST_INSERT_HEAD(&conn->address->conns, conn, next_of_address);
    conn->address->held += conn->held;
    from->held -= conn->held;
    http_address_release(from);
    return true;
}

void http_admission_readdress_request(http_request *req, uint64_t address)
{
    KD_ASSERT(req->stage < HTTP_HANDLED);
    http_address *from = req->address;
    req->address = http_address_take(&req->conn->server->addresses, address);
    if (!req->conn->doomed) {
        req->address->held += req->held;
        from->held -= req->held;
    }
    http_address_release(from);
}

/* The sweep of http_deadline.c ends the pause. */
void kd_http_slow(kd_http_request *pub, uint64_t ms)
{
    const http_request *req = (const http_request *)pub;
    http_conn *conn = req->conn;
    if (!req->attached || req->address != conn->address) return;
    uint64_t pause_ms = KD_MIN(ms * conn->address->count, (uint64_t)ADMISSION_SLOW_MAX_MS);
    conn->slow_until_ms = conn->server->now_ms + (int64_t)pause_ms;
    http_turn_touch(conn);
}

/* ---- requests ---- */

/* Whose stream it is on the connection of a gateway, its headers tell: then it is judged. */
bool http_admit_stream(http_conn *conn)
{
    if (conn->request_count < conn->server->config.max_streams &&
        ((conn->believed && !conn->doomed) || admission_fits(conn, conn->address, sizeof(http_request))))
        return true;
    conn->server->counters.refused_streams++;
    return false;
}

bool http_admit_length(const kd_http_server *server, uint64_t length)
{
    return length <= server->config.max_body_bytes;
}

int http_admit_body(http_request *req, size_t more)
{
    if (!http_admit_length(req->conn->server, req->body.len + more)) return 413;
    return admission_fits(req->conn, req->address, more) ? 0 : 503;
}

bool http_admit_request(http_request *req)
{
    kd_http_server *server = req->conn->server;
    kd_http_counters *c = &server->counters;
    if (c->requests_open >= server->config.max_requests ||
        req->address->requests >= server->config.max_requests_per_address ||
        !admission_fits(req->conn, req->address, 0))
        return false;
    req->address->requests++;
    req->conn->working++;
    c->requests++;
    c->requests_open++;
    return true;
}

void http_admission_withdraw(http_request *req)
{
    http_admission_answered(req);
    req->conn->server->counters.requests--;
}

void http_admission_answered(http_request *req)
{
    req->address->requests--;
    req->conn->working--;
    req->conn->server->counters.requests_open--;
}

/* ---- bytes held ---- */

void http_admission_begin(http_request *req)
{
    req->address = req->conn->address;
    req->address->count++;
    admission_count_request(req, sizeof(*req));
}

void http_admission_follow(http_request *slim, const http_request *req)
{
    slim->address = req->address;
    slim->address->count++;
    slim->held = 0;
    admission_count_request(slim, HTTP_SLIM_BYTES);
}

void http_admission_forget(http_request *req)
{
    uint64_t own = req->slim ? HTTP_SLIM_BYTES : sizeof(*req);
    KD_ASSERT(req->held == own);
    admission_count_request(req, -own);
    http_address_release(req->address);
}

void http_admission_hold(http_request *req, size_t bytes)
{
    if (bytes == 0) return;
    admission_count_request(req, bytes);
    req->conn->server->counters.buffered_bytes += bytes;
    admission_relieve(req->conn->server, req->address);
}

void http_admission_release(http_request *req, size_t bytes)
{
    if (bytes == 0) return;
    admission_count_request(req, -(uint64_t)bytes);
    req->conn->server->counters.buffered_bytes -= bytes;
}

void http_admission_buffers(http_conn *conn, size_t bytes)
{
    if (bytes == conn->buffers) return;
    bool more = bytes > conn->buffers;
    uint64_t delta = (uint64_t)bytes - conn->buffers;
    conn->buffers = bytes;
    conn->server->counters.buffered_bytes += delta;
    admission_count(conn, conn->address, delta);
    if (more) admission_relieve(conn->server, conn->address);
}
