/* test_bloom.c - the growing Bloom filter: never a false "surely not", few false "perhaps", bounded memory. */
#include "common/base/bloom.h"

#include <criterion/criterion.h>

static uint64_t nth_hash(uint64_t seed, uint64_t n)
{
    uint64_t state = seed * 0x2545f4914f6cdd1du + n * 0x9e3779b97f4a7c15u;
    return kd_random_next(&state);
}

static void fill(kd_bloom *b, uint64_t seed, uint64_t rows)
{
    for (uint64_t i = 0; i < rows; i++) kd_bloom_add(b, nth_hash(seed, i));
}

static void assert_all_there(const kd_bloom *b, uint64_t seed, uint64_t rows)
{
    for (uint64_t i = 0; i < rows; i++) cr_assert(kd_bloom_maybe(b, nth_hash(seed, i)));
}

static double false_rate(const kd_bloom *b, uint64_t seed)
{
    enum { ASKED = 200000 };
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < ASKED; i++) wrong += kd_bloom_maybe(b, nth_hash(seed, i));
    return (double)wrong / ASKED;
}

Test(bloom, a_filter_of_the_right_size_is_rarely_wrong)
{
    kd_bloom b;
    kd_bloom_init(&b, 300000, 1ull << 40);
    cr_assert_eq(false_rate(&b, 2), 0.0);
    fill(&b, 1, 300000);
    cr_assert_eq(b.filter_count, 1);
    cr_assert_lt(b.bits, 300000 * 13);
    assert_all_there(&b, 1, 300000);
    cr_assert_lt(false_rate(&b, 2), 0.008);
    cr_assert_gt(false_rate(&b, 2), 0.0005, "this rate would be too good to be true");
    kd_bloom_finish(&b);
}

Test(bloom, grows_without_forgetting)
{
    kd_bloom b;
    kd_bloom_init(&b, 1, 1ull << 40);
    for (uint64_t rows = 1; rows <= 1u << 18; rows *= 4) {
        fill(&b, 3, rows);
        assert_all_there(&b, 3, rows);
    }
    cr_assert_gt(b.filter_count, 10);
    cr_assert_lt(b.bits, (1ull << 18) * 12 * 3);
    cr_assert_lt(false_rate(&b, 4), 0.05);
    cr_assert_not(b.saturated);
    kd_bloom_finish(&b);
}

Test(bloom, repeats_take_no_room)
{
    kd_bloom b;
    kd_bloom_init(&b, 1000, 1ull << 40);
    for (int i = 0; i < 50; i++) fill(&b, 5, 900);
    cr_assert_eq(b.filter_count, 1);
    cr_assert_leq(b.rows, 900);
    kd_bloom_finish(&b);
}

Test(bloom, stays_within_its_memory_and_reports_saturation)
{
    enum { MAX_BITS = 12 * 10000 };
    kd_bloom b;
    kd_bloom_init(&b, 1000, MAX_BITS);
    fill(&b, 6, 9000);
    cr_assert_not(b.saturated);
    fill(&b, 6, 60000);
    cr_assert(b.saturated);
    cr_assert_leq(b.bits, MAX_BITS);
    assert_all_there(&b, 6, 60000);
    kd_bloom_finish(&b);
}

Test(bloom, even_one_block_never_forgets)
{
    kd_bloom b;
    kd_bloom_init(&b, 1000000, 0);
    fill(&b, 7, 5000);
    assert_all_there(&b, 7, 5000);
    cr_assert_eq(b.bits, 512);
    kd_bloom_finish(&b);
}

Test(bloom, learning_answers_as_asking_before_does)
{
    kd_bloom asked, learned;
    kd_bloom_init(&asked, 100, 1 << 12); /* soon full, so that many answers are "perhaps" */
    kd_bloom_init(&learned, 100, 1 << 12);
    for (uint64_t i = 0; i < 2000; i++) {
        uint64_t hash = nth_hash(5, i % 1500);
        bool perhaps = kd_bloom_maybe(&asked, hash);
        kd_bloom_add(&asked, hash);
        cr_assert_eq(kd_bloom_learn(&learned, hash), perhaps);
        cr_assert(kd_bloom_maybe(&learned, hash));
    }
    cr_assert_eq(asked.rows, learned.rows);
    kd_bloom_finish(&asked);
    kd_bloom_finish(&learned);
}
