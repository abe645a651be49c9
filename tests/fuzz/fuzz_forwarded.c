/*
 * fuzz_forwarded.c - any bytes as the value of Forwarded or X-Forwarded-For. What a gateway appends decides: behind a value that ends no quotation,
 * one address of a stranger is the client, whatever stands before it.
 */
#include <stdlib.h>

#include "common/base/forwarded.h"
#include "tests/fuzz/input.h"

static char *gateways[] = {"10.0.0.0/8", "fd00::/8"};

/* What a gateway of ours writes behind what it was sent. */
static void check_appended(kd_forwarded_form form, kd_bytes value, const kd_cidrs *trusted)
{
    static const uint8_t client[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
    const char *more = form == KD_FORWARDED ? ", for=\"[2001:db8::1]\"" : ", 2001:db8::1";
    kd_buf all = {0};
    uint8_t at[16] = {0};
    if (value.len > 0) kd_buf_put(&all, value.data, value.len);
    kd_buf_put(&all, more, strlen(more));
    uint8_t *exact = kd_dup(kd_buf_view(&all)); /* no room behind it */
    kd_forwarded_result result = kd_forwarded_walk(form, kd_bytes_of(exact, all.len), trusted, at);
    KD_ASSERT(result == KD_FORWARDED_FOUND || (result == KD_FORWARDED_BAD && form == KD_FORWARDED));
    if (result == KD_FORWARDED_FOUND) KD_ASSERT(memcmp(at, client, 16) == 0);
    free(exact);
    kd_buf_finish(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const kd_strings texts = {gateways, 2};
    static kd_cidrs trusted;
    if (!trusted.at) kd_cidrs_init(&trusted, &texts);
    if (size == 0) return 0;
    kd_forwarded_form form = data[0] & 1 ? KD_FORWARDED : KD_X_FORWARDED_FOR;
    kd_bytes value = kd_bytes_of(data + 1, size - 1);
    uint8_t at[16] = {10};
    kd_forwarded_result result = kd_forwarded_walk(form, value, &trusted, at);
    KD_ASSERT(result == KD_FORWARDED_MORE || result == KD_FORWARDED_FOUND || result == KD_FORWARDED_HIDDEN ||
              result == KD_FORWARDED_EMPTY || result == KD_FORWARDED_BAD);
    if (result == KD_FORWARDED_MORE) KD_ASSERT(at[0] == 10 || kd_cidrs_match(&trusted, kd_bytes_of(at, 16)));
    check_appended(form, value, &trusted);
    return 0;
}
