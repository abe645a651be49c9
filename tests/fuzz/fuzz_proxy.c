/*
 * fuzz_proxy.c - any bytes as a header of the PROXY protocol. Whatever is taken is taken at no shorter beginning, is refused at none, and comes out the
 * same whatever stands behind it.
 */
#include "common/base/proxy_v2.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kd_proxy_v2 whole, part;
    size_t used = 0, len = 0;
    int err = kd_proxy_v2_read(kd_bytes_of(data, size), &whole, &used);
    KD_ASSERT(err == KD_OK || err == KD_EAGAIN || err == KD_EMALFORMED);
    KD_ASSERT(err != KD_EAGAIN || size < KD_PROXY_V2_HEAD + KD_PROXY_V2_REST_MAX);
    if (err != KD_OK) return 0;
    KD_ASSERT(used <= size && used <= KD_PROXY_V2_HEAD + KD_PROXY_V2_REST_MAX);
    KD_ASSERT(whole.address_len == 0 || whole.address_len == 4 || whole.address_len == 16);
    for (size_t n = 0; n < used; n++)
        KD_ASSERT(kd_proxy_v2_read(kd_bytes_of(data, n), &part, &len) == KD_EAGAIN);
    KD_ASSERT(kd_proxy_v2_read(kd_bytes_of(data, used), &part, &len) == KD_OK && len == used);
    KD_ASSERT(memcmp(&part, &whole, sizeof whole) == 0);
    return 0;
}
