/* How much time may be spent on worthless tokens. */
#include <criterion/criterion.h>

#include "common/io/jwt/jwt_budget.h"

enum { COST_US = 100, SECOND_US = 1000000, NOW_US = 5 * SECOND_US, EVERY_US = 10 };

static kd_jwt_budget *b;

static void begin(void)
{
    b = kd_jwt_budget_create(42);
}

static void end(void)
{
    kd_jwt_budget_destroy(b);
}

TestSuite(jwt_budget, .init = begin, .fini = end);

/* Forged tokens of the addresses first, first + 1, ... by turns, one every EVERY_US. The time that they took. */
static uint64_t forge(uint64_t first, uint64_t addresses, uint64_t from_us, uint64_t for_us)
{
    uint64_t spent_us = 0;
    for (uint64_t i = 0; i * EVERY_US < for_us; i++) {
        uint64_t address = first + i % addresses, now_us = from_us + i * EVERY_US;
        if (!kd_jwt_budget_has(b, address, now_us)) continue;
        kd_jwt_budget_failed(b, address, COST_US, now_us);
        spent_us += COST_US;
    }
    return spent_us;
}

Test(jwt_budget, an_address_has_its_part_of_the_time)
{
    uint64_t us = forge(1, 1, NOW_US, 10 * SECOND_US);
    cr_expect_leq(us, 10 * SECOND_US / KD_JWT_ADDRESS_PART + KD_JWT_BUDGET_US + COST_US, "%llu",
                  (unsigned long long)us);
    cr_expect_geq(us, 10 * SECOND_US / KD_JWT_ADDRESS_PART, "%llu", (unsigned long long)us);
}

Test(jwt_budget, all_addresses_together_have_theirs)
{
    enum { ADDRESSES = 200 };
    uint64_t us = forge(1, ADDRESSES, NOW_US, 10 * SECOND_US);
    /* each once a second besides, when it is no longer under suspicion */
    uint64_t most_us = 10 * SECOND_US / KD_JWT_ALL_PART + KD_JWT_BUDGET_US + (ADDRESSES * 11 + 1) * COST_US;
    cr_expect_leq(us, most_us, "%llu", (unsigned long long)us);
    cr_expect_geq(us, 10 * SECOND_US / KD_JWT_ALL_PART, "%llu", (unsigned long long)us);
}

Test(jwt_budget, an_address_whose_tokens_are_good_is_verified_whatever_others_do)
{
    for (uint64_t second = 0; second < 10; second++) {
        forge(1, 100, NOW_US + second * SECOND_US, SECOND_US);
        cr_expect(kd_jwt_budget_has(b, 7777, NOW_US + (second + 1) * SECOND_US));
    }
}

Test(jwt_budget, who_has_stopped_is_verified_after_a_second)
{
    forge(7, 1, NOW_US, 5 * SECOND_US);
    kd_jwt_budget_failed(b, 7, COST_US, NOW_US + 5 * SECOND_US);
    cr_expect(!kd_jwt_budget_has(b, 7, NOW_US + 5 * SECOND_US));
    cr_expect(kd_jwt_budget_has(b, 7, NOW_US + 5 * SECOND_US + KD_JWT_SUSPECT_US));
}

Test(jwt_budget, few_failures_cost_nobody_anything)
{
    for (uint64_t i = 0; i < 100000; i++) {
        uint64_t now_us = NOW_US + i * 2 * KD_JWT_ADDRESS_PART * COST_US;
        cr_assert(kd_jwt_budget_has(b, 7, now_us));
        kd_jwt_budget_failed(b, 7, COST_US, now_us);
    }
}

/* Good tokens of `users` users by turns, from one address; how many were verified. */
static uint64_t show(uint64_t users, uint64_t count)
{
    uint64_t shown = 0;
    for (uint64_t i = 0; i < count && kd_jwt_budget_has(b, 7, NOW_US); i++, shown++)
        kd_jwt_budget_good(b, 7, 1000 + i % users, COST_US, NOW_US);
    return shown;
}

Test(jwt_budget, many_users_behind_one_address_are_verified)
{
    cr_expect_eq(show(10000, 50000), 50000);
}

Test(jwt_budget, one_user_cannot_show_new_tokens_without_end)
{
    uint64_t shown = show(1, 50000);
    cr_expect_leq(shown, 2 * (KD_JWT_BUDGET_US / COST_US + 1), "%llu", (unsigned long long)shown);
    cr_expect_geq(shown, KD_JWT_BUDGET_US / COST_US);
}
