/*
 * The oracle: bounds follow verdicts, whichever way they are said.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "sim/oracle/oracle.h"

static sim_oracle *oracle;

static void set_up(void)
{
    oracle = sim_oracle_create();
}

static void tear_down(void)
{
    sim_oracle_destroy(oracle);
}

static void expect_bounds(uint32_t counter, uint32_t item, uint64_t least, uint64_t most)
{
    sim_oracle_bounds b = sim_oracle_bounds_of(oracle, counter, item);
    cr_expect(b.least == least && b.most == most, "%u/%u: %llu..%llu", counter, item,
              (unsigned long long)b.least, (unsigned long long)b.most);
}

TestSuite(oracle, .init = set_up, .fini = tear_down);

Test(oracle, the_last_verdict_of_a_pair_counts)
{
    static const sim_oracle_verdict all[] = {ORACLE_MUST_NOT, ORACLE_MAY, ORACLE_MUST};
    uint32_t other = sim_oracle_obtain(oracle, 0, 7, 1), pair = sim_oracle_obtain(oracle, 0, 7, 2);
    sim_oracle_say(oracle, other, ORACLE_MUST);
    for (size_t from = 0; from < KD_COUNT(all); from++) {
        for (size_t to = 0; to < KD_COUNT(all); to++) {
            sim_oracle_say(oracle, pair, all[from]);
            sim_oracle_say(oracle, pair, all[to]);
            expect_bounds(0, 7, 1 + (all[to] == ORACLE_MUST), 1 + (all[to] != ORACLE_MUST_NOT));
        }
    }
    expect_bounds(1, 7, 0, 0);
    expect_bounds(0, 6, 0, 0);
}

Test(oracle, pairs_are_numbered_as_they_come_and_sorted_by_what_they_are)
{
    enum { USERS = 40, ITEMS = 9 };
    for (uint32_t user = USERS; user-- > 0;) {
        for (uint32_t item = ITEMS; item-- > 0;) {
            uint32_t number = sim_oracle_obtain(oracle, item % 3, item, user);
            cr_assert_eq(number, sim_oracle_count(oracle) - 1);
            cr_assert_eq(sim_oracle_obtain(oracle, item % 3, item, user), number);
            cr_assert_eq(sim_oracle_find(oracle, item % 3, item, user), number);
        }
    }
    cr_assert_eq(sim_oracle_count(oracle), USERS * ITEMS);
    cr_assert_eq(sim_oracle_find(oracle, 0, ITEMS, 0), SIM_ORACLE_NONE);
    uint32_t *sorted = sim_oracle_sorted(oracle);
    for (uint32_t i = 1; i < USERS * ITEMS; i++) {
        sim_oracle_pair a = sim_oracle_at(oracle, sorted[i - 1]), b = sim_oracle_at(oracle, sorted[i]);
        cr_assert(a.counter < b.counter || (a.counter == b.counter && a.item < b.item) ||
                  (a.counter == b.counter && a.item == b.item && a.user < b.user));
    }
    free(sorted);
}

Test(oracle, pairs_without_a_row_sums_and_other_oracles_add_up)
{
    sim_oracle_say_alone(oracle, 0, 2, 3, ORACLE_MUST);
    sim_oracle_say_alone(oracle, 0, 4, 1, ORACLE_MAY);
    sim_oracle_say_alone(oracle, 0, 900, 0, ORACLE_MUST);
    sim_oracle_say(oracle, sim_oracle_obtain(oracle, 0, 4, 1), ORACLE_MUST);
    sim_oracle_say_sum(oracle, 1, 4, 0, 10);
    sim_oracle_say_sum(oracle, 1, 4, 9, 3);
    sim_oracle_say_sum(oracle, 1, 4, -2, -6);
    sim_oracle *sum = sim_oracle_create();
    for (int i = 0; i < 2; i++) sim_oracle_add(sum, oracle);
    sim_oracle_destroy(oracle);
    oracle = sum;
    expect_bounds(0, 1, 0, 0);
    expect_bounds(0, 2, 2, 2);
    expect_bounds(0, 4, 4, 6);
    expect_bounds(1, 4, 14, 14);
    cr_expect_eq(sim_oracle_count(oracle), 0);
}

Test(oracle, a_count_is_allowed_within_the_bounds_alone)
{
    const sim_oracle_bounds b = {3, 5};
    for (int64_t count = -1; count < 8; count++)
        cr_expect_eq(sim_oracle_allows(b, count), count >= 3 && count <= 5, "%lld", (long long)count);
    cr_expect(!sim_oracle_allows((sim_oracle_bounds){0, UINT64_MAX}, -1));
}
