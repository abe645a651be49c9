/* test_rank.c - the sort by rank, of few elements and of many: the same order as by comparison, equal ranks in their order. */
#include "common/base/rank.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { MANY = 3000 };

static kd_bytes rank_key(const void *keys, uint32_t i)
{
    return ((const kd_bytes *)keys)[i];
}

Test(rank, places_where_keys_differ_rank_them_in_their_order)
{
    static char text[MANY][160];
    static kd_bytes keys[MANY];
    static const char *const forms[] = {"posts/%u", "%040u", "a%u", "%0130u", "%u%u"};
    uint64_t random = 3;
    for (size_t f = 0; f < KD_COUNT(forms); f++) {
        for (uint32_t i = 0; i < MANY; i++) {
            uint32_t number = (uint32_t)kd_random_next(&random) >> (i % 32);
            snprintf(text[i], sizeof text[i], forms[f], number, i);
            keys[i] = kd_bytes_str(text[i]);
        }
        kd_rank_places places = kd_rank_places_of(rank_key, keys, MANY);
        for (uint32_t i = 1; i < MANY; i++) {
            uint64_t a = kd_rank_of(&places, keys[i - 1]), b = kd_rank_of(&places, keys[i]);
            int order = kd_bytes_cmp(keys[i - 1], keys[i]);
            cr_assert(order < 0 ? a <= b : order > 0 ? a >= b : a == b);
        }
    }
    kd_rank_places one = kd_rank_places_of(rank_key, keys, 1);
    cr_expect_eq(one.count, 0);
}

Test(rank, sorts_by_rank_and_keeps_the_order_of_equals)
{
    static kd_ranked at[MANY], scratch[MANY];
    uint64_t random = 5;
    static const uint64_t masks[] = {0, 255, 0xff00ff00, UINT64_MAX, UINT64_C(0xff) << 56, 7};
    for (size_t m = 0; m < KD_COUNT(masks); m++) {
        for (uint32_t count = 0; count <= MANY; count += count < 40 ? 1 : MANY - 40) {
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
