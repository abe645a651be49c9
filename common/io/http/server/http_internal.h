/*
 * http_internal.h - what the files of the HTTP server share. Nobody else includes it.
 *
 *   server ─┬─ listeners   http_listen.c    accepting          http_server.c  limits, clocks, turns
 *           ├─ conns       http_conn.c      bytes in and out   http_deadline.c
 *           │   ├─ tls     http_tls.c
 *           │   ├─ h2      http_h2.c        one nghttp2 session
 *           │   ├─ h1      http_h1.c        one request at a time, http_h1_text.c
 *           │   └─ requests http_request.c  arena, headers, the answer
 *           ├─ addresses   http_address.c
 *           └─ pool        http_pool.c      memory of sessions and requests
 *
 * Invariants
 * - A connection is closed only from its own read, write and turn events and from the server's timers, never
 * below a callback of nghttp2 or of the handler: these only leave notes (conn->fate, the dirty list).
 * - A request is linked into its connection until it is freed. A closed connection stays allocated, and
 * counted for its address, until the last of its requests was answered.
 * - conn->out is what the socket did not take. While it holds bytes nothing more is asked of the protocol, so
 * a client that does not read costs one round of output and its unanswered streams, no more.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_INTERNAL_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_INTERNAL_H

#include <event2/event.h>
#include <netinet/in.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#include "common/io/http/server/http_server.h"

enum {
    HTTP_READ_BYTES = 64 * 1024,  /* one read */
    HTTP_WRITE_BYTES = 48 * 1024, /* asked of the protocol before one write; one frame more may come on top */
    HTTP_ARENA_BYTES = 1024,      /* of a request, before it takes more memory */
    HTTP_HEADERS_INLINE = 16,
    HTTP_BODY_KEEP_BYTES = 4096, /* a pooled request keeps a body buffer up to this size */
    HTTP_LISTENERS_MAX = 4,
    HTTP_LINGER_MS = 1000,       /* after our end of stream, for the client to take it */
    HTTP_DRAIN_NOTICE_MS = 1000, /* GOAWAY follows the shutdown notice at the latest after this */
    HTTP_DRAIN_IDLE_MS = 500,    /* an HTTP/1.1 connection without a request is kept this long for one */
    HTTP_CONTINUATIONS_MAX = 6,  /* of one header block; some builds of nghttp2 end the session at 9 */
    HTTP_STREAMS_MAX = 128,
    HTTP_TAKE_BYTES_PER_S = 16 * 1024, /* the slowest rate at which an answer is taken */
    HTTP_DATE_BYTES = 29,
    HTTP_ADDRESS_BUCKETS = 4096,
};

/* ---- memory: size classes with free lists ---- */

enum { HTTP_POOL_CLASSES = 10 }; /* 16 to 8192 bytes */

typedef struct {
    void *free[HTTP_POOL_CLASSES];
    void *requests;
    nghttp2_mem mem;
} http_pool;

void http_pool_init(http_pool *pool);
void http_pool_finish(http_pool *pool);

/* ---- requests ---- */

typedef struct {
    kd_bytes name;
    kd_bytes value;
} http_header;

typedef struct http_chunk {
    struct http_chunk *next;
} http_chunk;

typedef enum { HTTP_HEADERS, HTTP_BODY, HTTP_HANDLED, HTTP_ANSWERED } http_stage;

typedef struct http_request {
    kd_http_request pub; /* first: the handler's pointer is ours */
    struct http_conn *conn;
    struct http_request *next; /* of the connection, or of the pool */
    struct http_request *prev;
    http_stage stage;
    bool attached;   /* a client still waits for the answer */
    bool ended;      /* the client has sent everything */
    bool keep_alive; /* HTTP/1 only */
    bool http10;
    bool sent;       /* the answer, to its end */
    bool stopped;    /* the stream is being reset */
    bool has_length; /* content-length was given */
    bool head;       /* no body in the answer */
    int refusal;     /* status to answer with instead of asking the handler, or 0 */
    int32_t stream_id;
    int64_t deadline_ms; /* of the present stage; none while handled */
    uint64_t length;     /* content-length */
    uint32_t header_count;
    uint32_t header_cap;
    uint32_t header_bytes;
    http_header *headers;
    kd_buf body;
    size_t swallowed; /* bytes of the body that came after the answer */
    size_t out_held;  /* bytes of the answer counted as buffered */
    kd_bytes out;     /* body of the answer not yet given to nghttp2, in the arena */
    http_chunk *chunks;
    size_t arena_used;
    http_header headers_inline[HTTP_HEADERS_INLINE];
    _Alignas(max_align_t) uint8_t arena[HTTP_ARENA_BYTES];
} http_request;

http_request *http_request_create(struct http_conn *conn);
void http_request_free(http_request *req);
void *http_request_take(http_request *req, size_t size);
kd_bytes http_request_copy(http_request *req, kd_bytes bytes);
/* Counts and stores a field; over the limits it only sets the refusal. False when it is far beyond them. */
bool http_request_add_header(http_request *req, kd_bytes name, kd_bytes value);
/* The target splits into path and query. */
void http_request_set_target(http_request *req, kd_bytes target);
void http_request_set_method(http_request *req, kd_bytes name);
/* All headers are here: checks what must not be doubled, sets the body's deadline. */
void http_request_headers_done(http_request *req);
/* Room is checked first; over a limit sets the refusal and drops what was held. */
void http_request_add_body(http_request *req, kd_bytes data);
/* Everything is here (or a refusal stands): to the handler, or answered by us. Once. */
void http_request_dispatch(http_request *req);

static inline void http_request_refuse(http_request *req, int status)
{
    if (req->refusal == 0) req->refusal = status;
}

/* ---- connections ---- */

typedef enum { HTTP_DETECT, HTTP_HANDSHAKE, HTTP_H1, HTTP_H2, HTTP_LINGER, HTTP_CLOSED } http_protocol;

/* What a callback asks of the event that it runs under. */
typedef enum { HTTP_LIVE, HTTP_FINISH /* write, say goodbye, close */, HTTP_ABORT } http_fate;

typedef struct http_conn {
    struct kd_http_server *server;
    struct http_conn *next;
    struct http_conn *prev;
    struct http_conn *next_dirty;
    int fd;
    http_protocol protocol;
    http_fate fate;
    bool dirty;
    bool in_turn; /* output is written at the end of the present event */
    bool reading;
    bool writing;
    bool drain_told;
    struct event *read_event;
    struct event *write_event;
    SSL *ssl;
    kd_bytes tls_in; /* of the present read, not yet taken by OpenSSL */
    char *peer_name;
    nghttp2_session *session;
    http_request *current; /* h2: whose headers are coming; h1: the request in work */
    http_request *requests;
    uint32_t request_count;
    kd_buf in;      /* detection and h1: not yet understood */
    kd_buf out;     /* not taken by the socket */
    kd_buf h1_out;  /* answers of this turn */
    size_t in_used; /* of in, by h1 */
    size_t out_sent;
    int64_t since_ms;  /* of the present protocol stage; idleness counts from here */
    int64_t out_by_ms; /* out must be empty by then */
    int64_t goaway_by_ms;
    uint32_t continuations;
    int64_t rate_since_ms;
    uint32_t resets;
    uint32_t controls;
    uint8_t h1_stage;   /* http_h1.c */
    uint64_t h1_left;   /* of the body or chunk */
    size_t h1_trailers; /* bytes */
    uint64_t address;
    struct sockaddr_storage peer;
    socklen_t peer_len;
} http_conn;

void http_conn_create(struct kd_http_server *server, int fd, const struct sockaddr_storage *peer,
                      socklen_t peer_len);
/* Output has come up outside of the connection's own events. */
void http_conn_touch(http_conn *conn);
/* Input that waited is looked at, output is written, events are set, fate is done. */
void http_conn_turn(http_conn *conn);
/* Gone at once; requests are detached. The memory goes with the last request. */
void http_conn_close(http_conn *conn);
void http_conn_forget_request(http_conn *conn);
void http_conn_start(http_conn *conn, http_protocol protocol);
void http_conn_drain(http_conn *conn);
void http_conn_check_deadlines(http_conn *conn, int64_t now_ms);
bool http_conn_output_full(const http_conn *conn);

/* ---- TLS ---- */

SSL *http_tls_accept(kd_http_tls *tls, http_conn *conn);
/* Takes conn->tls_in to its end and gives plain bytes to the connection. KD_EIO when TLS has failed or ended.
 */
int http_tls_read(http_conn *conn);
/* Encrypts into the server's cipher buffer, or behind what waits in conn->out. */
int http_tls_write(http_conn *conn, kd_bytes plain);
void http_tls_goodbye(http_conn *conn);

/* ---- protocols ---- */

/* Plain bytes from the client. */
void http_conn_feed(http_conn *conn, kd_bytes data);

void http_h2_start(http_conn *conn);
void http_h2_feed(http_conn *conn, kd_bytes data);
/* Appends up to about HTTP_WRITE_BYTES. */
void http_h2_produce(http_conn *conn, kd_buf *out);
bool http_h2_over(const http_conn *conn);
void http_h2_notice(http_conn *conn);
void http_h2_goaway(http_conn *conn);
void http_h2_terminate(http_conn *conn, uint32_t error_code);
/* The rest of a request that is answered already is not wanted any more. */
void http_h2_stop(http_request *req);
void http_h2_respond(http_request *req, int status, const kd_http_field *fields, size_t n, kd_bytes body);
nghttp2_session_callbacks *http_h2_callbacks(void);

void http_h1_feed(http_conn *conn, kd_bytes data);
/* Understands what has come as far as answers are due, and moves the answers to out. */
void http_h1_produce(http_conn *conn, kd_buf *out);
bool http_h1_wants_input(const http_conn *conn);
bool http_h1_idle(const http_conn *conn);
void http_h1_respond(http_request *req, int status, const kd_http_field *fields, size_t n, kd_bytes body);

/* ---- server ---- */

typedef struct http_address {
    struct http_address *next;
    uint64_t key;
    uint32_t count;
} http_address;

struct kd_http_server {
    struct event_base *base;
    kd_http_config config;
    kd_http_handler handler;
    void *arg;
    kd_http_counters counters;
    http_pool pool;
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    http_conn *conns;
    http_conn *dirty;
    struct event *turn_event;
    struct event *sweep_event;
    struct event *accept_event; /* opens the listeners again after a lack of descriptors */
    struct event *drain_event;
    struct {
        int fd;
        struct event *event;
    } listeners[HTTP_LISTENERS_MAX];
    size_t listener_count;
    uint32_t conns_held; /* allocated: open ones and those that wait for answers */
    uint64_t address_seed;
    http_address *addresses[HTTP_ADDRESS_BUCKETS];
    int64_t now_ms; /* of the present event */
    int64_t date_s;
    char date[HTTP_DATE_BYTES + 1];
    bool draining;
    bool drain_expired;
    bool drained_told;
    kd_http_drained drained;
    void *drained_arg;
    kd_buf plain;  /* output of the present turn */
    kd_buf cipher; /* the same, encrypted */
    uint8_t raw[HTTP_READ_BYTES];
    uint8_t clear[16 * 1024];
};

int64_t http_server_clock(kd_http_server *server);
const char *http_server_date(kd_http_server *server);
void http_server_mark(kd_http_server *server, http_conn *conn);
void http_server_conn_gone(kd_http_server *server);
/* Listening sockets (http_listen.c). take_queue: who has connected is still served. */
void http_listen_close(kd_http_server *server, bool take_queue);
void http_listen_resume(evutil_socket_t fd, short what, void *arg);

bool http_address_take(kd_http_server *server, uint64_t key);
void http_address_release(kd_http_server *server, uint64_t key);
uint64_t http_address_key(const struct sockaddr_storage *peer);

#endif
