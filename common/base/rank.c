/* rank.c - see the header. A byte in which all ranks agree costs no pass. */
#include "common/base/rank.h"

static uint64_t differing_bits(const kd_ranked *at, uint32_t count)
{
    uint64_t bits = 0;
    for (uint32_t i = 1; i < count; i++) bits |= at[i].rank ^ at[0].rank;
    return bits;
}

/* One stable pass: elements are placed from the back, so that those with equal bytes keep their order. */
static void sort_by_byte(const kd_ranked *from, kd_ranked *to, uint32_t count, uint32_t shift)
{
    uint32_t ends[256] = {0};
    for (uint32_t i = 0; i < count; i++) ends[from[i].rank >> shift & 255]++;
    for (uint32_t i = 1; i < 256; i++) ends[i] += ends[i - 1];
    for (uint32_t i = count; i-- > 0;) to[--ends[from[i].rank >> shift & 255]] = from[i];
}

void kd_rank_sort(kd_ranked *at, kd_ranked *scratch, uint32_t count)
{
    uint64_t bits = differing_bits(at, count);
    kd_ranked *from = at, *to = scratch;
    for (uint32_t shift = 0; shift < 64; shift += 8) {
        if ((bits >> shift & 255) == 0) continue;
        sort_by_byte(from, to, count, shift);
        kd_ranked *swap = from;
        from = to;
        to = swap;
    }
    if (from != at) memcpy(at, from, count * sizeof *at);
}
