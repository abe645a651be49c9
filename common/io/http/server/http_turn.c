/*
 * http_turn.c - see the header.
 *
 * Answers that come up outside of a connection's own event put it on the dirty list. One activated event writes them, after the callbacks that
 * are due now: a commit group of hundreds of likes costs one write per connection, not one per answer.
 *
 * Answers of a group are made within a fraction of a millisecond, and written in some: their frames and headers are made here. So connections that have
 * cost little lately come first, and the heavy ones in pieces, with a look for new input after each: by a timer of no time, since an event that
 * activates itself is run again before the loop looks for input. The timer activates the event behind those that the sockets of that turn have made active.
 */
#include "common/io/http/server/http_turn.h"

#include <stdio.h>
#include <time.h>

#include "common/io/http/server/http_share.h"

int64_t http_turn_clock(kd_http_server *server)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    server->now_ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
    return server->now_ms;
}

/* By hand, because strftime writes the names of days and months in the language of the locale. */
static void format_date(kd_http_server *server)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm t;
    time_t now = (time_t)server->date_s;
    gmtime_r(&now, &t);
    char text[96];
    snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.tm_wday], t.tm_mday,
             months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
    memcpy(server->date, text, HTTP_DATE_BYTES);
}

/* The time of day is read once for all answers of a moment. */
const char *http_turn_date(kd_http_server *server)
{
    struct timespec t;
    if (server->date_s != 0 && server->date_at_ms == server->now_ms) return server->date;
    server->date_at_ms = server->now_ms;
    clock_gettime(CLOCK_REALTIME_COARSE, &t);
    if (t.tv_sec != server->date_s) {
        server->date_s = t.tv_sec;
        format_date(server);
    }
    return server->date;
}

static void turn_on_due(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    event_active(((kd_http_server *)arg)->turn_event, 0, 0);
}

void http_turn_init(kd_http_server *server)
{
    TAILQ_INIT(&server->dirty);
    server->turn_due = evtimer_new(server->base, turn_on_due, server);
    KD_ASSERT(server->turn_due);
}

void http_turn_finish(kd_http_server *server)
{
    event_free(server->turn_due);
}

void http_turn_touch(http_conn *conn)
{
    kd_http_server *server = conn->server;
    if (conn->in_turn || conn->dirty) return;
    bool first = TAILQ_EMPTY(&server->dirty), heavy = http_share_heavy(conn);
    if (first || !heavy) event_active(server->turn_event, 0, 0);
    conn->dirty = true;
    if (heavy)
        TAILQ_INSERT_TAIL(&server->dirty, conn, next_dirty);
    else
        TAILQ_INSERT_HEAD(&server->dirty, conn, next_dirty);
}

http_conn *http_turn_next(kd_http_server *server, bool heavy_too)
{
    http_conn *conn = TAILQ_FIRST(&server->dirty);
    if (!conn) return NULL;
    if (!heavy_too && http_share_heavy(conn)) {
        event_add(server->turn_due, &(struct timeval){0});
        return NULL;
    }
    http_turn_forget(conn);
    return conn;
}

void http_turn_forget(http_conn *conn)
{
    if (!conn->dirty) return;
    TAILQ_REMOVE(&conn->server->dirty, conn, next_dirty);
    conn->dirty = false;
}

void http_turn_check_drained(kd_http_server *server)
{
    if (server->draining && LIST_EMPTY(&server->conns)) event_active(server->turn_event, 0, 0);
}
