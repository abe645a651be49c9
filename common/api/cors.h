/*
 * cors.h - which pages may read the answers: pages of the origins that the configuration lists (Cross-Origin Resource Sharing, the Fetch standard).
 * An origin is text that a browser writes, as in "https://app.example:8443", or "null" where a page has none. Pure.
 *
 * There is no mode with credentials (cookies, client certificates of a browser): users are known by tokens in headers, which a page of another origin
 * has not got. So "*" is no danger to a user.
 */
#ifndef KUDOS_COMMON_API_CORS_H
#define KUDOS_COMMON_API_CORS_H

#include "common/conf/strings.h"
#include "kudos/base.h"

enum { KD_ORIGIN_MAX = 300 }; /* bytes of an origin: a name of 253, a scheme, a port */

/* What a page may send besides what every page may. Not X-User-Id: it is the word of a gateway. */
#define KD_CORS_REQUEST_FIELDS                                                                               \
    "Content-Type, Authorization, Idempotency-Key, X-Idempotency-Key, Kudos-Session, If-None-Match, "        \
    "Last-Event-ID"
/* What a page may read of an answer besides what every page may. */
#define KD_CORS_ANSWER_FIELDS                                                                                \
    "Allow, ETag, Kudos-As-Of, Kudos-Level, Kudos-Session, RateLimit, RateLimit-Policy, Retry-After"
/* Seconds for which a browser remembers the answer to a preflight. Chromium remembers none for longer. */
#define KD_CORS_MAX_AGE "7200"

/* Whether an option may list it: "*" (every origin), "null", or an origin exactly as browsers write it: scheme://host, in lower case, with a port only
 * where it is not the one of http or https, and nothing behind that. Anything else would never be equal to what a browser sends. */
bool kd_cors_listable(kd_bytes origin);
/* Whether the list is every origin. */
bool kd_cors_open(const kd_strings *origins);
/* KD_OK, or KD_EINVAL with `error` (KD_OPTIONS_ERROR_MAX bytes): "*" stands beside others. */
int kd_cors_check(const kd_strings *origins, char *error);
/* The value of Access-Control-Allow-Origin for a request: "*", or the text of the list that is exactly `origin`; a view into *origins. NULL: no page of
 * that origin may read the answer. `origin` may hold anything, as a client sent it; empty: there is none. */
const char *kd_cors_allow(const kd_strings *origins, kd_bytes origin);

#endif
