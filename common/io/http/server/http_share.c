/*
 * http_share.c - see the header.
 *
 * The event comes at most once per turn of the loop: an event that activates itself is run again by libevent before it looks for new input. So while
 * connections are left, it comes again by a timer of no time.
 */
#include "common/io/http/server/http_share.h"

void http_share_init(kd_http_server *server, event_callback_fn serve)
{
    kd_fair_init(&server->share.fair, HTTP_TURN_UNITS);
    server->share.event = event_new(server->base, -1, 0, serve, server);
    KD_ASSERT(server->share.event);
}

void http_share_finish(kd_http_server *server)
{
    KD_ASSERT(!kd_fair_waits(&server->share.fair));
    event_free(server->share.event);
}

static int64_t share_window(const kd_http_server *server)
{
    return server->now_ms / HTTP_WORK_MS;
}

/* What the connection has cost in this window and in the one before. */
static uint64_t share_lately(http_conn *conn)
{
    int64_t window = share_window(conn->server);
    if (conn->lately.window != window) {
        conn->lately.before = conn->lately.window == window - 1 ? conn->lately.units : 0;
        conn->lately.units = 0;
        conn->lately.window = window;
    }
    return conn->lately.before + conn->lately.units;
}

bool http_share_heavy(http_conn *conn)
{
    return share_lately(conn) > HTTP_LIGHT_UNITS;
}

static void share_queue(http_conn *conn)
{
    kd_fair_wait(&conn->server->share.fair, &conn->address->flow, &conn->turn, http_share_heavy(conn));
}

static void share_arm(kd_http_server *server, bool rests)
{
    const struct timeval in = {.tv_usec = rests ? 1000 * HTTP_WORK_MS : 0};
    server->share.armed = true;
    server->share.rests = rests;
    event_add(server->share.event, &in);
}

static bool share_coming(const kd_http_server *server)
{
    return server->share.armed && !server->share.rests;
}

void http_share_wait_now(http_conn *conn)
{
    kd_http_server *server = conn->server;
    share_queue(conn);
    if (share_coming(server)) return;
    server->share.armed = true;
    server->share.rests = false;
    event_active(server->share.event, 0, 0);
}

void http_share_wait(http_conn *conn)
{
    share_queue(conn);
    if (!share_coming(conn->server)) share_arm(conn->server, false);
}

void http_share_forget(http_conn *conn)
{
    kd_fair_forget(&conn->turn);
}

void http_share_begin(kd_http_server *server)
{
    server->share.armed = true;
    server->share.rests = false;
    server->share.spent = 0;
    if (server->share.window == share_window(server)) return;
    server->share.window = share_window(server);
    server->share.work = 0;
}

static bool share_busy(const kd_http_server *server)
{
    return server->share.work >= HTTP_WORK_UNITS && kd_fair_all_owe(&server->share.fair);
}

static bool share_slice_over(const kd_http_server *server)
{
    uint64_t spent = server->share.spent;
    if (spent < HTTP_SLICE_UNITS) return share_busy(server);
    return spent >= HTTP_SLICE_UNITS_MAX || kd_fair_all_owe(&server->share.fair);
}

http_conn *http_share_next(kd_http_server *server)
{
    kd_fair *fair = &server->share.fair;
    kd_fair_entry *entry = share_slice_over(server) ? NULL : kd_fair_next(fair);
    if (entry) return KD_CONTAINER(entry, http_conn, turn);
    server->share.armed = false;
    if (kd_fair_waits(fair)) share_arm(server, share_busy(server));
    return NULL;
}

void http_share_charge(http_conn *conn, uint64_t units)
{
    share_lately(conn);
    conn->lately.units += units;
    conn->spent += units;
    conn->server->share.spent += units;
    conn->server->counters.work += units;
    kd_fair_charge(&conn->address->flow, units);
}

bool http_share_over(const http_conn *conn)
{
    return conn->answers_only || conn->spent >= HTTP_TURN_UNITS;
}

void http_share_answered(const http_request *req)
{
    kd_http_server *server = req->conn->server;
    if (req->work == 0) return;
    if (req->work_window == server->share.window) server->share.work -= req->work;
    if (kd_fair_waits(&server->share.fair) && !share_coming(server)) share_arm(server, false);
}

void kd_http_charge(kd_http_request *pub, uint32_t units, bool computes)
{
    http_request *req = (http_request *)pub;
    kd_http_server *server = req->conn->server;
    http_share_charge(req->conn, units);
    if (!computes) return;
    KD_ASSERT(req->work == 0);
    req->work = units;
    req->work_window = server->share.window;
    server->share.work += units;
}
