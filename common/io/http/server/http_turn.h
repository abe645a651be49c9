/*
 * http_turn.h - one turn of the server's loop: its time, and the connections whose output is written at its end.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_TURN_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_TURN_H

#include "common/io/http/server/http_internal.h"

/* Reads the clock into server->now_ms, at the begin of an event; returns it. Monotonic, a tick of the kernel (some ms) coarse. */
int64_t http_turn_clock(kd_http_server *server);
/* The Date of an answer, HTTP_DATE_BYTES and a NUL; valid until the next call. Formatted once a second. */
const char *http_turn_date(kd_http_server *server);
void http_turn_init(kd_http_server *server);
void http_turn_finish(kd_http_server *server);
/* A connection has output that came up outside of its own event (there the event writes it itself): written in this turn of the loop, a heavy one's
 * perhaps in one of the next. */
void http_turn_touch(http_conn *conn);
/* The next connection to write, taken off the list. NULL: none is left, or without `heavy_too` none that has cost little: then the turn event comes
 * again after a look for new input. */
http_conn *http_turn_next(kd_http_server *server, bool heavy_too);
/* Takes a connection that is being closed off the list. */
void http_turn_forget(http_conn *conn);
/* After a connection or an answer less: while the server drains and has no connection open, the turn runs once more and sees whether all is done. */
void http_turn_check_drained(kd_http_server *server);

#endif
