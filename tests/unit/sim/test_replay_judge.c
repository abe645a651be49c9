/*
 * What was read against the right answer: one item, one target, one pending operation off is not agreement.
 */
#include <criterion/criterion.h>

#include "sim/replay/replay.h"

enum { ITEMS = 3, TARGETS = 3 };
static uint64_t right[ITEMS] = {5, 0, 7};
static uint64_t likers[ITEMS] = {6, 1, 8};
static const sim_replay_oracle oracle = {.counts = right, .likers = likers, .items = ITEMS};
static int64_t counts[TARGETS][ITEMS];
static sim_replay_check c;

/* A round in which everybody says what is right. */
static void read_all(void)
{
    c = (sim_replay_check){.count = TARGETS};
    for (uint32_t t = 0; t < TARGETS; t++) {
        c.targets[t].counts = counts[t];
        sim_replay_target_begin(&c.targets[t]);
        for (uint32_t i = 0; i < ITEMS; i++)
            sim_replay_target_take(&c.targets[t], &oracle, i, &(int64_t){(int64_t)right[i]}, 0);
    }
}

/* Target t says something else about item i. */
static void read_all_but(uint32_t t, uint32_t i, const int64_t *count, uint64_t pending)
{
    read_all();
    sim_replay_target_begin(&c.targets[t]);
    for (uint32_t k = 0; k < ITEMS; k++)
        sim_replay_target_take(&c.targets[t], &oracle, k, k == i ? count : &(int64_t){(int64_t)right[k]},
                               k == i ? pending : 0);
}

Test(replay_judge, everybody_is_right)
{
    read_all();
    cr_assert(!c.judged);
    cr_assert(sim_replay_judge(&c, &oracle));
    cr_assert(c.readable && c.judged);
    cr_assert_eq(c.wrong_items, 0);
    cr_assert_eq(c.pending, 0);
}

Test(replay_judge, one_off_anywhere_is_wrong)
{
    for (uint32_t t = 0; t < TARGETS; t++) {
        for (uint32_t i = 0; i < ITEMS; i++) {
            for (int off = -1; off <= 1; off += 2) {
                read_all_but(t, i, &(int64_t){(int64_t)right[i] + off}, 0);
                cr_assert(!sim_replay_judge(&c, &oracle), "target %u, item %u, %+d", t, i, off);
                cr_assert_eq(c.wrong_items, 1);
                for (uint32_t k = 0; k < ITEMS; k++)
                    cr_assert_eq(sim_replay_item_wrong(&c, &oracle, k), k == i);
                cr_assert(c.readable);
            }
        }
    }
}

Test(replay_judge, errors_that_cancel_each_other_are_two)
{
    read_all_but(1, 0, &(int64_t){6}, 0);
    c.targets[1].counts[2] = 6; /* two errors that cancel out in the sum over all items */
    sim_replay_judge(&c, &oracle);
    cr_assert_eq(c.wrong_items, 2);
}

Test(replay_judge, the_same_wrong_number_everywhere_is_wrong)
{
    read_all();
    for (uint32_t t = 0; t < TARGETS; t++) {
        sim_replay_target_begin(&c.targets[t]);
        for (uint32_t i = 0; i < ITEMS; i++)
            sim_replay_target_take(&c.targets[t], &oracle, i, &(int64_t){(int64_t)right[i] + (i == 2)}, 0);
    }
    cr_assert(!sim_replay_judge(&c, &oracle));
    cr_assert_eq(c.wrong_items, 1);
}

Test(replay_judge, what_is_pending_is_not_settled)
{
    read_all_but(2, 1, &(int64_t){0}, 3);
    cr_assert(!sim_replay_judge(&c, &oracle));
    cr_assert_eq(c.wrong_items, 0);
    cr_assert_eq(c.pending, 3);
}

Test(replay_judge, who_was_not_read_does_not_agree)
{
    read_all();
    c.targets[1].error = KD_EUNAVAILABLE; /* with the right numbers from an earlier round */
    cr_assert(!sim_replay_judge(&c, &oracle));
    cr_assert(!c.readable);
}

Test(replay_judge, null_is_not_right_not_even_of_nought)
{
    uint32_t nought = 0;
    while (nought < ITEMS && right[nought] != 0) nought++;
    cr_assert_lt(nought, ITEMS);
    read_all_but(1, nought, NULL, 0);
    cr_assert(!sim_replay_judge(&c, &oracle));
    cr_assert_eq(c.wrong_items, 1);
}

Test(replay_judge, what_is_pending_anywhere_is_summed)
{
    read_all();
    for (uint32_t t = 0; t < TARGETS; t++)
        sim_replay_target_take(&c.targets[t], &oracle, 0, &(int64_t){5}, t + 1);
    sim_replay_judge(&c, &oracle);
    cr_assert_eq(c.pending, 6);
}

/* The second round of the same check sees nothing of the first. */
Test(replay_judge, a_round_counts_anew)
{
    read_all_but(1, 0, &(int64_t){6}, 3);
    cr_assert(!sim_replay_judge(&c, &oracle));
    cr_assert_eq(c.wrong_items, 1);
    cr_assert_eq(c.pending, 3);
    for (uint32_t t = 0; t < TARGETS; t++) {
        sim_replay_target_begin(&c.targets[t]);
        for (uint32_t i = 0; i < ITEMS; i++)
            sim_replay_target_take(&c.targets[t], &oracle, i, &(int64_t){(int64_t)right[i]}, 0);
    }
    cr_assert(sim_replay_judge(&c, &oracle));
    cr_assert_eq(c.wrong_items, 0);
    cr_assert_eq(c.pending, 0);
    sim_replay_target_begin(&c.targets[0]); /* no count was read */
    cr_assert(!sim_replay_judge(&c, &oracle));
}

Test(replay_judge, more_than_the_log_can_reach_is_final_at_central_alone)
{
    read_all_but(TARGETS - 1, 1, &(int64_t){1}, 0);
    sim_replay_judge(&c, &oracle);
    cr_expect(!c.beyond, "an unlike may still be on its way");
    read_all_but(0, 1, &(int64_t){2}, 0);
    sim_replay_judge(&c, &oracle);
    cr_expect(!c.beyond, "an edge shows its own likes until central decides");
    read_all_but(TARGETS - 1, 1, &(int64_t){2}, 0);
    sim_replay_judge(&c, &oracle);
    cr_expect(c.beyond);
    cr_expect_eq(c.beyond_item, 1);
}

Test(replay_judge, a_store_that_was_used_is_noticed_before_the_first_event)
{
    read_all();
    sim_replay_judge_before(&c, &oracle);
    cr_expect_eq(c.used, 0, "by this log");
    read_all_but(TARGETS - 1, 2, &(int64_t){3}, 0);
    sim_replay_judge_before(&c, &oracle);
    cr_expect(c.used == 1 && c.used_first == 2 && c.used_says == 3 && !c.beyond);
    read_all_but(TARGETS - 1, 2, &(int64_t){9}, 0);
    sim_replay_judge_before(&c, &oracle);
    cr_expect(c.beyond && c.beyond_item == 2);
    c.targets[TARGETS - 1].error = KD_EUNAVAILABLE;
    c.beyond = false;
    sim_replay_judge_before(&c, &oracle);
    cr_expect(!c.beyond, "nothing was read");
}
