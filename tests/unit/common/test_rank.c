/* test_rank.c - the radix sort: the same order as by comparison, equal ranks in their order, no pass for bytes that all share. */
#include "common/base/rank.h"

#include <criterion/criterion.h>

enum { MANY = 3000 };

Test(rank, sorts_by_rank_and_keeps_the_order_of_equals)
{
    static kd_ranked at[MANY], scratch[MANY];
    uint64_t random = 5;
    static const uint64_t masks[] = {0, 255, 0xff00ff00, UINT64_MAX, UINT64_C(0xff) << 56, 7};
    for (size_t m = 0; m < KD_COUNT(masks); m++) {
        for (uint32_t count = 0; count <= MANY; count += count < 5 ? 1 : MANY - 5) {
            for (uint32_t i = 0; i < count; i++)
                at[i] = (kd_ranked){(kd_random_next(&random) & masks[m]) | (UINT64_C(1) << 40), i};
            kd_rank_sort(at, scratch, count);
            uint64_t sum = 0;
            for (uint32_t i = 0; i < count; i++) {
                sum += at[i].index;
                if (i == 0) continue;
                cr_assert_leq(at[i - 1].rank, at[i].rank);
                if (at[i - 1].rank == at[i].rank) cr_assert_lt(at[i - 1].index, at[i].index);
            }
            cr_assert_eq(sum, count ? (uint64_t)count * (count - 1) / 2 : 0);
        }
    }
}
