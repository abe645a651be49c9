/* api_seed.c - see the header. */
#include "central/io/api/api_seed.h"

#include "central/io/api/read.h"

static int api_seed_digit(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The bytes that the parameter writes in hexadecimal, in the request's memory; empty without it. False with *why filled. */
static bool api_seed_hex(kd_http_request *req, const char *name, size_t max, kd_bytes *out, kd_refusal *why)
{
    kd_bytes text;
    *out = (kd_bytes){0};
    if (!kd_query_find(req->query, name, &text)) return true;
    *why = (kd_refusal){KD_PROBLEM_INVALID_REQUEST, "bytes in hexadecimal are wanted", name};
    if (text.len % 2 != 0 || text.len / 2 > max) return false;
    uint8_t *bytes = kd_http_request_alloc(req, text.len / 2 + 1);
    for (size_t i = 0; i < text.len; i += 2) {
        int high = api_seed_digit(text.data[i]), low = api_seed_digit(text.data[i + 1]);
        if (high < 0 || low < 0) return false;
        bytes[i / 2] = (uint8_t)(high << 4 | low);
    }
    *out = kd_bytes_of(bytes, text.len / 2);
    return true;
}

static bool api_seed_number(kd_http_request *req, kd_seed_question *q, kd_refusal *why)
{
    kd_bytes bytes;
    if (!api_seed_hex(req, "seed", sizeof q->seed, &bytes, why)) return false;
    if (bytes.len == 0) return true;
    kd_reader r = kd_reader_of(bytes);
    q->seed = kd_read_be64(&r);
    return !r.bad && q->seed != 0;
}

static bool api_seed_digest(kd_http_request *req, kd_seed_question *q, kd_refusal *why)
{
    kd_bytes bytes;
    if (!api_seed_hex(req, "digest", sizeof q->digest, &bytes, why)) return false;
    q->has = bytes.len == sizeof q->digest;
    if (q->has) memcpy(q->digest, bytes.data, sizeof q->digest);
    return q->has || bytes.len == 0;
}

static bool api_seed_member(const kd_http_request *req, kd_seed_question *q, kd_refusal *why)
{
    *why = (kd_refusal){KD_PROBLEM_INVALID_REQUEST, "the name of the member that asks is wanted", "member"};
    return kd_query_find(req->query, "member", &q->member) && kd_name_valid(q->member);
}

static bool api_seed_ask(const kd_api *api, kd_http_request *req, kd_seed_question *q, kd_refusal *why)
{
    uint64_t partition;
    *q = (kd_seed_question){.seed = 0};
    if (!kd_route_number(req->query, "partition", 0, 0, api->settings->partitions - 1, &partition, why))
        return false;
    q->partition = (uint32_t)partition;
    return api_seed_member(req, q, why) && api_seed_number(req, q, why) && api_seed_digest(req, q, why) &&
           api_seed_hex(req, "after", KD_SEED_KEY_MAX, &q->after, why);
}

static void api_seed_done(void *arg)
{
    kd_api *api = arg;
    api->open--;
}

void kd_api_seed(kd_api *api, kd_http_request *req)
{
    kd_refusal why = {KD_PROBLEM_FORBIDDEN, "this central gives no copies: central.seed_rate", NULL};
    kd_seed_question q;
    if (!api->giver || !api_seed_ask(api, req, &q, &why)) {
        kd_api_read_refuse(req, &why);
        return;
    }
    if (api->open >= api->settings->reads_max) {
        api->shed++;
        why = (kd_refusal){KD_PROBLEM_OVERLOADED, "too many reads are in work", NULL};
        kd_api_read_refuse(req, &why);
        return;
    }
    api->open++;
    kd_seed_giver_ask(api->giver, req, &q, api_seed_done, api);
}
