/*
 * http_client_internal.h - the parts of the HTTP/2 client and what passes between them.
 *
 *     http_client.c           the client: queue, choice of a connection, reconnects, breaker
 *     http_client_request.c   request objects: pool, heads, answers
 *     http_client_deadline.c  a timer wheel over all open requests
 *     http_client_conn.c      one connection: nghttp2 session, reads, one write per turn
 *     http_client_link.c      the socket below it, plain or TLS
 *     http_client_resolve.c   the origin's addresses
 *     http_client_url.c       URLs
 *
 * A request is in exactly one of three places: the pool, the client's queue, or the list of one connection.
 * `cb` is NULL from the moment it was called; a request that timed out stays on its connection, silent, until
 * nghttp2 has closed its stream, because the session still refers to its head.
 *
 * Nothing that may call back runs inside kd_http_client_request: connecting, failing and writing happen in
 * the pump, an event that is activated at most once per turn.
 */
#ifndef KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_INTERNAL_H
#define KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_INTERNAL_H

#include <netdb.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#include "common/io/http/client/http_client.h"
#include "kudos/id.h"

enum {
    KD_WHEEL_SLOTS = 512,
    KD_WHEEL_TICK_MS = 16,
    KD_CLIENT_READ_BYTES = 64 * 1024,
    KD_CLIENT_WRITE_BYTES = 64 * 1024,
    KD_CLIENT_REPLAYS_MAX = 3,    /* times that a stream which the peer did not touch is sent again */
    KD_CLIENT_STALL_TIMEOUTS = 3, /* deadlines in a row without an answer: the connection is dead */
    KD_CLIENT_POOLED_BYTES = 16 * 1024,
};

/* Doubly linked, circular, headed by a link of the owner. */
typedef struct kd_link {
    struct kd_link *prev, *next;
} kd_link;

static inline void kd_link_init(kd_link *l)
{
    l->prev = l->next = l;
}
static inline bool kd_link_alone(const kd_link *l)
{
    return l->next == l;
}
static inline void kd_link_remove(kd_link *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    kd_link_init(l);
}
static inline void kd_link_append(kd_link *head, kd_link *l)
{
    l->prev = head->prev;
    l->next = head;
    head->prev->next = l;
    head->prev = l;
}
#define KD_LINKED(type, member, link) ((type *)(void *)((char *)(link)-offsetof(type, member)))

struct kd_client_conn;

struct kd_http_response {
    int status;
    kd_buf head; /* repeated: name length be16, value length be16, name, value */
    kd_buf body;
    uint32_t fields;
    bool too_big;
    bool complete; /* END_STREAM was seen */
};

typedef struct kd_client_request {
    kd_link at;    /* in the pool, the queue or a connection */
    kd_link timed; /* in the wheel */
    kd_http_client *client;
    struct kd_client_conn *conn;
    kd_http_client_cb cb;
    void *arg;
    uint64_t deadline_at_ms;
    int32_t stream;
    uint8_t replays;
    kd_buf text; /* method, path, fields and body, one after the other */
    nghttp2_nv head[4 + KD_HTTP_CLIENT_FIELDS_MAX];
    size_t head_count;
    size_t body_at, body_sent; /* offsets into text */
    kd_http_response response;
} kd_client_request;

typedef struct {
    kd_link slots[KD_WHEEL_SLOTS];
    uint64_t tick; /* the last one that was looked at */
    uint32_t count;
    struct event *timer;
    bool armed;
} kd_client_wheel;

typedef enum {
    KD_CONN_CLOSED,
    KD_CONN_CONNECTING,
    KD_CONN_TLS,
    KD_CONN_SETTINGS,
    KD_CONN_READY
} kd_conn_state;

enum { KD_TROUBLE_TEXT_MAX = 200 };

/* Why something failed, for a metric and for a line of the log. */
typedef struct {
    kd_reason reason;
    char text[KD_TROUBLE_TEXT_MAX]; /* "": nothing failed */
} kd_trouble;

/* The socket and what was not yet written to it. */
typedef struct {
    int fd;
    kd_trouble trouble; /* noted by whoever found it, taken at the close */
    SSL *ssl;
    kd_buf out;
    size_t out_at;
} kd_client_link;

typedef struct kd_client_conn {
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
    bool busy;     /* nghttp2 is on the stack: the write follows when it is off */
    bool dirty;    /* something to write */
    bool answered; /* at least one answer came through */
} kd_client_conn;

typedef struct {
    char host[256];
    char port[6];
    char authority[300];
    bool tls;
} kd_client_url;

typedef struct kd_client_lookup kd_client_lookup;

typedef struct {
    struct evdns_base *dns;      /* NULL: the host is a literal address */
    kd_client_lookup *lookup;    /* under way */
    struct addrinfo *all, *next; /* what is known, and the one to try next; NULL: nothing yet */
    bool stale;                  /* all have failed: look up again */
} kd_client_resolver;

struct kd_http_client {
    struct event_base *base;
    kd_http_client_options options;
    kd_client_url url;
    kd_client_resolver resolver;
    SSL_CTX *tls;
    nghttp2_session_callbacks *callbacks;
    kd_client_conn *conns;
    kd_client_conn *current; /* whose answers are being read */
    uint32_t turn;           /* where the search for a connection begins */
    kd_link queue, pool;
    uint32_t queued, open;
    kd_client_wheel wheel;
    struct event *pump, *retry;
    bool pumping; /* the pump is activated */
    uint32_t connect_failures, failures_in_row;
    uint64_t connect_at_ms; /* not before */
    uint64_t probe_at_ms;   /* while the breaker is open: when one request may try */
    bool down;
    const char *distrust; /* why a certificate was not taken, static text; NULL: none was refused */
    uint64_t random;
    kd_http_client_stats stats;
    kd_trouble trouble; /* the last one since the last answer */
    uint8_t *read_buf;
};

/* http_client.c */
uint64_t kd_client_now_ms(void);
void kd_client_wake(kd_http_client *c); /* the pump runs later in this turn */
void kd_client_conn_up(kd_http_client *c);
void kd_client_conn_lost(kd_http_client *c, bool useful); /* useful: it had answered something */
/* A certificate cannot be verified: what waits fails at once, for no later connection will do better. */
void kd_client_untrusted(kd_http_client *c);
/* Ends a request for its caller; its object stays where it is. */
void kd_client_report(kd_client_request *r, int result);
void kd_client_expire(kd_client_request *r);  /* its deadline passed */
void kd_client_requeue(kd_client_request *r); /* the peer did not touch it: to the front of the queue */

/* Something failed: counted, and kept for who asks. */
void kd_client_trouble(kd_http_client *c, kd_reason reason, const char *text);
/* A look-up ended; `known`: there is an address to try. */
void kd_client_resolved(kd_http_client *c, bool known);

/* http_client_resolve.c */
void kd_client_resolver_init(kd_client_resolver *r, struct event_base *base, const kd_client_url *url);
void kd_client_resolver_finish(kd_client_resolver *r);
/* The address to try next; NULL: a look-up is under way, and kd_client_resolved follows. */
const struct addrinfo *kd_client_address(kd_http_client *c);
void kd_client_address_failed(kd_http_client *c);

/* http_client_url.c */
int kd_client_url_parse(kd_client_url *url, const char *text);

/* http_client_request.c */
kd_client_request *kd_client_request_take(kd_http_client *c);
void kd_client_request_release(kd_client_request *r); /* unlinks it and puts it into the pool */
int kd_client_request_fill(kd_client_request *r, const char *method, kd_bytes path,
                           const kd_http_client_field *fields, size_t field_count, kd_bytes body);
void kd_client_response_reset(kd_http_response *p);
void kd_client_response_field(kd_http_response *p, kd_bytes name, kd_bytes value);
void kd_client_response_data(kd_http_response *p, kd_bytes data, uint32_t max);
void kd_client_pool_finish(kd_http_client *c);

/* http_client_deadline.c */
void kd_client_wheel_init(kd_http_client *c);
void kd_client_wheel_finish(kd_http_client *c);
void kd_client_wheel_add(kd_client_request *r);
void kd_client_wheel_remove(kd_client_request *r);

/* http_client_conn.c */
nghttp2_session_callbacks *kd_client_callbacks_new(void);
void kd_client_conn_init(kd_client_conn *conn, kd_http_client *c);
void kd_client_conn_finish(kd_client_conn *conn);
void kd_client_conn_start(kd_client_conn *conn); /* connects */
bool kd_client_conn_has_room(const kd_client_conn *conn);
int kd_client_conn_submit(kd_client_conn *conn, kd_client_request *r);
void kd_client_conn_reset_stream(kd_client_request *r);
void kd_client_conn_flush(kd_client_conn *conn);
/* Closes, then fails what was in flight. */
void kd_client_conn_close(kd_client_conn *conn, bool failed);

/* http_client_link.c: KD_OK, KD_EAGAIN, KD_EUNAVAILABLE; of a handshake also KD_EUNTRUSTED, and why */
/* NULL, and in *fault the member of the options whose file cannot be used, and why. */
SSL_CTX *kd_client_tls_new(const kd_http_client_options *o, const char **fault);
int kd_client_link_open(kd_client_link *l, const struct addrinfo *to);
int kd_client_link_opened(kd_client_link *l); /* the outcome of a connect */
int kd_client_link_handshake(kd_client_link *l, SSL_CTX *tls, const kd_client_url *url, bool verify,
                             bool *wants_write, const char **distrust);
ssize_t kd_client_link_read(kd_client_link *l, uint8_t *buf, size_t len); /* bytes, or a negative kd_err */
int kd_client_link_write(kd_client_link *l, uint64_t *bytes);             /* as much of `out` as goes */
void kd_client_link_close(kd_client_link *l);
void kd_client_link_trouble(kd_client_link *l, kd_reason reason, const char *text);

#endif
