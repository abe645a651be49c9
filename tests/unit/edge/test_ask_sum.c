/* How many questions to central all clients may cause together, and who of them. */
#include <criterion/criterion.h>

#include "kudos/ask_sum.h"

enum { PER_S = 1000, SECOND_US = 1000000, CALLS_PER_S = 100 };

static kd_ask_sum s;

static uint32_t take_all(uint64_t client, uint64_t now_us, uint32_t wanted)
{
    uint32_t got = 0;
    for (uint32_t i = 0; i < wanted; i++) got += kd_ask_sum_take(&s, client, now_us);
    return got;
}

/* `clients` of them ask 200 at a time, 100 times a second, for `seconds`. What each got is in got[client]. */
static uint32_t flood(uint32_t clients, uint64_t from_us, uint32_t seconds, uint32_t *got)
{
    uint32_t sum = 0;
    for (uint32_t call = 0; call < seconds * CALLS_PER_S; call++)
        for (uint32_t c = 0; c < clients; c++) {
            uint32_t n = take_all(c, from_us + call * (SECOND_US / CALLS_PER_S), 200);
            if (got) got[c] += n;
            sum += n;
        }
    return sum;
}

Test(ask_sum, all_together_keep_the_bound_however_many_they_are)
{
    for (uint32_t clients = 1; clients <= 1000; clients *= 10) {
        kd_ask_sum_init(&s, PER_S, 42);
        uint32_t at_once = 0;
        for (uint32_t c = 0; c < clients; c++) at_once += take_all(c, SECOND_US, 100000);
        cr_assert_leq(at_once, PER_S);
        uint32_t got = flood(clients, 2 * SECOND_US, 10, NULL);
        cr_assert_leq(got, 11 * PER_S, "%u", clients);
        cr_assert_geq(got, PER_S * 9 * clients / (clients + 4), "%u: it is used", clients);
    }
}

Test(ask_sum, who_ask_without_end_get_the_same)
{
    uint32_t got[30] = {0};
    kd_ask_sum_init(&s, PER_S, 42);
    uint32_t sum = flood(KD_COUNT(got), SECOND_US, 20, got);
    for (size_t c = 0; c < KD_COUNT(got); c++) {
        cr_assert_geq(got[c], sum / KD_COUNT(got) / 2, "%zu: %u", c, got[c]);
        cr_assert_leq(got[c], sum / KD_COUNT(got) * 2, "%zu: %u", c, got[c]);
    }
}

Test(ask_sum, who_has_asked_nothing_lately_is_served_beside_those_who_ask_without_end)
{
    enum { GREEDY = 30 };
    kd_ask_sum_init(&s, PER_S, 42);
    uint64_t now_us = 3 * SECOND_US;
    flood(GREEDY, SECOND_US, 2, NULL);
    for (uint32_t n = 0; n < 100; n++, now_us += SECOND_US / CALLS_PER_S) {
        for (uint32_t c = 0; c < GREEDY; c++) take_all(c, now_us, 200);
        if (n % 10 == 0) cr_assert_eq(take_all(1000000 + n, now_us, 10), 10, "%u", n);
    }
}

Test(ask_sum, what_was_asked_is_forgotten)
{
    kd_ask_sum_init(&s, PER_S, 42);
    cr_assert_eq(take_all(1, SECOND_US, 100000), PER_S / 5);
    cr_assert_eq(take_all(2, SECOND_US, 100000), PER_S * 4 / 25);
    cr_assert_geq(take_all(1, 6 * SECOND_US, 100000), PER_S / 5 - 5);
    cr_assert_eq(take_all(1, 1000ull * SECOND_US, 100000), PER_S / 5);
}

Test(ask_sum, without_a_number_there_is_no_bound)
{
    kd_ask_sum_init(&s, 0, 42);
    cr_assert_eq(take_all(1, 0, 1000000), 1000000);
}
