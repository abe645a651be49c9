/*
 * http_client_internal.h - the objects of the HTTP/2 client. Only files of this folder include it.
 *
 * A file calls those below it. Upward go libevent's and nghttp2's callbacks, a deadline that expires, and a look-up that ends.
 *
 *     http_client.c           the interface, and the pump: which connection takes a request, when to connect
 *     http_client_conn.c      one connection: connect, handshake, reads, one write per turn, its end
 *     http_client_stream.c    requests out and answers in, as nghttp2's streams
 *     http_client_queue.c     requests that wait, and the end of a request for its caller
 *     http_client_retry.c     failures: back-off, circuit breaker
 *     http_client_request.c   request objects: pool, heads, answers
 *     http_client_resolve.c  http_client_link.c  http_client_deadline.c  http_client_url.c
 *
 * A request is in exactly one of three places: the pool, the client's queue, or the list of one connection. `cb` is NULL from the moment it was
 * called. A request that timed out stays on its connection, without a cb, until nghttp2 has closed its stream, because the session still refers to
 * its head.
 *
 * No callback of a caller runs inside kd_http_client_request: a caller may hold state that its own callback changes. So connecting, failing and
 * writing happen in the pump, an event that is activated at most once per turn of the loop.
 */
#ifndef KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_INTERNAL_H
#define KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_INTERNAL_H

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <sys/queue.h>

#include "common/io/http/client/http_client.h"
#include "common/io/http/client/http_client_deadline.h"
#include "common/io/http/client/http_client_link.h"
#include "common/io/http/client/http_client_list.h"
#include "common/io/http/client/http_client_resolve.h"
#include "common/io/http/client/http_client_url.h"
#include "kudos/id.h"

enum {
    KD_CLIENT_READ_BYTES = 64 * 1024,
    KD_CLIENT_WRITE_BYTES = 64 * 1024,
    KD_CLIENT_REPLAYS_MAX = 3,    /* how often a request is sent again that the peer refused untouched */
    KD_CLIENT_STALL_TIMEOUTS = 3, /* deadlines in a row without an answer: the connection is dead */
    KD_CLIENT_POOLED_BYTES = 16 * 1024, /* a request in the pool keeps a buffer up to this size */
};

struct kd_http_response {
    int status;
    kd_buf head; /* repeated: name length be16, value length be16, name, value */
    kd_buf body;
    uint32_t fields;
    bool too_big;
    bool complete; /* END_STREAM has come */
};

typedef struct kd_client_conn kd_client_conn;

typedef struct kd_client_request {
    kd_link at;                           /* in the queue or a connection */
    SLIST_ENTRY(kd_client_request) spare; /* in the pool */
    kd_client_deadline deadline;
    kd_http_client *client;
    kd_client_conn *conn; /* NULL: in the pool or the queue */
    kd_http_client_cb cb;
    void *arg;
    int32_t stream;
    uint8_t replays;
    bool first;                                     /* before those that wait and are not */
    kd_buf text;                                    /* method, path, fields and body, one after the other */
    nghttp2_nv head[5 + KD_HTTP_CLIENT_FIELDS_MAX]; /* views into text; nghttp2 does not copy them */
    size_t head_count;
    size_t body_at, body_sent; /* offsets into text */
    kd_http_response response;
} kd_client_request;

/* In the order of a connection's life. */
typedef enum {
    KD_CONN_CLOSED,
    KD_CONN_CONNECTING,
    KD_CONN_TLS,
    KD_CONN_SETTINGS, /* ours are sent, the peer's are awaited */
    KD_CONN_READY
} kd_conn_state;

struct kd_client_conn {
    kd_http_client *client;
    kd_conn_state state;
    kd_client_link link;
    nghttp2_session *session;
    struct event *read_event, *write_event, *connect_timer;
    kd_link requests;
    uint32_t open; /* requests on this connection */
    uint32_t room; /* streams that it may have open */
    uint32_t timeouts_in_row;
    bool draining; /* GOAWAY, or out of stream numbers: takes no more requests */
    bool broken;   /* to be closed as soon as nghttp2 is off the stack */
    bool busy;     /* nghttp2 is on the stack; the output is written when it is off */
    bool dirty;    /* there is something to write */
    bool answered; /* at least one answer came through */
};

struct kd_http_client {
    struct event_base *base;
    kd_http_client_options options;
    kd_client_url url;
    kd_buf authorization; /* its value, empty for none; does not change while requests are open */
    kd_client_resolver resolver;
    SSL_CTX *tls; /* NULL: http */
    nghttp2_session_callbacks *callbacks;
    kd_client_conn *conns;   /* options.connections of them */
    kd_client_conn *current; /* whose answers are being read, or NULL */
    uint32_t turn;           /* where the search for a connection with room begins */
    kd_link queue[2];        /* [0]: those that go first */
    SLIST_HEAD(kd_client_pool, kd_client_request) pool; /* requests that are not in use */
    uint32_t queued, open;
    kd_client_wheel wheel;
    struct event *pump, *retry; /* both run the pump: in this turn, or after a back-off */
    bool pumping;               /* the pump is activated */
    /* http_client_retry.c */
    uint32_t connect_failures, failures_in_row;
    uint64_t connect_at_ms; /* no connection is opened before */
    uint64_t probe_at_ms;   /* while the breaker is open: when one request may try */
    bool down;              /* the breaker is open */
    uint64_t random;
    kd_trouble trouble;   /* the last one since the last answer */
    const char *distrust; /* why a certificate was not taken, static text; NULL: none was refused */
    kd_http_client_stats stats;
    uint8_t *read_buf;
};

/* The pump runs later in this turn of the loop. */
static inline void kd_client_wake(kd_http_client *c)
{
    if (c->pumping) return;
    c->pumping = true;
    event_active(c->pump, 0, 0);
}

#endif
