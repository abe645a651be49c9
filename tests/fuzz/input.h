/* input.h - a fuzzer's bytes as a list of steps: each a verb, a length and so many bytes. */
#ifndef KUDOS_TESTS_FUZZ_INPUT_H
#define KUDOS_TESTS_FUZZ_INPUT_H

#include "kudos/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes `most` bytes, or all that are left. */
static inline kd_bytes fuzz_bytes(kd_reader *r, size_t most)
{
    return kd_read_bytes(r, KD_MIN(most, kd_reader_left(r)));
}

/* Takes a step; false at the end of the input. Its bytes: two bytes of length, then so many bytes, or all that are left. */
static inline bool fuzz_step(kd_reader *r, uint8_t *verb, kd_bytes *bytes)
{
    if (kd_reader_left(r) == 0) return false;
    *verb = kd_read_u8(r);
    size_t len = kd_reader_left(r) < 2 ? 0 : kd_read_be16(r);
    *bytes = fuzz_bytes(r, len);
    return true;
}

#endif
