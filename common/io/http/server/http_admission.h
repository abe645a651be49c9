/*
 * http_admission.h - whether the server takes one more connection, stream, byte of a body, or request: the only place that compares what is held with
 * the limits of kd_http_config. Limits on the form of a single request (number and bytes of its headers) are its parser's.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_ADMISSION_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_ADMISSION_H

#include "common/io/http/server/http_internal.h"

/* Counts an accepted socket under max_connections and max_connections_per_address. False: over one of them, counted as refused; close it. */
bool http_admit_connection(kd_http_server *server, uint64_t address);
/* Counts the connection under another address from now on. False: over max_connections_per_address there, counted as refused, and it stays counted where
 * it was; close it. */
bool http_admission_readdress(http_conn *conn, uint64_t address);
/* The memory of an admitted connection goes: makes room for another one. */
void http_admission_leave(kd_http_server *server, uint64_t address);
/* HTTP/2: whether the connection may have one request more. False: max_streams are held, those whose stream is gone but whose answer is still owed
 * included; counted in refused_streams. */
bool http_admit_stream(const http_conn *conn);
/* Whether a body of this length may come at all (max_body_bytes): asked of a content-length or a chunk size, before any byte is kept. */
bool http_admit_length(const kd_http_server *server, uint64_t length);
/* Counts `more` bytes behind the `have` that are held of one body. 0: taken; else the status to refuse with, 413 or 503, and nothing counted. */
int http_admit_body(kd_http_server *server, size_t have, size_t more);
/* Whether the handler gets one request more (max_requests, max_buffered_bytes); true counts it until http_admission_answered. */
bool http_admit_request(kd_http_server *server);

/* The handler has answered a request. */
static inline void http_admission_answered(kd_http_server *server)
{
    server->counters.requests_open--;
}

/* Bytes of an answer wait for their client. They are counted, never refused: the work is done already. HTTP/1.1 does not count
 * its answers: it reads no more while one of them waits. */
static inline void http_admission_hold(kd_http_server *server, size_t bytes)
{
    server->counters.buffered_bytes += bytes;
}

/* Bytes of a body or of an answer are held no longer. */
static inline void http_admission_release(kd_http_server *server, size_t bytes)
{
    server->counters.buffered_bytes -= bytes;
}

#endif
