/* The bits by which fields of a request are looked up: names that come with nearly every request must not stand in each other's way. */
#include <criterion/criterion.h>

#include "common/io/http/server/http_server.h"

static const char *const always[] = {
    ":method", ":path",      ":scheme", ":authority",      "host",         "x-user-id",     "kudos-session",
    "cookie",  "user-agent", "accept",  "accept-encoding", "content-type", "authorization", "content-length",
};
static const char *const asked[] = {
    "authorization",     "expect",    "host",      ":authority",  "idempotency-key", "kudos-session",
    "x-idempotency-key", "x-user-id", "forwarded", "traceparent", "x-forwarded-for", "accept",
};

static uint64_t bit_of(const char *name)
{
    return kd_http_name_bit(kd_bytes_str(name));
}

Test(http_name_bit, names_of_every_request_have_bits_of_their_own)
{
    for (size_t i = 0; i < KD_COUNT(always); i++)
        for (size_t k = 0; k < i; k++)
            cr_expect_neq(bit_of(always[i]), bit_of(always[k]), "%s, %s", always[i], always[k]);
}

Test(http_name_bit, what_is_asked_for_is_not_taken_for_what_always_comes)
{
    for (size_t i = 0; i < KD_COUNT(asked); i++)
        for (size_t k = 0; k < KD_COUNT(always); k++)
            cr_expect(strcmp(asked[i], always[k]) == 0 || bit_of(asked[i]) != bit_of(always[k]), "%s, %s",
                      asked[i], always[k]);
}
