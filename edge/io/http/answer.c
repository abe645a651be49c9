/* answer.c - see the header. */
#include "edge/io/http/answer.h"

#include "common/io/http/session.h"

static const kd_http_field json_type = {"content-type", {(const uint8_t *)"application/json", 16}};
static const kd_http_field no_store = {"cache-control", {(const uint8_t *)"no-store", 8}};

/* Retry-After in seconds; 0: none. It follows how long the cause lasts: an outbox empties with central's next snapshots, a clock that is out of
 * bounds waits for a measurement, a failed store for an operator. */
static uint32_t answer_retry_after(kd_problem problem)
{
    switch (problem) {
    case KD_PROBLEM_OVERLOADED:
    case KD_PROBLEM_RATE_LIMITED:
    case KD_PROBLEM_KEY_IN_FLIGHT:
        return 1;
    case KD_PROBLEM_OUTBOX_FULL:
        return 5;
    case KD_PROBLEM_CLOCK_OUT_OF_BOUNDS:
    case KD_PROBLEM_STORAGE_FAILED:
    case KD_PROBLEM_EDGE_RETIRED:
    case KD_PROBLEM_CENTRAL_UNAVAILABLE:
        return 10;
    default:
        return 0;
    }
}

void kd_answer_refusal(kd_http_request *req, const kd_refusal *why)
{
    kd_http_respond_problem(req, why->problem, why->detail, why->field, answer_retry_after(why->problem));
}

/* Not kd_problem_of of common/api: on an edge's writes KD_ETIMEOUT is a slow disk, not a central that does not answer. */
static kd_refusal answer_refusal_of(int err)
{
    switch (err) {
    case KD_EFULL:
        return (kd_refusal){KD_PROBLEM_OUTBOX_FULL, "too many operations wait for central", NULL};
    case KD_EREUSED:
        return (kd_refusal){KD_PROBLEM_KEY_REUSED, "the key belongs to another request", "Idempotency-Key"};
    case KD_EINFLIGHT:
        return (kd_refusal){KD_PROBLEM_KEY_IN_FLIGHT, "the first request with it is not yet answered",
                            "Idempotency-Key"};
    case KD_ECLOCK:
        return (kd_refusal){KD_PROBLEM_CLOCK_OUT_OF_BOUNDS,
                            "this edge's clock differs too much from central's", NULL};
    case KD_EIDENTITY:
        return (kd_refusal){KD_PROBLEM_STORAGE_FAILED,
                            "this edge's identity is in doubt: an operator must act", NULL};
    case KD_ERETIRED:
        return (kd_refusal){KD_PROBLEM_EDGE_RETIRED,
                            "an operator has retired this edge: central takes no likes from it", NULL};
    case KD_EOVERLOADED:
        return (kd_refusal){KD_PROBLEM_OVERLOADED, "too many requests are in work, or the disk is slow",
                            NULL};
    case KD_ETIMEOUT:
        return (kd_refusal){KD_PROBLEM_OVERLOADED,
                            "the disk is too slow: it is unknown whether this was stored", NULL};
    default:
        return (kd_refusal){KD_PROBLEM_STORAGE_FAILED, "the store of this edge failed", NULL};
    }
}

void kd_answer_error(kd_http_request *req, int err)
{
    kd_refusal why = answer_refusal_of(err);
    kd_answer_refusal(req, &why);
}

void kd_answer_json(kd_http_request *req, kd_bytes json, const char *session)
{
    kd_http_field fields[] = {
        json_type, no_store, {"kudos-session", {(const uint8_t *)session, KD_SESSION_TEXT}}};
    kd_http_respond(req, 200, fields, session ? 3 : 2, json);
}
