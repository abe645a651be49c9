/*
 * http_admission.h - whether the server takes one more connection, stream, byte of a body, or request: the only place that compares what is held with
 * the limits of kd_http_config. Limits on the form of a single request (number and bytes of its headers) are its parser's.
 *
 * Held are: requests that are not freed, with their headers, bodies, memory of the handler (until it answers), answers that the client has not taken;
 * and the buffers of connections. They count for their connection, for the client's address, and for the server.
 *
 * What would go over the limit of an address or of the server makes room first: the connection that holds most there is closed. So a client that
 * hoards loses its connection, and the others get no 503 for it. An address that fills a server by many small connections loses them one by one to those
 * who hold much less than it does. And while it has no connection left, but requests with the handlers, those have an eighth beyond the limit.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_ADMISSION_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_ADMISSION_H

#include "common/io/http/server/http_internal.h"

/* ---- connections ---- */

/* Counts an accepted socket under max_new_per_address. False: over it, counted as refused; close it. Behind a balancer always true. */
bool http_admit_newcomer(kd_http_server *server, uint64_t address);
/* Counts it under max_connections and max_connections_per_address. False: over one of them, counted as refused; close it. */
bool http_admit_connection(kd_http_server *server, uint64_t address);
/* The object of an admitted connection is there, and what it holds counts for `address` from here on. */
void http_admission_enter(http_conn *conn, uint64_t address);
/* The connection is closed; requests that are with the handler may still hold something for it. */
void http_admission_close(http_conn *conn);
/* The memory of an admitted connection goes, and nothing is held for it: makes room for another one. */
void http_admission_leave(http_conn *conn);
/* The client of a connection is another one than the peer that was accepted (a proxy told so): limits count `address`, a key of http_address.h, from
 * here on. Before the first request of the connection (asserted). False: that address has max_connections_per_address already or opens
 * too many, or this connection is being closed, and nothing has changed; close the connection. */
bool http_admission_readdress(http_conn *conn, uint64_t address);
/* The same for one request of a connection on which a proxy sends those of many clients: its bytes, and its place with the handler, count for
 * `address`. The connection and what else it holds stay where they are. Before the handler has it (asserted). */
void http_admission_readdress_request(http_request *req, uint64_t address);

/* ---- requests ---- */

/* HTTP/2: whether the connection may have one request more. False: max_streams are held, those whose stream is gone but whose answer is still owed
 * included, or there is no room for it; counted in refused_streams. */
bool http_admit_stream(http_conn *conn);
/* Whether a body of this length may come at all (max_body_bytes): asked of a content-length or a chunk size, before any byte is kept. */
bool http_admit_length(const kd_http_server *server, uint64_t length);
/* Whether so many bytes more of the body may be held (max_body_bytes, and what is held already); they are counted by http_admission_hold. 0, or the
 * status to refuse with: 413 or 503. */
int http_admit_body(http_request *req, size_t more);
/* Whether the handler gets one request more (max_requests, in all and of the address; what the connection holds); true counts it until
 * http_admission_answered. */
bool http_admit_request(http_request *req);
/* The request was admitted only to be asked for (kd_http_begin): it is not with the handler yet, and comes again. */
void http_admission_withdraw(http_request *req);
/* The handler has answered a request. */
void http_admission_answered(http_request *req);

/* ---- bytes held ---- */

/* A request begins to be held, with nothing but itself; http_admission_forget ends it. */
void http_admission_begin(http_request *req);
void http_admission_forget(http_request *req);
/* As http_admission_begin for `slim`, which counts for the address of `req`. */
void http_admission_follow(http_request *slim, const http_request *req);
/* Bytes of headers, of the handler or of an answer are held. They are counted, never refused: the work is done already. Over a limit somebody is closed for them, in
 * this turn of the loop: it may be this connection. */
void http_admission_hold(http_request *req, size_t bytes);
/* So many of these bytes, or of the body, are held no longer. */
void http_admission_release(http_request *req, size_t bytes);
/* The buffers of the connection take so many bytes now. As http_admission_hold when they are more than before. */
void http_admission_buffers(http_conn *conn, size_t bytes);

#endif
