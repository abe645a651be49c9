/*
 * problem.h - problem details (RFC 9457) from one table of error types, as application/problem+json or with the same members in MessagePack.
 */
#ifndef KUDOS_COMMON_API_PROBLEM_H
#define KUDOS_COMMON_API_PROBLEM_H

#include "common/json/json_writer.h"

#define KD_PROBLEM_CONTENT_TYPE "application/problem+json"

/* name, status, slug of `type` behind urn:kudos:, title */
#define KD_PROBLEMS(X)                                                                                       \
    X(INVALID_ID, 400, "invalid-id", "The id is not valid")                                                  \
    X(INVALID_REQUEST, 400, "invalid-request", "The request is not valid")                                   \
    X(UNKNOWN_COLLECTION, 404, "unknown-collection", "There is no such collection")                          \
    X(UNKNOWN_COUNTER, 404, "unknown-counter", "There is no such counter")                                   \
    X(NOT_FOUND, 404, "not-found", "There is nothing here")                                                  \
    X(METHOD_NOT_ALLOWED, 405, "method-not-allowed", "The method is not allowed here")                       \
    X(UNAUTHORIZED, 401, "unauthorized", "It is not known who is asking")                                    \
    X(FORBIDDEN, 403, "forbidden", "This is not allowed")                                                    \
    X(PAYLOAD_TOO_LARGE, 413, "payload-too-large", "The request body is too large")                          \
    X(UNSUPPORTED_MEDIA_TYPE, 415, "unsupported-media-type", "The media type of the body is not supported")  \
    X(RATE_LIMITED, 429, "rate-limited", "Too many requests")                                                \
    X(OVERLOADED, 503, "overloaded", "Too much to do at the moment")                                         \
    X(OUTBOX_FULL, 503, "outbox-full", "Too many likes wait to be confirmed")                                \
    X(CLOCK_OUT_OF_BOUNDS, 503, "clock-out-of-bounds", "The clock of this edge is not trusted")              \
    X(STORAGE_FAILED, 503, "storage-failed", "The storage failed")                                           \
    X(KEY_REUSED, 422, "key-reused", "The idempotency key was used for another request")                     \
    X(KEY_IN_FLIGHT, 409, "key-in-flight", "A request with this idempotency key is in flight")               \
    X(CENTRAL_UNAVAILABLE, 503, "central-unavailable", "The central store does not answer")                  \
    X(EDGE_RETIRED, 503, "edge-retired", "This edge was retired")                                            \
    X(INDEX_OFF, 404, "index-off", "The index is switched off")                                              \
    X(INDEX_BUILDING, 503, "index-building", "The index is being built")                                     \
    X(LOG_UNCONFIRMED, 504, "log-unconfirmed", "It is not known whether the log has it")                     \
    X(ITEM_CLOSED, 403, "item-closed", "The item is closed")                                                 \
    X(MISDIRECTED, 421, "misdirected", "Another central leads this")

typedef enum {
#define X(name, status, slug, title) KD_PROBLEM_##name,
    KD_PROBLEMS(X)
#undef X
        KD_PROBLEM_COUNT
} kd_problem;

uint32_t kd_problem_status(kd_problem p);   /* of HTTP */
const char *kd_problem_slug(kd_problem p);  /* "invalid-id", static */
const char *kd_problem_title(kd_problem p); /* static */
/* The problem that a client is told for a kd_err other than KD_OK. Errors that are an operator's matter become STORAGE_FAILED. */
kd_problem kd_problem_of(int err);

/* Writes the body as one value. detail and field may be NULL and retry_after_s 0: then they are left out. The caller sends the header Retry-After
 * itself. */
void kd_problem_write(kd_json *j, kd_problem p, const char *detail, const char *field,
                      uint32_t retry_after_s);

/* A problem that has another title or status than those of the table; `slug` is one of the table's. */
typedef struct {
    uint32_t status;
    const char *slug, *title, *detail, *field;
    uint32_t retry_after_s;
    void (*more)(void *arg, kd_json *j); /* writes further members; NULL: there are none */
    void *arg;
} kd_problem_text;
/* Writes it as kd_problem_write does. */
void kd_problem_write_text(kd_json *j, const kd_problem_text *text);

#endif
