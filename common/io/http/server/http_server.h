/*
 * http_server.h - HTTP/2 and HTTP/1.1 on one port, on the caller's libevent loop.
 *
 * One server belongs to one event_base and to the thread that runs it; nothing here is locked, no thread is
 * started. Several servers of a process listen on the same port with SO_REUSEPORT. What a client speaks is
 * told by its first bytes: 0x16 is TLS (ALPN h2 or http/1.1), the HTTP/2 preface is h2c by prior knowledge,
 * anything else is HTTP/1.1.
 *
 * A request reaches the handler whole (headers and body), and is answered exactly once, at once or later in
 * the same loop. When the client goes away meanwhile the request stays valid until it is answered, and keeps
 * its slot in the stream and connection limits: work that was given up cannot pile up.
 *
 * Limits (headers, body, streams, connections, floods, deadlines) are enforced here. What the server refuses
 * by itself is answered as application/problem+json with a type of urn:kudos:...
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_SERVER_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_SERVER_H

#include <sys/socket.h>

#include "common/api/problem.h"
#include "kudos/base.h"

struct event_base;

typedef struct kd_http_server kd_http_server;
typedef struct kd_http_tls kd_http_tls;

/* ---- configuration ---- */

typedef struct {
    uint32_t max_connections;             /* of this server; beyond it a connection is closed when accepted */
    uint32_t max_connections_per_address; /* likewise, per IPv4 address or IPv6 /64 */
    uint32_t max_streams;                 /* requests in work per connection, at most 128 */
    uint32_t max_requests;            /* with the handler at one time, whole server; more: 503 overloaded */
    uint32_t max_headers;             /* fields of a request; more: 431 */
    uint32_t max_header_bytes;        /* names and values of a request; more: 431 */
    uint32_t max_body_bytes;          /* a request body; more: 413 */
    uint64_t max_buffered_bytes;      /* bodies and answers held by the whole server; more: 503 */
    uint32_t max_resets_per_s;        /* streams reset per connection; more: GOAWAY ENHANCE_YOUR_CALM */
    uint32_t max_control_per_s;       /* PING, SETTINGS, PRIORITY, empty DATA per connection; likewise */
    uint32_t output_high_water_bytes; /* unsent bytes of a connection above which it is not read */
    uint32_t handshake_timeout_ms;    /* from accept to a known protocol (TLS included) */
    uint32_t headers_timeout_ms;      /* from a request's first byte to its last header */
    uint32_t body_timeout_ms;         /* from the last header to the end of the body */
    uint32_t idle_timeout_ms;         /* without a request in work */
    uint32_t write_stall_timeout_ms;  /* an answer not taken: this long, plus a second per 16 KiB of it */
    kd_http_tls *tls;                 /* borrowed, outlives the server; NULL: TLS is refused */
    bool tls_required;                /* plain connections are closed */
} kd_http_config;

/* Sensible values for everything, limits.h for the caps; tls is NULL. */
void kd_http_config_init(kd_http_config *config);

/* ---- TLS ---- */

typedef struct {
    const char *cert_path; /* PEM, chain included */
    const char *key_path;  /* PEM; refused when others than its owner and group may read it */
    const char
        *client_ca_path; /* PEM; NULL: clients are not asked for a certificate, else they must show one */
} kd_http_tls_options;

/* Whether kd_http_tls_create would take these files: KD_OK, or KD_EINVAL with the same error. */
int kd_http_tls_check(const kd_http_tls_options *options, char *error, size_t error_size);
/* Shared by all servers of a process, safe from any thread. On failure error names the option (http.tls_certificate,
 * http.tls_key, http.tls_client_ca) and the reason; *tls is unset. */
int kd_http_tls_create(kd_http_tls **tls, const kd_http_tls_options *options, char *error, size_t error_size);
/* Reads the same files again. On failure the old certificate stays in use. New connections use the newest. */
int kd_http_tls_reload(kd_http_tls *tls, char *error, size_t error_size);
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
    KD_HTTP_OTHER, /* see method_name; CONNECT and TRACE are answered 405 by the server and never arrive here
                    */
} kd_http_method;

/* All views live until the request is answered. Only `user` is the handler's to write. */
typedef struct {
    kd_http_method method;
    kd_bytes method_name;
    kd_bytes path;  /* raw (still percent-encoded), before '?'; starts with '/', or is "*" */
    kd_bytes query; /* raw, after '?', empty when there is none */
    kd_bytes body;
    const struct sockaddr *peer;
    socklen_t peer_len;
    const char *peer_name; /* common name of the verified client certificate, or NULL */
    bool tls;
    bool http2;
    void *user;
} kd_http_request;

/* The handler owes each request exactly one kd_http_respond, now or later on the loop's thread. */
typedef void (*kd_http_handler)(kd_http_request *req, void *arg);

/* First value of a header; name in lower case. False and an empty *value when it is absent. "host" finds
 * :authority. */
bool kd_http_request_header(const kd_http_request *req, const char *name, kd_bytes *value);
/* The i-th header field, for those who need all; false past the end. */
bool kd_http_request_field(const kd_http_request *req, size_t i, kd_bytes *name, kd_bytes *value);
/* Zeroed memory that is freed with the request, aligned for any type. */
void *kd_http_request_alloc(kd_http_request *req, size_t size);
/* False when the client has gone: the answer will be thrown away, work may be skipped. */
bool kd_http_request_alive(const kd_http_request *req);

/* name: lower case, static storage. value is copied; it must not contain CR, LF or NUL (asserted). */
typedef struct {
    const char *name;
    kd_bytes value;
} kd_http_field;

enum { KD_HTTP_FIELDS_MAX = 24 }; /* fields in one answer */

/*
 * Answers and ends the request; req is invalid afterwards. Copies everything. content-length and date are
 * added by the server (do not pass them); the body of a HEAD answer is counted and not sent. Written in one
 * go with all other answers of the same turn of the loop.
 */
void kd_http_respond(kd_http_request *req, int status, const kd_http_field *fields, size_t n, kd_bytes body);

/* Answers with a problem of the table; detail, field and retry_after_s as kd_problem_write, Retry-After
 * alike. */
void kd_http_respond_problem(kd_http_request *req, kd_problem problem, const char *detail, const char *field,
                             uint32_t retry_after_s);
/* Answers 405, with the methods that are allowed: "GET, HEAD". */
void kd_http_respond_wrong_method(kd_http_request *req, const char *allow);

/* ---- server ---- */

/* config is copied. Never fails on memory; KD_EINVAL when a limit makes no sense. */
int kd_http_server_create(kd_http_server **server, struct event_base *base, const kd_http_config *config,
                          kd_http_handler handler, void *arg);

/*
 * host: numeric address or name ("0.0.0.0", "::", "localhost"); port 0 picks a free one. May be called
 * several times (at most 4). KD_EUNAVAILABLE with an error text that names host:port and the reason.
 */
int kd_http_server_listen(kd_http_server *server, const char *host, uint16_t port, bool reuseport,
                          char *error, size_t error_size);
/* Port of the first listener, 0 when there is none. */
uint16_t kd_http_server_port(const kd_http_server *server);

/*
 * Stops accepting, tells clients (shutdown notice, a round trip, GOAWAY; HTTP/1.1: Connection: close),
 * finishes the requests in work and then calls done from the loop, once; done may destroy the server. After
 * deadline_ms what is left is cut and done comes although the handler may still owe answers: it owes them
 * before the destroy. Call once.
 */
typedef void (*kd_http_drained)(void *arg);
void kd_http_server_drain(kd_http_server *server, kd_http_drained done, void *arg, uint32_t deadline_ms);

/* Closes everything at once. All requests must have been answered (asserted). NULL is fine. Not from the
 * handler. */
void kd_http_server_destroy(kd_http_server *server);

typedef struct {
    uint64_t connections_open;
    uint64_t connections_accepted;
    uint64_t connections_refused; /* over a limit, or no descriptor left */
    uint64_t tls_handshakes;      /* completed */
    uint64_t tls_failures;
    uint64_t requests;        /* given to the handler */
    uint64_t requests_open;   /* of those, not answered yet */
    uint64_t rejected;        /* answered by the server itself: 4xx, 503 */
    uint64_t refused_streams; /* over max_streams */
    uint64_t resets;          /* streams reset, by either side */
    uint64_t protocol_errors;
    uint64_t floods;   /* connections ended with ENHANCE_YOUR_CALM */
    uint64_t timeouts; /* connections or streams ended by a deadline, idleness included */
    uint64_t bytes_in; /* as given to the protocol: TLS overhead not counted */
    uint64_t bytes_out;
    uint64_t buffered_bytes; /* request bodies, and answers not yet taken, held now */
} kd_http_counters;

/* Valid until destroy; read on the loop's thread. */
const kd_http_counters *kd_http_server_counters(const kd_http_server *server);

#endif
