/*
 * s3_client.h - requests to a server that speaks S3, by libcurl: one at a time, on the caller's thread, which may wait.
 *
 * Bounds. An attempt is given up when the server does not connect, when next to nothing moves, and after KD_S3_ATTEMPT_MS; a request with all its
 * attempts after `timeout_us`. What may pass by itself (no connection, a connection that broke, 408, 429, 5xx, a body that arrived damaged) is tried again
 * with exponential back-off and jitter; what will not (a key, a right, a bucket, a certificate) is not. A request may be repeated: each puts, gets or
 * removes one object by name. Redirects are not followed: the keys go to the endpoint of the configuration and to nobody else.
 *
 * An answer is held in memory, up to the length that the caller allows. `bandwidth` bounds bytes of bodies sent and received, on average.
 */
#ifndef KUDOS_COMMON_IO_S3_S3_CLIENT_H
#define KUDOS_COMMON_IO_S3_S3_CLIENT_H

#include "kudos/base.h"

enum { KD_S3_CONNECT_MS = 5000, KD_S3_ATTEMPT_MS = 90000, KD_S3_ERROR_MAX = 512 };

/* Borrowed for the client's life. */
typedef struct {
    const char *endpoint; /* http(s)://host[:port]; NULL: Amazon's of the region */
    const char *region, *bucket;
    bool path_style; /* ENDPOINT/BUCKET/KEY; else BUCKET.ENDPOINT/KEY */
    const char *key_file;
    const char *ca_file; /* NULL: the system's authorities */
    uint64_t bandwidth;  /* bytes a second; 0: without limit */
    uint64_t timeout_us;
    bool (*go_on)(void *arg); /* asked several times a second; false: give up */
    void *arg;
} kd_s3_config;

typedef struct {
    uint64_t requests, retries, sent_bytes, received_bytes;
} kd_s3_stats;

typedef struct {
    const char *method; /* GET, PUT, DELETE */
    const char *key;    /* of unreserved characters and slashes; empty: the bucket itself */
    const char *query;  /* encoded, in order; empty: none */
    kd_bytes body;
    size_t max; /* bytes of an answer */
} kd_s3_request;

typedef struct kd_s3 kd_s3;

/* Whether the text is an endpoint: a scheme, a host, perhaps a port, and nothing else. */
bool kd_s3_endpoint_valid(kd_bytes text);
/* Reads the keys. KD_OK, or KD_EINVAL with `error`. */
int kd_s3_create(kd_s3 **client, const kd_s3_config *config, char *error);
/* Wipes the keys. NULL is fine. */
void kd_s3_destroy(kd_s3 *client);
/*
 * Asks, and asks again. KD_OK and the answer in *out, which is cleared first; or, with `error` (KD_S3_ERROR_MAX bytes), which names object and cause:
 *
 *     KD_ENOTFOUND     there is no such object
 *     KD_EINVAL        refused: a key, a right, a bucket, a region, this machine's clock
 *     KD_EUNTRUSTED    the server's certificate
 *     KD_EUNAVAILABLE  no good answer in time
 *     KD_ETOOBIG       an answer longer than `max`
 *     KD_EAGAIN        `go_on` returned false
 */
int kd_s3_ask(kd_s3 *client, const kd_s3_request *request, kd_buf *out, char *error);
/* The server's time in its last answer, seconds since 1970; 0: it told none. */
int64_t kd_s3_server_time(const kd_s3 *client);
/* What went through so far. */
kd_s3_stats kd_s3_get_stats(const kd_s3 *client);

#endif
