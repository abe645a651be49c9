/*
 * http_server.h - HTTP/2 and HTTP/1.1 on one port, on the caller's libevent loop.
 *
 * One server belongs to one event_base and to the thread that runs it. Nothing here is locked, no thread is started, and every call is made on that
 * thread unless it says otherwise. Several servers of a process listen on the same port with SO_REUSEPORT. The first bytes of a client tell its
 * protocol: 0x16 is TLS (ALPN h2 or http/1.1), the HTTP/2 preface is h2c by prior knowledge, anything else is HTTP/1.1.
 *
 * A request reaches the handler whole, headers and body. It is answered exactly once, at once or later on the same loop. When its client goes away
 * meanwhile, the request stays valid until it is answered, and counts in the limits of streams and connections until then: clients that ask and leave
 * cannot pile up work.
 *
 * Limits (headers, body, streams, connections, floods, deadlines) are enforced here. A request that the server refuses by itself is answered as
 * a problem with a type of urn:kudos:..., in the form that its Accept asks for.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_SERVER_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_SERVER_H

#include <sys/socket.h>

#include "common/api/media.h"
#include "common/api/problem.h"
#include "common/base/cidr.h"
#include "common/base/trace.h"
#include "common/conf/strings.h"
#include "kudos/base.h"

struct event_base;

typedef struct kd_http_server kd_http_server;
typedef struct kd_http_tls kd_http_tls;
typedef struct kd_http_door kd_http_door;
typedef struct kd_http_request kd_http_request;

/*
 * Asked at the end of the headers of a request whose body is still to come: a client that may not ask, or asks for what there is not, cannot make the
 * server hold a body. With the handler's `arg`. True: it has answered, by kd_http_respond or its kin, and the request is invalid; what comes of the
 * body is thrown away, and HTTP/1.1 ends the connection after the answer. False: it has done nothing, and the handler gets the request with its body.
 */
typedef bool (*kd_http_begin)(kd_http_request *req, void *arg);
/*
 * Told behind the requests that the handler got from one piece of a connection's input, with the handler's `arg`; also behind none. Answers that are made
 * here leave with the output of that turn, so a handler may gather requests of HTTP/2 until then. HTTP/1.1 has one at a time, and may begin it later.
 */
typedef void (*kd_http_fed)(void *arg);

/* ---- the door: the connections of all servers of a process ---- */

/* Counts the connections of several servers together, so that the limits are those of the process: connections, of one address, and new ones of one
 * address in a second (two seconds' worth at once). The first two are at least 1; the last is at most 1000000, and 0 is no limit. Any thread. */
kd_http_door *kd_http_door_create(uint32_t max_connections, uint32_t max_connections_per_address,
                                  uint32_t max_new_per_address);
/* After the servers that use it. NULL is fine. */
void kd_http_door_destroy(kd_http_door *door);

/* ---- configuration ---- */

/* By which fields a trusted peer may name the client of a request (common/base/forwarded.h). ANY: by either; two that differ are refused. */
typedef enum {
    KD_HTTP_FORWARDED_ANY,
    KD_HTTP_FORWARDED_RFC7239,
    KD_HTTP_FORWARDED_X,
    KD_HTTP_FORWARDED_NONE,
} kd_http_forwarded;

/* Their names in a configuration, and those of http.proxy_protocol (no header, version 2), each with a NULL at the end. */
extern const char *const kd_http_forwarded_names[], *const kd_http_proxy_names[];

typedef struct {
    kd_http_door *door; /* borrowed, outlives the server; NULL: one of its own, with the next three limits */
    uint32_t max_connections;             /* of this server; one more is closed as soon as it is accepted */
    uint32_t max_connections_per_address; /* likewise, per IPv4 address or IPv6 /64 */
    uint32_t max_new_per_address;         /* new connections of one a second, as kd_http_door_create */
    uint32_t max_handshakes; /* of TLS, not begun, that wait for their turn; more: http_tls_queue.h */
    uint32_t max_handshakes_per_address; /* of them; more: closed before TLS begins */
    uint32_t max_streams;                /* requests per connection that are not answered yet, at most 128 */
    uint32_t max_requests;             /* with the handler at one time, whole server; more: 503 overloaded */
    uint32_t max_requests_per_address; /* of them for one address; likewise */
    uint32_t max_headers;              /* fields of a request; more: 431 */
    uint32_t max_header_bytes;         /* names and values of a request; more: 431 */
    uint32_t max_body_bytes;           /* a request body; more: 413 */
    /* Held (http_admission.h): requests, their headers and bodies, answers that are not taken, buffers of connections. */
    uint64_t
        max_buffered_bytes; /* whole server; more: whoever holds most is closed; while nobody is left to close, an eighth more */
    uint64_t
        max_held_per_address; /* more: its connection that holds most is closed, or who asks gets 503 if none holds much more */
    uint64_t max_held_per_connection; /* more: 503 for its further requests and bodies */
    uint32_t max_resets_per_s;  /* streams reset or refused per connection; more: GOAWAY ENHANCE_YOUR_CALM */
    uint32_t max_control_per_s; /* frames that move no request along per connection; likewise */
    uint32_t output_high_water_bytes; /* unsent bytes of a connection above which it is not read */
    uint32_t handshake_timeout_ms;    /* from accept to a known protocol (TLS included) */
    uint32_t headers_timeout_ms;      /* from a request's first byte to its last header */
    uint32_t body_timeout_ms;         /* from the last header to the end of the body; later: 408 */
    uint32_t idle_timeout_ms;         /* without a request */
    uint32_t write_stall_timeout_ms;  /* for a client to take an answer, plus a second per 16 KiB of it */
    kd_http_begin begin;              /* NULL: every body that fits the limits is held */
    kd_http_fed fed;                  /* NULL: nobody gathers requests */
    kd_http_tls *tls;                 /* borrowed, outlives the server; NULL: TLS is refused */
    bool tls_required;                /* plain connections are closed */
    const kd_cidrs
        *trusted; /* borrowed: gateways that may name the client of a request; NULL: there is none */
    kd_http_forwarded forwarded; /* how they do */
    const kd_cidrs *proxy_peers; /* borrowed: balancers; every connection must come from one and begin with a
                                  * PROXY header within handshake_timeout_ms. NULL: no header is read */
} kd_http_config;

/* Sensible values for everything, limits.h for the caps; tls and the lists of peers are NULL. */
void kd_http_config_init(kd_http_config *config);

/* ---- TLS ---- */

typedef enum { KD_HTTP_TLS_12, KD_HTTP_TLS_13 } kd_http_tls_version;
/* Their names, by these indices; NULL at the end. */
extern const char *const kd_http_tls_versions[];

#define KD_HTTP_TLS_CIPHERS "kECDHE+AESGCM:kECDHE+CHACHA20"
#define KD_HTTP_TLS_CIPHERSUITES "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"

typedef struct {
    const char *cert_path;      /* PEM, chain included */
    const char *key_path;       /* PEM; refused when group or others have any access to it */
    const char *client_ca_path; /* PEM: clients must show a certificate by it; NULL: none is asked for */
    const char *ciphers;        /* of TLS 1.2, as OpenSSL names them; NULL: KD_HTTP_TLS_CIPHERS */
    const char *ciphersuites;   /* of TLS 1.3, likewise; NULL: KD_HTTP_TLS_CIPHERSUITES */
    uint32_t min_version;       /* kd_http_tls_version */
} kd_http_tls_options;

/* Whether kd_http_tls_create would take these options: KD_OK, or KD_EINVAL with the same error. Any thread. */
int kd_http_tls_check(const kd_http_tls_options *options, char *error, size_t error_size);
/* Whether it would take their ciphers: the same, without opening a file. Any thread. */
int kd_http_tls_check_ciphers(const kd_http_tls_options *options, char *error, size_t error_size);
/* Reads the files. The object may be shared by all servers of a process; any thread. KD_EINVAL: `error` names the option (http.tls_certificate,
 * http.tls_key, http.tls_client_ca, http.tls_ciphers, http.tls_ciphersuites) and the reason, and *tls is not set. The strings are copied. */
int kd_http_tls_create(kd_http_tls **tls, const kd_http_tls_options *options, char *error, size_t error_size);
/* Reads the same files again; connections that come afterwards use them. KD_EINVAL, with `error` as above: the old certificate stays in use. Any
 * thread. */
int kd_http_tls_reload(kd_http_tls *tls, char *error, size_t error_size);
/* After the servers that use it. NULL is fine. */
void kd_http_tls_destroy(kd_http_tls *tls);

/* ---- requests ---- */

typedef enum {
    KD_HTTP_GET,
    KD_HTTP_HEAD,
    KD_HTTP_POST,
    KD_HTTP_PUT,
    KD_HTTP_PATCH,
    KD_HTTP_DELETE,
    KD_HTTP_OPTIONS,
    KD_HTTP_OTHER, /* see method_name. CONNECT and TRACE never arrive here: the server answers 405 */
} kd_http_method;

/* All views live until the request is answered. The handler writes no member but `challenge`, `codings`, `user` and `route`. */
struct kd_http_request {
    kd_http_method method;
    kd_bytes method_name;
    kd_bytes path;  /* raw (still percent-encoded), before '?'; starts with '/', or is "*" */
    kd_bytes query; /* raw, after '?', empty when there is none */
    kd_bytes body;
    const struct sockaddr
        *peer; /* of the connection; where PROXY headers are demanded, the one of the header */
    socklen_t peer_len;
    const kd_strings *peer_names; /* of the verified client certificate (http_tls_name.h); empty: none */
    bool tls;
    bool http2;
    uint64_t
        client; /* the client's address as limits count it, an IPv4 address or an IPv6 /64: the one that a trusted
                      * peer names (Forwarded, X-Forwarded-For), else that of `peer` */
    bool client_named; /* a trusted peer names it */
    bool
        client_hidden; /* it hands the request on, and does not say for whom: client_at is the last address that is known */
    uint8_t client_at[16]; /* then its whole address, IPv4 as mapped */
    /* WWW-Authenticate of a problem with status 401 or 403: static text, or the request's memory; NULL: none is sent. */
    const char *challenge;
    const char *codings; /* Accept-Encoding of a problem, static text; NULL: none is sent */
    const char *
        route; /* for the access log: a literal such as "/v1/{collection}/{id}/counts"; NULL: the path is none that there is */
    void *user;
    uint64_t names; /* kd_http_name_bit of each header field */
};

/* The handler owes each request exactly one kd_http_respond, now or later on the loop's thread. */
typedef void (*kd_http_handler)(kd_http_request *req, void *arg);

/* A bit that stands for a header's name, and for few others: for kd_http_request.names. The factors were searched for: the names that every request
 * has share no bit with each other, nor with one that handlers ask for (test_http_name_bit.c). */
static inline uint64_t kd_http_name_bit(kd_bytes name)
{
    if (name.len == 0) return 1;
    return (uint64_t)1 << ((11u * name.len + 14u * name.data[0] + 12u * name.data[name.len - 1]) & 63);
}
/* First value of a header, a view that lives until the answer; `name` in lower case. False and an empty *value when it is absent. Where a request has
 * no Host, "host" finds :authority. */
bool kd_http_request_find(const kd_http_request *req, kd_bytes name, kd_bytes *value);
/* The same, of a literal: inline, so that the compiler knows its bit. Most of what is asked for is not there. */
static inline bool kd_http_request_header(const kd_http_request *req, const char *name, kd_bytes *value)
{
    kd_bytes wanted = kd_bytes_of(name, strlen(name));
    bool host = kd_bytes_eq(wanted, kd_bytes_of("host", 4));
    if (host || req->names & kd_http_name_bit(wanted)) return kd_http_request_find(req, wanted, value);
    *value = kd_bytes_of(NULL, 0);
    return false;
}
/* The trace that the request belongs to, by its field traceparent. False, and *trace is none, without such a field, with one that is not valid and with
 * two. */
bool kd_http_request_trace(const kd_http_request *req, kd_trace *trace);
/* The form that the request wants its answer in, by its lines of Accept. They are read at the first call. */
kd_media kd_http_request_media(kd_http_request *req);
/* The i-th header field, in the order of the request, HTTP/2's pseudo headers included; false past the end. */
bool kd_http_request_field(const kd_http_request *req, size_t i, kd_bytes *name, kd_bytes *value);
/* Zeroed memory that is freed with the request, aligned for any type. */
void *kd_http_request_alloc(kd_http_request *req, size_t size);
/* The request cost more than its client may cause: its connection is not read for `ms`, times the connections of the same address, at most a second. What
 * has been read already is worked on. Nothing happens to the connection of a gateway that named the client. Before the answer. */
void kd_http_slow(kd_http_request *req, uint64_t ms);
/* The request is so much work beside what every request is, in units of about a microsecond: one for each item or operation. It is charged to the
 * client's address, whose further requests wait for those of others (http_share.h). computes: as a rule the answer waits for nothing but computing,
 * here or on another thread; told so once, before the work is done. */
void kd_http_charge(kd_http_request *req, uint32_t units, bool computes);

enum { KD_HTTP_NOTE = 16 };
/* KD_HTTP_NOTE bytes, aligned for any type, for what the handler knows about a value that is part of a header field of the request, such as a token. Zeroed
 * at first; then as the handler left them, as long as its calls on this connection name the same bytes. They live until the next call. */
void *kd_http_request_note(kd_http_request *req, kd_bytes value);

/* A byte for what the handler knows about the host of the request and the connection that it came by: 0 at first, then as the handler left it, as long as
 * requests of this connection have the same host. NULL: nothing is kept of this host. It lives until the next request of the connection. */
uint8_t *kd_http_request_host_note(kd_http_request *req);

/* False when the client has gone. The answer is still owed, though it will be thrown away; work for it may be skipped. */
bool kd_http_request_alive(const kd_http_request *req);

/* name: lower case, in static storage. value is copied; it must not contain CR, LF or NUL (asserted). */
typedef struct {
    const char *name;
    kd_bytes value;
} kd_http_field;

enum { KD_HTTP_FIELDS_MAX = 24 }; /* fields in one answer */

/*
 * Answers the request; req is invalid afterwards. status: 200 to 599; n: at most KD_HTTP_FIELDS_MAX. Copies all but the names. The server adds
 * content-length, date and x-content-type-options (do not pass them). For HEAD pass the body of GET: its length is sent, the body is not. Nothing is
 * written before the end of this turn of the loop, when all its answers leave together.
 */
void kd_http_respond(kd_http_request *req, int status, const kd_http_field *fields, size_t n, kd_bytes body);

/* ---- an answer that goes on ---- */

/* Where its pieces come from. Both are called on the loop's thread, and must call nothing of the server. */
typedef struct {
    /* The client can take more: appends the next piece to `out`, KD_HTTP_PIECE_MAX bytes at most, or nothing when there is none for now. False: the answer
     * ends, with what was appended. Asked again and again until it appends nothing, or false. */
    bool (*next)(void *arg, kd_buf *out);
    /* Called once, last: the answer has ended, or its client has gone, or took nothing for write_stall_timeout_ms. */
    void (*over)(void *arg);
} kd_http_source;

typedef struct kd_http_stream kd_http_stream;

enum { KD_HTTP_PIECE_MAX = 32 * 1024 };

/*
 * Answers the request with 200 and a body without an end that is known; req is invalid afterwards. fields and n as of kd_http_respond. While it lasts the
 * answer counts as a request of its connection (max_streams), but for neither max_requests; held for the client are some 500 bytes, `held`
 * that its source says to hold for it, and the rest of a piece. A piece is asked for when the client can take it, and after kd_http_stream_wake; what the
 * source has meanwhile it keeps itself. The connection is not idle meanwhile, and HTTP/1.1 ends it with the answer. NULL: the client has gone, or the
 * method is HEAD; then the source is never asked nor told.
 */
kd_http_stream *kd_http_respond_stream(kd_http_request *req, const kd_http_field *fields, size_t n,
                                       const kd_http_source *source, void *arg, size_t held);
/* The source has something, or its end. Before source->over was called, and not from within next. */
void kd_http_stream_wake(kd_http_stream *stream);
/* So many bytes more are held for the client, until the answer ends. Over a limit somebody is closed for it later. Before source->over was called, and not from within it. */
void kd_http_stream_hold(kd_http_stream *stream, size_t bytes);

/* From now on every answer of this server has this field, too, also to requests that the server refuses by itself. Both strings are in static storage,
 * and `value` is clean as in kd_http_field. `name` NULL: no such field, as at first. */
void kd_http_server_set_field(kd_http_server *server, const char *name, const char *value);

/* kd_http_respond with a problem of the table; detail, field and retry_after_s as kd_problem_write. retry_after_s above 0 is sent as Retry-After,
 * too; req->challenge and req->codings as they say. */
void kd_http_respond_problem(kd_http_request *req, kd_problem problem, const char *detail, const char *field,
                             uint32_t retry_after_s);
/* The same, with n further fields, at most KD_HTTP_FIELDS_MAX - 4. */
void kd_http_respond_problem_with(kd_http_request *req, kd_problem problem, const char *detail,
                                  const char *field, uint32_t retry_after_s, const kd_http_field *more,
                                  size_t n);
/* kd_http_respond to OPTIONS: 204 with `allow`, the methods that the path has, "GET, HEAD, OPTIONS"; to a preflight of a page that may ask also with
 * what it may send. */
void kd_http_respond_options(kd_http_request *req, const char *allow);
/* kd_http_respond with 405. `allow` names the methods that the path has: "GET, HEAD". */
void kd_http_respond_wrong_method(kd_http_request *req, const char *allow);

/* What a server refuses by itself, whatever is asked for, for a description; static. */
const kd_problem_text *kd_http_refusals(size_t *count);

/* ---- server ---- */

/* config is copied. Listens on nothing yet. KD_EINVAL: a limit is 0 or makes no sense. */
int kd_http_server_create(kd_http_server **server, struct event_base *base, const kd_http_config *config,
                          kd_http_handler handler, void *arg);

/* Pages of these origins may read the answers (common/api/cors.h); copied. An empty list, as a server begins with: no answer has a field for pages.
 * From the next answer on. */
void kd_http_server_set_origins(kd_http_server *server, const kd_strings *origins);

/*
 * Listens and accepts from now on. host: numeric address or name ("0.0.0.0", "::", "localhost"), of which the first address is taken; looking a name
 * up blocks. port 0 picks a free one. At most 4 calls. KD_EUNAVAILABLE with an error text that names host:port and the reason.
 */
int kd_http_server_listen(kd_http_server *server, const char *host, uint16_t port, bool reuseport,
                          char *error, size_t error_size);
/* Port of the first listener; 0 when there is none. */
uint16_t kd_http_server_port(const kd_http_server *server);

/* Called once, from the loop; may destroy the server if the handler owes no answer. */
typedef void (*kd_http_drained)(void *arg);
/*
 * Stops accepting, tells clients (HTTP/2: shutdown notice, a round trip, GOAWAY; HTTP/1.1: Connection: close), lets the requests in work end, then
 * calls done (may be NULL). After deadline_ms all connections that are left are cut, and done is called although the handler may still owe answers;
 * it must give them before the destroy. Call once.
 */
void kd_http_server_drain(kd_http_server *server, kd_http_drained done, void *arg, uint32_t deadline_ms);

/* Closes everything at once, without calling done of a drain. All requests must have been answered (asserted). NULL is fine. Not from the handler. */
void kd_http_server_destroy(kd_http_server *server);

typedef struct {
    uint64_t connections_open;
    uint64_t connections_accepted;
    uint64_t connections_refused; /* over a limit, or no descriptor left; closed at once */
    uint64_t proxy_refused;  /* closed: from a peer that is no balancer, or without a valid PROXY header */
    uint64_t tls_handshakes; /* completed */
    uint64_t tls_failures;
    uint64_t tls_refused;     /* closed before TLS began: too many handshakes waited */
    uint64_t tls_abandoned;   /* the client had hung up when the turn of its handshake came */
    uint64_t requests;        /* given to the handler */
    uint64_t requests_open;   /* of those, not answered yet */
    uint64_t rejected;        /* answered by the server itself, without the handler: 4xx, 5xx */
    uint64_t refused_streams; /* over max_streams */
    uint64_t resets;          /* streams reset, by either side */
    uint64_t protocol_errors;
    uint64_t floods;   /* connections ended with ENHANCE_YOUR_CALM */
    uint64_t timeouts; /* connections or streams ended by a deadline, idleness included */
    uint64_t bytes_in; /* plain bytes: the overhead of TLS is not counted */
    uint64_t bytes_out;
    uint64_t
        buffered_bytes; /* held now: bodies, long headers, answers not yet taken, buffers of connections */
    uint64_t gave_way;  /* connections closed for a newcomer when the process was full: http_crowd.h */
    uint64_t work;      /* units that requests were charged: about a microsecond each (http_share.h) */
    uint64_t hoarders;  /* connections closed because they held most when a limit of held bytes was reached */
} kd_http_counters;

/* Valid until destroy; read on the loop's thread. */
const kd_http_counters *kd_http_server_counters(const kd_http_server *server);

#endif
