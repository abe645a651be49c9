/*
 * http_client.h - an HTTP/2 client on one event loop: a few connections to one origin, many streams on each.
 *
 * An edge asks central by it, and so do the load and replay drivers. Every call and every callback happens on the thread of the loop. Connections are
 * opened when a request needs one. A lost connection is made again after a back-off with jitter, for as long as requests wait. `http://` is HTTP/2
 * with prior knowledge, `https://` is TLS with ALPN `h2`.
 */
#ifndef KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_H
#define KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_H

#include <event2/event.h>

#include "common/base/reason.h"
#include "kudos/base.h"

enum {
    KD_HTTP_CLIENT_BODY_MAX = 4 * 1024 * 1024, /* the largest response body that may be configured */
    KD_HTTP_CLIENT_FIELDS_MAX = 16,            /* request fields besides method, scheme, authority and path */
};

/* Zero means the default. Strings need to live only during create. */
typedef struct {
    uint32_t connections; /* at most so many at a time; default 1, at most 4096 */
    uint32_t max_streams; /* requests in flight per connection; default 100, or fewer if the peer says so */
    uint32_t queue_max;   /* requests that wait for a stream; default 1024 */
    uint32_t deadline_ms; /* of a request that names none; default 5000 */
    uint32_t connect_ms;  /* for TCP, TLS and the peer's SETTINGS together; default 3000 */
    uint32_t backoff_min_ms;   /* before the first new attempt, doubling with each failure; default 50 */
    uint32_t backoff_max_ms;   /* default 5000 */
    uint32_t breaker_failures; /* so many failures in a row open the circuit breaker; default 0: no breaker */
    /* While no connection can be made, requests end at once: for a caller who has somewhere else to ask. Otherwise they wait for the next attempt. */
    bool fail_fast;
    uint32_t body_max;     /* bytes of a response body; default 256 KiB, at most KD_HTTP_CLIENT_BODY_MAX */
    uint64_t seed;         /* of the jitter */
    bool insecure;         /* https: do not verify the peer */
    const char *ca_file;   /* https: PEM of the authorities to trust; NULL: the system's */
    const char *cert_file; /* https: PEM certificate and key to present; NULL: none */
    const char *key_file;
    const char *token; /* sent with each request as a bearer token; NULL or empty: none */
} kd_http_client_options;

typedef struct kd_http_client kd_http_client;

/* A request field; names in lower case. */
typedef struct {
    kd_bytes name, value;
    bool no_index; /* unique or secret: keep it out of the header compression tables */
} kd_http_client_field;

/* Lives during the callback, and so do views into it. */
typedef struct kd_http_response kd_http_response;
/* The whole body; empty when there was none. */
kd_bytes kd_http_response_body(const kd_http_response *r);
/* The first field of that (lower-case) name, or an empty view with data NULL. */
kd_bytes kd_http_response_header(const kd_http_response *r, const char *name);

/*
 * Called exactly once for every request that was accepted, never from within kd_http_client_request.
 * result: KD_OK            a whole answer: `status` and `r` are set
 *         KD_ETIMEOUT      the deadline passed; whether the peer did the work is unknown
 *         KD_EUNAVAILABLE  no connection, it was lost, or the peer refused the stream; unknown likewise
 *         KD_EUNTRUSTED    https: the peer's certificate cannot be verified; nothing was sent
 *         KD_ETOOBIG       the response was larger than body_max
 * `status` is 0 and `r` NULL unless KD_OK. New requests may be made in the callback; destroying the client
 * may not.
 */
typedef void (*kd_http_client_cb)(void *arg, int result, int status, const kd_http_response *r);

/* Why kd_http_client_create would not take the URL, or with https the files of the options: "member: reason"; NULL when it would. Looks nothing up.
 * Static text that does not repeat the URL, since a password may stand in it. */
const char *kd_http_client_fault(const char *url, const kd_http_client_options *options);
/* KD_OK or KD_EINVAL: whether a URL is one that kd_http_client_create takes. Looks nothing up. */
int kd_http_client_check_url(const char *url);
/* Whether both are such URLs and name the same scheme, host and port: the case of the host, a closing slash and a default port do not count. Names are
 * not looked up. `b` need not be NUL-terminated. */
bool kd_http_client_same_url(const char *a, kd_bytes b);

/*
 * `url` is http://host[:port] or https://host[:port], IPv6 in brackets, with at most a closing slash. Does not connect; a name is looked up when the
 * first request needs it, and again when all its addresses have failed. KD_OK and *out; KD_EINVAL: a URL or an option that cannot be; KD_EIO: a
 * certificate file cannot be used (kd_http_client_fault says which).
 */
int kd_http_client_create(kd_http_client **out, struct event_base *base, const char *url,
                          const kd_http_client_options *options);
/* Calls the callbacks of all open requests with KD_EUNAVAILABLE; they can make no new ones. Not from a callback. Takes NULL. */
void kd_http_client_destroy(kd_http_client *c);

/*
 * Everything is copied. path: with its query, as it goes over the wire. An empty body sends none. deadline_ms counts from now, waiting for a
 * connection included; 0: the client's. KD_OK: accepted, and cb will be called. Otherwise it is not: KD_EOVERLOADED (queue full), KD_EUNAVAILABLE
 * (circuit breaker open), KD_EINVAL (too many fields or too large a head).
 */
int kd_http_client_request(kd_http_client *c, const char *method, kd_bytes path,
                           const kd_http_client_field *fields, size_t field_count, kd_bytes body,
                           kd_http_client_cb cb, void *arg, uint32_t deadline_ms);
/* The same, and where requests wait for a stream it goes before all that were not made so. */
int kd_http_client_request_first(kd_http_client *c, const char *method, kd_bytes path,
                                 const kd_http_client_field *fields, size_t field_count, kd_bytes body,
                                 kd_http_client_cb cb, void *arg, uint32_t deadline_ms);

/* Sets options.fail_fast anew: for requests from now on, and those that wait. */
void kd_http_client_set_fail_fast(kd_http_client *c, bool fail_fast);
/* False from the moment when the breaker opens until an answer comes through again. Before the first request, and without a breaker: true. */
bool kd_http_client_up(const kd_http_client *c);
/* Why a certificate could not be verified, the last time that one could not: OpenSSL's static text. NULL: that never happened. */
const char *kd_http_client_distrust(const kd_http_client *c);
/* Requests in flight or waiting. */
uint32_t kd_http_client_open(const kd_http_client *c);

/* Since create. */
typedef struct {
    uint64_t requests, answers, timeouts, failures; /* requests = answers + timeouts + failures + open */
    uint64_t connects, connects_failed, bytes_in, bytes_out;
    /* By reason: look-ups and connections that failed, and answers that did not come in time on an open connection. */
    uint64_t troubles[KD_REASONS];
} kd_http_client_stats;
/* A copy; cheap. */
kd_http_client_stats kd_http_client_get_stats(const kd_http_client *c);

/* The last of these troubles since the last answer, or a first look-up that has not ended yet; false when there is none. `text` lives until the
 * next trouble. */
bool kd_http_client_trouble(const kd_http_client *c, kd_reason *reason, const char **text);

#endif
