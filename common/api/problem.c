/* problem.c - the table of error types, as bodies. */
#include "common/api/problem.h"

#include <stdio.h>

static const struct {
    uint32_t status;
    const char *slug, *title;
} problems[] = {
#define X(name, status, slug, title) {status, slug, title},
    KD_PROBLEMS(X)
#undef X
};

uint32_t kd_problem_status(kd_problem p)
{
    KD_ASSERT(p < KD_PROBLEM_COUNT);
    return problems[p].status;
}

const char *kd_problem_slug(kd_problem p)
{
    KD_ASSERT(p < KD_PROBLEM_COUNT);
    return problems[p].slug;
}

const char *kd_problem_title(kd_problem p)
{
    KD_ASSERT(p < KD_PROBLEM_COUNT);
    return problems[p].title;
}

kd_problem kd_problem_of(int err)
{
    switch (err) {
    case KD_EINVAL:
    case KD_EMALFORMED:
        return KD_PROBLEM_INVALID_REQUEST;
    case KD_ENOTFOUND:
        return KD_PROBLEM_NOT_FOUND;
    case KD_ETOOBIG:
        return KD_PROBLEM_PAYLOAD_TOO_LARGE;
    case KD_EFULL:
        return KD_PROBLEM_OUTBOX_FULL;
    case KD_EREUSED:
        return KD_PROBLEM_KEY_REUSED;
    case KD_EINFLIGHT:
        return KD_PROBLEM_KEY_IN_FLIGHT;
    case KD_ECLOCK:
        return KD_PROBLEM_CLOCK_OUT_OF_BOUNDS;
    case KD_ERETIRED:
        return KD_PROBLEM_EDGE_RETIRED;
    case KD_EUNBUILT:
        return KD_PROBLEM_INDEX_BUILDING;
    case KD_ECLOSED:
        return KD_PROBLEM_ITEM_CLOSED;
    case KD_ETIMEOUT:
    case KD_EUNAVAILABLE:
        return KD_PROBLEM_CENTRAL_UNAVAILABLE;
    case KD_EELSEWHERE:
        return KD_PROBLEM_MISDIRECTED;
    case KD_ENOTLOGGED:
        return KD_PROBLEM_LOG_UNCONFIRMED;
    case KD_EAGAIN:
    case KD_EOVERLOADED:
        return KD_PROBLEM_OVERLOADED;
    default:
        return KD_PROBLEM_STORAGE_FAILED; /* EIO, EVERSION, EMISMATCH, EFENCED, EIDENTITY: an operator's
                                             matter */
    }
}

void kd_problem_write_text(kd_json *j, const kd_problem_text *t)
{
    char type[64];
    int len = snprintf(type, sizeof type, "urn:kudos:%s", t->slug);
    KD_ASSERT(len > 0 && (size_t)len < sizeof type);
    kd_json_object(j);
    kd_json_key(j, "type"), kd_json_cstr(j, type);
    kd_json_key(j, "title"), kd_json_cstr(j, t->title);
    kd_json_key(j, "status"), kd_json_u64(j, t->status);
    if (t->detail != NULL) kd_json_key(j, "detail"), kd_json_cstr(j, t->detail);
    if (t->field != NULL) kd_json_key(j, "field"), kd_json_cstr(j, t->field);
    if (t->retry_after_s > 0) kd_json_key(j, "retry_after_s"), kd_json_u64(j, t->retry_after_s);
    if (t->more != NULL) t->more(t->arg, j);
    kd_json_end_object(j);
}

void kd_problem_write(kd_json *j, kd_problem p, const char *detail, const char *field, uint32_t retry_after_s)
{
    kd_problem_write_text(j, &(kd_problem_text){.status = kd_problem_status(p),
                                                .slug = kd_problem_slug(p),
                                                .title = kd_problem_title(p),
                                                .detail = detail,
                                                .field = field,
                                                .retry_after_s = retry_after_s});
}
