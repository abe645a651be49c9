/* answer.c - see the header. */
#include "edge/io/http/answer.h"

enum { ANSWER_LIVE_RETRY_S = 5 };

static const kd_http_field no_store = {"cache-control", {(const uint8_t *)"no-store", 8}};

/* Retry-After in seconds; 0: none. It follows how long the cause lasts: an outbox empties with central's next snapshots, a clock that is out of
 * bounds waits for a measurement, a failed store for an operator. */
static uint32_t answer_retry_after(kd_problem problem)
{
    switch (problem) {
    case KD_PROBLEM_OVERLOADED:
    case KD_PROBLEM_KEY_IN_FLIGHT:
    case KD_PROBLEM_RATE_LIMITED: /* a token that was not verified; what a limit refuses has its own time (gate.c) */
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
    case KD_ECLOSED:
        return (kd_refusal){KD_PROBLEM_ITEM_CLOSED, "an operator has closed this item: reads of it go on",
                            NULL};
    case KD_EOVERLOADED:
        return (kd_refusal){KD_PROBLEM_OVERLOADED, "too many requests are in work, or the disk is slow",
                            NULL};
    case KD_ETIMEOUT:
        return (kd_refusal){KD_PROBLEM_OVERLOADED,
                            "the disk is too slow: it is unknown whether this was stored", NULL};
    case KD_ENOTLOGGED:
        return (kd_refusal){KD_PROBLEM_LOG_UNCONFIRMED,
                            "it is stored on this edge's disk, and unknown whether the log has it: repeat "
                            "with the same idempotency key to find out",
                            NULL};
    default:
        return (kd_refusal){KD_PROBLEM_STORAGE_FAILED, "the store of this edge failed", NULL};
    }
}

void kd_answer_error_with(kd_http_request *req, int err, const kd_http_field *more, size_t n)
{
    kd_refusal why = answer_refusal_of(err);
    kd_http_respond_problem_with(req, why.problem, why.detail, why.field, answer_retry_after(why.problem),
                                 more, n);
}

void kd_answer_shed(kd_http_request *req, uint64_t wait_us)
{
    kd_http_respond_problem(req, KD_PROBLEM_OVERLOADED, "reads are refused, so that likes come through", NULL,
                            (uint32_t)((wait_us + 999999) / 1000000));
}

void kd_answer_live_refusal(kd_http_request *req, kd_live_refusal why)
{
    static const kd_refusal refusals[] = {
        [KD_LIVE_OVERLOADED] = {KD_PROBLEM_OVERLOADED, "no live stream begins while this edge is overloaded",
                                NULL},
        [KD_LIVE_DRAINS] = {KD_PROBLEM_OVERLOADED, "this edge stops: connect again", NULL},
        [KD_LIVE_PROCESS] = {KD_PROBLEM_OVERLOADED, "live.max_streams are open", NULL},
        [KD_LIVE_ADDRESS] = {KD_PROBLEM_RATE_LIMITED,
                             "live.max_streams_per_address are open from this address", NULL},
    };
    kd_http_respond_problem(req, refusals[why].problem, refusals[why].detail, NULL, ANSWER_LIVE_RETRY_S);
}

void kd_answer_error(kd_http_request *req, int err)
{
    kd_answer_error_with(req, err, NULL, 0);
}

kd_json kd_answer_writer(kd_http_request *req, kd_buf *out)
{
    kd_buf_clear(out);
    return kd_media_writer(kd_http_request_media(req), out);
}

void kd_answer_body(kd_http_request *req, kd_bytes body, const kd_http_field *more, size_t n)
{
    const char *type = kd_media_type(kd_http_request_media(req));
    kd_http_field fields[KD_HTTP_FIELDS_MAX]; /* filled as far as it is used: it is larger than the answer */
    size_t count = 2;
    KD_ASSERT(count + n <= KD_HTTP_FIELDS_MAX);
    fields[0] = (kd_http_field){"content-type", kd_bytes_str(type)};
    fields[1] = no_store;
    for (size_t i = 0; i < n; i++) fields[count++] = more[i];
    kd_http_respond(req, 200, fields, count, body);
}
