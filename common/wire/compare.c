/* compare.c - keys, digests and names of verdicts, shared by edge and central; see kudos/compare.h. */
#include "kudos/compare.h"

#include <xxhash.h>

void kd_compare_key(const kd_compare_row *row, kd_buf *out)
{
    kd_buf_clear(out);
    kd_buf_put_u8(out, row->counter);
    kd_buf_put(out, row->item.data, row->item.len);
    kd_buf_put_u8(out, (uint8_t)row->user.len);
    kd_buf_put(out, row->user.data, row->user.len);
}

void kd_range_digest_add(kd_range_digest *d, kd_bytes key, uint64_t time_us, bool liked)
{
    d->rows++;
    d->digest += XXH3_64bits_withSeed(key.data, key.len, time_us << 1 | liked);
}

const char *kd_row_verdict_name(kd_row_verdict v)
{
    static const char *const names[] = {"same", "later", "forgotten", "pending", "missing", "older", "other"};
    return (size_t)v < KD_COUNT(names) ? names[v] : "unknown";
}
