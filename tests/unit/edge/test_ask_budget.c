/* How many questions to central a client may cause. */
#include <criterion/criterion.h>

#include "kudos/ask_budget.h"

enum { PER_S = 1000, BURST = 100, SECOND_US = 1000000 };

static kd_ask_budget b;

static void begin(void)
{
    kd_ask_budget_init(&b, (kd_ask_share){PER_S, BURST}, 42);
}

static uint32_t take_all(uint64_t client, uint64_t now_us, uint32_t wanted)
{
    uint32_t got = 0;
    for (uint32_t i = 0; i < wanted; i++) got += kd_ask_budget_take(&b, client, now_us);
    return got;
}

Test(ask_budget, a_client_has_its_burst_and_then_its_rate)
{
    begin();
    cr_assert_eq(take_all(1, SECOND_US, 100000), BURST);
    cr_assert_eq(take_all(1, SECOND_US + SECOND_US / PER_S - 1, 10), 0);
    cr_assert_eq(take_all(1, SECOND_US + SECOND_US / PER_S, 10), 1);
    cr_assert_eq(take_all(1, 2 * SECOND_US, 100000), BURST, "no more gathers than a burst");
    uint32_t got = 0;
    for (uint64_t t = 0; t < 10 * SECOND_US; t += 7) got += kd_ask_budget_take(&b, 1, 3 * SECOND_US + t);
    cr_assert_leq(got, BURST + 10 * PER_S);
    cr_assert_geq(got, BURST + 10 * PER_S - 1);
}

Test(ask_budget, who_asks_much_takes_nothing_from_another)
{
    begin();
    uint64_t now_us = SECOND_US;
    for (int i = 0; i < 1000; i++, now_us += 1000) {
        take_all(0x0100007f, now_us, 1000);
        cr_assert(kd_ask_budget_take(&b, 0x0200007f, now_us), "%d", i);
    }
}

/* The stated error, with 100 who ask without end: 0.06 % of the others. */
Test(ask_budget, few_share_both_buckets_with_those_who_ask_much)
{
    begin();
    enum { GREEDY = 100, HONEST = 100000 };
    uint32_t refused = 0;
    for (uint64_t client = 0; client < GREEDY; client++) take_all(client << 32, SECOND_US, 1000);
    for (uint64_t client = 1; client <= HONEST; client++)
        refused += !kd_ask_budget_take(&b, client, SECOND_US);
    /* the honest ones are so many that they would empty buckets by themselves if they asked more than once */
    cr_assert_lt(refused, HONEST / 500, "%u", refused);
}

Test(ask_budget, nobody_has_more_than_his_own_whoever_shares_his_buckets)
{
    begin();
    uint64_t now_us = SECOND_US;
    uint32_t got = 0;
    for (uint64_t i = 0; i < 200000; i++, now_us += 10) {
        kd_ask_budget_take(&b, 1000 + i % 5000, now_us);
        got += kd_ask_budget_take(&b, 7, now_us);
    }
    cr_assert_leq(got, BURST + 2 * PER_S);
}

Test(ask_budget, without_a_rate_there_is_no_bound)
{
    kd_ask_budget_init(&b, kd_ask_share_of(0, 2, 4096, 250000), 42);
    cr_assert_eq(take_all(1, 0, 1000000), 1000000);
}

/* burst + per_s * deadline, in questions under way */
Test(ask_budget, a_client_alone_has_three_quarters_of_a_shards_questions_under_way_at_most)
{
    static const uint64_t maxima[] = {4, 64, 4096, 65536}, deadlines[] = {1000, 250000, 10000000};
    for (size_t m = 0; m < KD_COUNT(maxima); m++)
        for (size_t d = 0; d < KD_COUNT(deadlines); d++)
            for (uint64_t per_s = 10; per_s <= 10000000; per_s *= 10) {
                kd_ask_share s = kd_ask_share_of(per_s, 2, maxima[m], deadlines[d]);
                uint64_t in_deadline = s.per_s * deadlines[d] / 1000000;
                cr_expect(s.per_s == 1 || in_deadline * 2 <= maxima[m]);
                cr_expect_leq(s.burst, maxima[m] / 4);
                cr_expect_leq(s.per_s, KD_MAX(per_s / 2, 1u));
            }
    kd_ask_share usual = kd_ask_share_of(4000, 2, 4096, 250000);
    cr_assert_eq(usual.per_s, 2000);
    cr_assert_eq(usual.burst, 1024);
}
