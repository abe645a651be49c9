/*
 * http_internal.h - the objects of the HTTP server: server, connection, request, and the driver of a protocol. Only files of this folder include it.
 *
 * A file calls those below it. Upward go only libevent's events, the driver's table and the handler's function.
 *
 *   http_server.c                     create, drain, destroy; the turn in which answers are written
 *   http_listen.c  http_deadline.c    accepting clients; ending those that are too slow
 *   http_handshakes.c                 the turns of TLS handshakes; below it http_tls_queue.c: whose turn it is
 *   http_conn.c                       one connection: which protocol, bytes in, bytes out, its end
 *   http_tls.c                        TLS between the socket's bytes and the driver's; below it http_tls_hello.c, _beside.c, _suites.c and _name.c
 *   http_h1.c  http_h2.c              the drivers; below them http_h1_text.c, http_h2_answer.c and http_h2_guard.c
 *   http_answer.c                     a request goes to the handler, and its answer to the driver
 *   http_stream.c                     an answer that goes on: its source is asked for what the client can take
 *   http_access.c                     the line of the access log about it
 *   http_request.c  http_cors.c       headers, body and memory of a request; which pages may read the answer
 *   http_note.c                       what the handler keeps about a value that comes again and again
 *   http_turn.c                       whose output is written next
 *   http_share.c                      which connection has its turn next, and what a turn may cost
 *   http_conns.c                      the list of connections, and when their memory goes
 *   http_proxy.c                      the PROXY header before everything else, where one is demanded
 *   http_peer.c                       the peer of a connection, the client of a request
 *   http_admission.c                  every limit on how many and how much the server holds at one time
 *   http_crowd.c                      who gives way to a newcomer when the process is full
 *   http_door.c                       the connections of all servers of a process
 *   http_memory.c                     what a busy moment leaves goes back to the system
 *   http_address.c  http_pool.c
 *
 * Invariants
 * - A connection is closed only from its own read and write events, from those of other sockets (http_tls.h, http_crowd.h), from the server's turn and
 *   from its timers. Callbacks of nghttp2 and of the
 *   handler run with the session on the stack: they must not free it, and leave a note instead (conn->fate, the list of http_turn.c).
 * - A request is linked into its connection until it is freed. A closed connection stays allocated, and counted for its address, until the handler
 *   has answered the last of its requests: clients that give up and come again cannot make work pile up.
 * - conn->out holds the bytes that the socket did not take. While there are any, the driver is asked for no more output: a client that does not read
 *   costs one round of output and its unanswered streams.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_INTERNAL_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_INTERNAL_H

#include <event2/event.h>
#include <netinet/in.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <sys/queue.h>

#include "common/io/http/server/http_address.h"
#include "common/io/http/server/http_h2_guard.h"
#include "common/io/http/server/http_pool.h"
#include "common/io/http/server/http_server.h"
#include "common/io/http/server/http_tls_hello.h"
#include "common/io/http/server/http_tls_queue.h"

enum {
    HTTP_READ_BYTES = 64 * 1024,  /* of one read; a buffer that grew beyond it is freed when it is empty */
    HTTP_WRITE_BYTES = 48 * 1024, /* asked of the driver before one write; it may exceed this by one frame */
    HTTP_ARENA_BYTES =
        2048, /* of a request, for a like with a token in it; above it every piece is allocated */
    HTTP_HEADERS_INLINE = 16, /* fields of a request; above it the table moves to the arena and doubles */
    HTTP_LISTENERS_MAX = 4,
    HTTP_LINGER_MS = 1000, /* how long a client has to take our end of the stream */
    HTTP_LINGER_BYTES =
        4 * 1024 * 1024, /* of what it sends meanwhile so many are thrown away, then none is read */
    HTTP_DRAIN_NOTICE_MS =
        1000, /* HTTP/2: from the shutdown notice to GOAWAY, unless the PING is answered first */
    HTTP_DRAIN_IDLE_MS = 500, /* HTTP/1.1: an idle connection of a draining server is kept this long */
    HTTP_STREAMS_MAX = 128,
    HTTP_TAKE_BYTES_PER_S = 16 * 1024, /* a client that takes an answer more slowly than this is cut off */
    HTTP_SETTLED_PIECES = 8,           /* of input: a client that has sent more is no newcomer */
    /* What OpenSSL 3.0 and the allocator take for a connection of TLS that is idle, as measured; and for a record of which a part has come. */
    HTTP_TLS_BYTES = 12 * 1024,
    HTTP_TLS_RECORD_BYTES = 17 * 1024,
    HTTP_CONN_BYTES = 2 * 1024, /* of a connection itself, with its events */
    HTTP_DATE_BYTES = 29,
    HTTP_SPARE_REQUESTS_MAX = 1024, /* freed requests that are kept for reuse, some 3 KiB each */
    HTTP_CORS_FIELDS_MAX = 3,       /* of http_cors.c, in one answer */
    HTTP_PREFLIGHT_FIELDS_MAX = 3,
    HTTP_HOST_NOTED = 62, /* bytes of a host that a connection remembers */
};

/* Units of work, about a microsecond each: an item of a request, one KiB of an answer. */
enum {
    HTTP_TURN_UNITS = 128, /* a turn begins no request beyond them; an address has as many in a round */
    HTTP_SLICE_UNITS =
        128, /* turns of addresses that have had their share, before the loop looks for others */
    HTTP_SLICE_UNITS_MAX = 1024, /* all turns, before that */
    HTTP_WORK_UNITS =
        512, /* not answered, of what began in HTTP_WORK_MS: beyond them only who asks for little has turns */
    HTTP_WORK_MS = 8,
    HTTP_LIGHT_UNITS = 32,  /* a connection that has cost more in the last one to two HTTP_WORK_MS is heavy */
    HTTP_REQUEST_UNITS = 4, /* any request, besides its items */
    HTTP_UNIT_BYTES_IN = 256, /* input, whatever it is */
    HTTP_UNIT_BYTES_OUT = 1024,
    HTTP_WRITE_UNITS = 32, /* output of heavy connections, before the loop looks for new input */
    HTTP_TURN_ROUNDS = 8,  /* of HTTP_WRITE_BYTES: a turn writes no more */
};

/* Of every answer that has a body: whatever an id or a name in it looks like, a browser takes it for nothing but its content-type. */
#define HTTP_NOSNIFF "x-content-type-options"

typedef struct http_conn http_conn;
typedef struct http_request http_request;

/* ---- a request: http_request.c, http_answer.c ---- */

typedef struct {
    kd_bytes name;
    kd_bytes value;
} http_header;

/* Head of a piece of memory that did not fit into the arena. */
typedef struct http_chunk {
    SLIST_ENTRY(http_chunk) next;
} http_chunk;

typedef enum { HTTP_HEADERS, HTTP_BODY, HTTP_HANDLED, HTTP_STREAMING, HTTP_ANSWERED } http_stage;

struct http_request {
    kd_http_request pub; /* first: a handler's pointer is cast to this struct */
    http_conn *conn;
    LIST_ENTRY(http_request) next;   /* in the connection's list */
    SLIST_ENTRY(http_request) spare; /* among the server's spare ones */
    http_stage stage;
    bool attached;   /* a client still waits for the answer */
    bool ended;      /* the client has sent all of the request */
    bool keep_alive; /* HTTP/1 only */
    bool http10;
    bool sent;          /* HTTP/2: nghttp2 has been given the last byte of the answer */
    bool stopped;       /* HTTP/2: RST_STREAM is submitted */
    bool fault_counted; /* HTTP/2: a frame of it was invalid, and counts as a reset already */
    bool has_length;    /* content-length was given */
    bool head;          /* method HEAD: the answer has no body */
    bool slim;          /* allocated without headers_inline and arena (http_request_slim) */
    int refusal;        /* status that the server answers with, without the handler; 0: none */
    /* A header field that is at fault, and what is wrong with it; static. NULL: none is named. */
    const char *refusal_field, *refusal_detail;
    uint64_t began_us; /* http_access.c; 0: there was no access log then */
    int32_t stream_id;
    int64_t deadline_ms; /* end of the present stage; INT64_MAX while the handler works */
    uint64_t length;     /* content-length */
    uint32_t header_count;
    uint32_t header_cap;
    uint32_t header_bytes;
    http_header *headers; /* headers_inline, or in the arena */
    uint64_t names_twice; /* as pub.names, of names that there may be twice */
    kd_bytes host;        /* that of Host or :authority, where one of the two came; else empty */
    kd_bytes trace;       /* the field traceparent */
    uint32_t traces;      /* how many of them there are */
    kd_media media;       /* of the answer, once media_known */
    bool media_known;
    kd_bytes origin; /* the field Origin; empty: none, or no page is answered (http_cors.h) */
    kd_buf body;
    size_t swallowed;             /* bytes of the request's body that came after the answer */
    http_address *address;        /* whose limits count this request */
    uint64_t held;                /* all that http_admission.c counts for it */
    size_t body_held;             /* of that, by the body's buffer */
    size_t kept;                  /* of that, by chunks */
    uint64_t work;                /* units of computing that its handler has told */
    int64_t work_window;          /* when */
    kd_bytes out;                 /* the answer's body not yet given to nghttp2, in the arena or a chunk */
    const kd_http_source *source; /* of an answer that goes on (http_stream.c); NULL: none, or it has ended */
    void *source_arg;
    void (*streamed_out)(const http_request *req); /* called when it is freed; NULL: nobody */
    uint64_t streamed;                             /* bytes of its body so far */
    SLIST_HEAD(http_chunks, http_chunk) chunks;
    size_t arena_used;
    /* From here on not cleared for a new request. */
    http_header headers_inline[HTTP_HEADERS_INLINE];
    _Alignas(max_align_t) uint8_t arena[HTTP_ARENA_BYTES]; /* arena_used bytes of it are taken */
};

enum { HTTP_SLIM_BYTES = offsetof(http_request, headers_inline) };

/* ---- a connection: http_conn.c, http_conns.c ---- */

/* The protocol that a client speaks, as a connection uses it. One constant table each: http_h1.c, http_h2.c. */
typedef struct {
    /* The protocol is known, no byte of it has been fed. */
    void (*start)(http_conn *conn);
    /* Takes all of data, which may be empty: then it goes on with what it has. May call the handler and set conn->fate; closes nothing. When the turn
     * is over (http_share_over), it keeps the rest in conn->in and sets conn->paused, else it clears it. */
    void (*feed)(http_conn *conn, kd_bytes data);
    /* Appends about HTTP_WRITE_BYTES of output at most; nothing when there is none for now. */
    void (*produce)(http_conn *conn, kd_buf *out);
    /* The answer to a request that is attached. HTTP/1.1 frees the request here, HTTP/2 when its stream closes. */
    void (*respond)(http_request *req, int status, const kd_http_field *fields, size_t n, kd_bytes body);
    /* The head of an answer that goes on (http_stream.c), for a request that is attached. */
    void (*stream)(http_request *req, const kd_http_field *fields, size_t n);
    /* Its source has something, or its end: output is to be asked of it. */
    void (*resume)(http_request *req);
    /* Resets its stream, because the client takes nothing. NULL (HTTP/1.1): the connection ends with it. */
    void (*cut)(http_request *req);
    /* Whether input is of use now; if not, the socket is not read. */
    bool (*wants_input)(const http_conn *conn);
    /* Asked when all output is sent: true when neither side has anything more to say. */
    bool (*over)(const http_conn *conn);
    /* The server drains: tells the client, and sets conn->drain_by_ms. */
    void (*drain)(http_conn *conn);
    /* conn->drain_by_ms has passed. */
    void (*drain_due)(http_conn *conn);
    /* No request for idle_timeout_ms: takes leave, and sets conn->fate to HTTP_FINISH. */
    void (*idle_out)(http_conn *conn);
    /* Resets the stream of an answered request whose client goes on sending. NULL (HTTP/1.1): an answered request is freed at once. */
    void (*stop)(http_request *req);
    /* Frees what the driver holds for the connection. Calling it again does nothing. */
    void (*finish)(http_conn *conn);
} http_driver;

/*
 *   PROXY ──header──► DETECT             (where PROXY headers are demanded: http_proxy.c)
 *   DETECT ──0x16──► HANDSHAKE ──ALPN──► OPEN ──► LINGER ──► CLOSED ──► freed with its last request
 *      └──── preface, or HTTP/1.1 ────────►┘
 */
typedef enum { HTTP_DETECT, HTTP_PROXY, HTTP_HANDSHAKE, HTTP_OPEN, HTTP_LINGER, HTTP_CLOSED } http_state;

/* What becomes of a connection at the end of its turn. FINISH: send the output, then linger. ABORT: close at once. */
typedef enum { HTTP_LIVE, HTTP_FINISH, HTTP_ABORT } http_fate;

struct http_conn {
    struct kd_http_server *server;
    LIST_ENTRY(http_conn) next;        /* in the server's list */
    TAILQ_ENTRY(http_conn) next_dirty; /* in a list of http_turn.c, while `dirty` */
    LIST_ENTRY(http_conn) next_of_address;
    kd_fair_entry turn;  /* http_share.c: waits for its next turn */
    struct {             /* http_share.c: units of work that it cost */
        int64_t window;  /* in units of HTTP_WORK_MS */
        uint64_t units;  /* in that window */
        uint64_t before; /* in the window before it */
    } lately;
    uint64_t spent; /* units of work in the present turn */
    int fd;
    http_state state;
    http_fate fate;
    const http_driver *driver; /* NULL before OPEN */
    bool dirty;
    bool in_turn; /* its turn runs, and writes the output at its end */
    bool reading;
    bool readable;     /* the socket has input, for the next turn */
    bool paused;       /* a turn ended before the input that was read: the rest is in `in` */
    bool answers_only; /* output is written outside of a turn: no request may begin */
    bool writing;
    bool drain_told;
    bool believed; /* the peer is a gateway that may name the client of a request */
    struct event *read_event;
    struct event *write_event;
    SSL *ssl;                 /* NULL: plain */
    http_tls_place handshake; /* its place in the queue, before OPEN */
    bool owes;                /* its handshake stands among the server's handshake_debts */
    uint32_t pieces;          /* of input since OPEN, up to HTTP_SETTLED_PIECES */
    http_tls_hello hello;     /* what of the handshake OpenSSL has seen */
    kd_bytes tls_in;          /* bytes of the present read that OpenSSL has not taken yet */
    struct {
        int64_t since_ms; /* the minute in which they count */
        uint32_t count;
    } beside;              /* what the client said in TLS beside its data: http_tls_beside.c */
    kd_strings peer_names; /* of the client's certificate (http_tls_name.h) */
    http_request *current; /* HTTP/2: the request whose headers are coming in; HTTP/1.1: the only one */
    LIST_HEAD(http_requests, http_request) requests;
    uint32_t request_count;
    uint32_t working; /* of them with the handler */
    kd_buf in;        /* input that is not understood yet: before OPEN, HTTP/1.1, and what a turn has left */
    kd_buf out;       /* bytes that the socket did not take; the first out_sent of them have gone since */
    size_t out_sent;
    int64_t since_ms; /* when the present state began, or the last request ended: idleness counts from here */
    size_t lingered;  /* bytes thrown away: since LINGER began, or behind a request whose answer goes on */
    int64_t out_by_ms;     /* by then `out` must be empty; 0: it is */
    int64_t drain_by_ms;   /* when driver->drain_due is called; 0: never */
    int64_t slow_until_ms; /* nothing is read before then (kd_http_slow); 0: it is */
    struct {
        kd_buf out;     /* answers of this turn */
        size_t in_used; /* so many bytes of `in` are understood */
        uint8_t stage;
        uint64_t left;       /* bytes still to come of the body, or of the chunk */
        size_t trailers;     /* their bytes */
        uint8_t empty_lines; /* skipped since the last request */
    } h1;
    struct {
        nghttp2_session *session;
        http_h2_guard guard;
    } h2;
    http_address *address; /* whose limits count the connection */
    uint64_t held;         /* by the connection and its requests: http_admission.c */
    size_t buffers;        /* of that, by in, out, h1.out and note */
    struct {               /* http_note.c */
        kd_buf of;         /* the value */
        _Alignas(max_align_t) uint8_t kept[KD_HTTP_NOTE];
    } note;
    struct { /* http_note.c: the host of the last request whose host was valid; len 0: none yet */
        uint8_t len;
        uint8_t kept; /* the handler's */
        uint8_t text[HTTP_HOST_NOTED];
    } host;
    bool doomed; /* closed in this turn, to make room: http_admission.c */
    struct sockaddr_storage peer;
    socklen_t peer_len;
};

/* ---- the server ---- */

struct kd_http_server {
    struct event_base *base;
    kd_http_config config;
    kd_http_handler handler;
    void *arg;
    kd_strings origins; /* whose pages may read the answers: http_cors.c */
    kd_http_counters counters;
    kd_http_field field; /* of every answer; without a name: there is none */
    http_pool pool;
    SLIST_HEAD(http_spares, http_request) spare_requests; /* http_request.c */
    uint32_t spare_count;
    nghttp2_session_callbacks *callbacks; /* http_h2.c */
    nghttp2_option *option;
    LIST_HEAD(http_conn_list, http_conn) conns; /* http_conns.c: those that are not CLOSED */
    uint32_t conns_held; /* those that are allocated: CLOSED ones that wait for answers, too */
    TAILQ_HEAD(http_dirty_list, http_conn) dirty; /* http_turn.c: heavy connections behind the others */
    struct event *turn_event;
    struct event *turn_due; /* a timer that sets it */
    struct {                /* http_share.c */
        kd_fair fair;
        struct event *event;
        bool armed;     /* the event will come, or runs */
        bool rests;     /* armed, but only by the time */
        uint64_t work;  /* units of computing that the handler has not answered, begun in `window` */
        int64_t window; /* in units of HTTP_WORK_MS */
        uint64_t spent; /* units of work since it came */
    } share;
    int64_t now_ms;     /* of the present event, monotonic */
    int64_t date_s;     /* of `date`; 0: there was none yet */
    int64_t date_at_ms; /* now_ms when it was looked at last */
    char date[HTTP_DATE_BYTES + 1];
    struct event *sweep_event;  /* http_deadline.c */
    struct event *accept_event; /* http_listen.c: accepts again after a lack of descriptors */
    struct {
        int fd;
        struct event *event;
    } listeners[HTTP_LISTENERS_MAX];
    size_t listener_count;
    http_addresses addresses; /* http_admission.c: what this server holds for each address */
    kd_http_door *door;       /* how many connections the process has */
    bool own_door;
    int64_t crowd_ms;    /* http_crowd.c: when crowd_key was found */
    uint64_t crowd_key;  /* of the address with most connections then */
    bool crowd_busy;     /* each of its connections was worked for, or there was none */
    uint64_t held;       /* by connections that are not doomed */
    uint64_t held_peak;  /* http_memory.c: since memory was given back last */
    uint64_t tls_open;   /* connections with an object of OpenSSL */
    uint64_t conns_peak; /* http_memory.c: bytes of connections, likewise */
    int64_t trimmed_ms;
    http_tls_queue handshakes;          /* http_handshakes.c */
    http_tls_share handshake_shares[2]; /* of late lines: the second */
    http_tls_debts handshake_debts;
    struct event *shake_event; /* set while a handshake waits */
    struct event *drain_event; /* http_server.c */
    bool draining;
    bool drain_expired;
    bool drained_told;
    kd_http_drained drained;
    void *drained_arg;
    /* Shared by all connections, empty between two events. */
    kd_buf plain;                 /* output of one round */
    kd_buf piece;                 /* of an answer that goes on: what its source gave last */
    kd_buf cipher;                /* the same, encrypted */
    uint8_t raw[HTTP_READ_BYTES]; /* one read */
    uint8_t clear[16 * 1024];     /* one TLS record of it */
};

#endif
