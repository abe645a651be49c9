/*
 * Log-linear buckets: exact where small, within 1/64 above, additive.
 */
#include <criterion/criterion.h>

#include "sim/users/histogram.h"

static sim_histogram h, other;

Test(histogram, empty_is_zero)
{
    cr_assert_eq(sim_histogram_quantile(&h, 0.5), 0);
    cr_assert_eq(sim_histogram_quantile(&h, 1), 0);
}

Test(histogram, small_values_are_exact)
{
    for (uint64_t v = 1; v <= 100; v++) sim_histogram_add(&h, v);
    cr_assert_eq(sim_histogram_quantile(&h, 0.01), 1);
    cr_assert_eq(sim_histogram_quantile(&h, 0.5), 50);
    cr_assert_eq(sim_histogram_quantile(&h, 0.99), 99);
    cr_assert_eq(sim_histogram_quantile(&h, 1), 100);
    cr_assert_eq(h.total, 100);
}

Test(histogram, every_value_is_at_most_a_sixty_fourth_too_high)
{
    for (uint64_t v = 1; v < (uint64_t)1 << KD_HISTOGRAM_TOP_LOG2; v = v + v / 7 + 1) {
        memset(&h, 0, sizeof h);
        sim_histogram_add(&h, v);
        sim_histogram_add(&h, UINT64_MAX);
        uint64_t q = sim_histogram_quantile(&h, 0.5);
        cr_assert(q >= v && q - v <= v / 64, "%llu became %llu", (unsigned long long)v,
                  (unsigned long long)q);
    }
}

Test(histogram, buckets_follow_each_other_without_a_gap)
{
    uint64_t before = 0;
    for (uint64_t v = 1; v < 20000; v++) {
        memset(&h, 0, sizeof h);
        sim_histogram_add(&h, v);
        sim_histogram_add(&h, UINT64_MAX);
        uint64_t q = sim_histogram_quantile(&h, 0.5);
        cr_assert(q >= before, "order at %llu", (unsigned long long)v);
        before = q;
    }
}

/* The value that a bucket answers with lies in that bucket, so asking about it answers the same. */
Test(histogram, a_bucket_ends_with_a_value_of_its_own)
{
    for (uint64_t v = 100; v < (uint64_t)1 << KD_HISTOGRAM_TOP_LOG2; v += v / 50) {
        uint64_t end = v;
        for (int round = 0; round < 2; round++) {
            memset(&h, 0, sizeof h);
            sim_histogram_add(&h, end);
            sim_histogram_add(&h, UINT64_MAX);
            uint64_t q = sim_histogram_quantile(&h, 0.5);
            if (round == 1) cr_assert_eq(q, end, "%llu", (unsigned long long)v);
            end = q;
        }
    }
}

Test(histogram, a_share_between_two_values_is_the_higher)
{
    for (uint64_t v = 1; v <= 3; v++) sim_histogram_add(&h, v);
    cr_assert_eq(sim_histogram_quantile(&h, 0.5), 2);
    cr_assert_eq(sim_histogram_quantile(&h, 0.67), 3);
    cr_assert_eq(sim_histogram_quantile(&h, 0), 1);
}

Test(histogram, nothing_is_above_the_maximum)
{
    sim_histogram_add(&h, 1000); /* its bucket ends at 1007 */
    sim_histogram_add(&h, 10);
    cr_assert_eq(h.max, 1000);
    cr_assert_eq(sim_histogram_quantile(&h, 1), 1000);
}

Test(histogram, the_maximum_is_exact_however_large)
{
    sim_histogram_add(&h, 5);
    sim_histogram_add(&h, UINT64_MAX - 1);
    cr_assert_eq(sim_histogram_quantile(&h, 1), UINT64_MAX - 1);
    cr_assert_eq(h.max, UINT64_MAX - 1);
}

Test(histogram, merging_is_adding)
{
    sim_histogram both = {0};
    for (uint64_t v = 0; v < 5000; v++) {
        sim_histogram_add(v % 3 ? &h : &other, v * 17);
        sim_histogram_add(&both, v * 17);
    }
    for (int i = 0; i < 3; i++) { /* also in the last bucket, and the maximum on the side merged into */
        sim_histogram_add(i ? &other : &h, UINT64_MAX - (uint64_t)i);
        sim_histogram_add(&both, UINT64_MAX - (uint64_t)i);
    }
    sim_histogram_merge(&h, &other);
    cr_assert_eq(memcmp(&h, &both, sizeof h), 0);
}
