/* The verdict after healing: each kind of wrong final state is told, a right one holds. */
#include <criterion/criterion.h>

#include "sim/check/final.h"

enum { LIKE, SAVE, VIEW };

static const kd_counters counters = {.count = 3,
                                     .at = {{"like", 1, KD_SET}, {"save", 2, KD_SET}, {"view", 3, KD_SUM}}};
static const char *const edges[] = {"mumbai", "virginia"};
static const char *const items[] = {"posts/0", "posts/1"};
static const char *const users[] = {"ana", "ben", "cem"};

static sim_journal *j;
static sim_final_state *f;

static void attempt(kd_verb verb, uint32_t counter, uint32_t item, uint32_t user, bool acked)
{
    static uint64_t now;
    sim_journal_attempt a = {
        .user = user, .item = item, .counter = counter, .verb = verb, .first_us = now += 9000000};
    if (verb == KD_ADD) a.amount = 3;
    uint32_t id = sim_journal_attempted(j, &a);
    if (acked) sim_journal_acked(j, id, now + 1);
}

/* ana likes posts/0 and is acknowledged, ben tries, cem liked and took it back; posts/1 has 3 to 6 views. */
static void set_up(void)
{
    j = sim_journal_create(500000, true);
    attempt(KD_LIKE, LIKE, 0, 0, true);
    attempt(KD_LIKE, LIKE, 0, 1, false);
    attempt(KD_LIKE, LIKE, 0, 2, true);
    attempt(KD_UNLIKE, LIKE, 0, 2, true);
    attempt(KD_ADD, VIEW, 1, 0, true);
    attempt(KD_ADD, VIEW, 1, 0, false);
    sim_final_names names = {j, &counters, edges, 2, items, 2, users, 3};
    f = sim_final_create(&names);
}

static void tear_down(void)
{
    sim_final_destroy(f);
    sim_journal_destroy(j);
}

TestSuite(final, .init = set_up, .fini = tear_down);

static void right(uint64_t likes, uint64_t views)
{
    sim_final_count(f, LIKE, 0, likes);
    sim_final_count(f, VIEW, 1, views);
    for (uint32_t e = 0; e < 2; e++) sim_final_edge_count(f, e, LIKE, 0, likes);
}

static void expect(const char *checker, const char *text)
{
    sim_final_verdict out;
    sim_final_judge(f, &out);
    cr_assert_eq(out.held, checker == NULL);
    if (!checker) return;
    cr_assert_str_eq(out.checker, checker, "%s: %s", out.checker, out.text);
    cr_assert_str_eq(out.text, text);
}

Test(final, what_was_acknowledged_holds)
{
    sim_final_member(f, LIKE, 0, 0);
    right(1, 3);
    sim_final_expect(f, LIKE, 0, 1);
    expect(NULL, NULL);
}

Test(final, and_so_does_what_was_attempted)
{
    sim_final_member(f, LIKE, 0, 1);
    sim_final_member(f, LIKE, 0, 0);
    right(2, 6);
    expect(NULL, NULL);
}

Test(final, a_lost_like_is_told)
{
    sim_final_member(f, LIKE, 0, 1);
    right(1, 3);
    expect("lost", "ana's like of posts/0 is lost; it was acknowledged at mumbai");
}

Test(final, a_like_that_was_taken_back_is_told)
{
    sim_final_member(f, LIKE, 0, 0);
    sim_final_member(f, LIKE, 0, 2);
    right(2, 3);
    expect("doubled",
           "cem's like of posts/0 is there at the end, but its taking back was acknowledged at mumbai");
}

Test(final, a_member_that_never_asked_is_told)
{
    sim_final_member(f, LIKE, 0, 0);
    sim_final_member(f, SAVE, 1, 2);
    right(1, 3);
    expect("doubled", "cem's save of posts/1 is there and was never asked for");
}

Test(final, a_member_listed_twice_is_told)
{
    sim_final_member(f, LIKE, 0, 0);
    sim_final_member(f, LIKE, 0, 0);
    right(2, 3);
    expect("doubled", "ana's like of posts/0 is listed twice");
}

Test(final, a_stranger_is_told)
{
    sim_final_member(f, LIKE, 0, 0);
    sim_final_stranger(f, "who is that");
    right(1, 3);
    expect("doubled", "who is that");
}

Test(final, a_count_that_is_not_its_members_is_told)
{
    sim_final_member(f, LIKE, 0, 0);
    right(2, 3);
    expect("counts", "central's like count of posts/0 is 2; by its members it is 1");
}

Test(final, an_edge_that_shows_another_number_is_told)
{
    sim_final_member(f, LIKE, 0, 0);
    right(1, 3);
    sim_final_edge_count(f, 1, LIKE, 1, 7);
    expect("convergence", "virginia shows 7 likes of posts/1 at the end, central has 0");
}

Test(final, sums_outside_their_bounds_are_told)
{
    sim_final_member(f, LIKE, 0, 0);
    right(1, 2);
    expect("sums", "central counts 2 views of posts/1; at least 3 were acknowledged, at most 6 attempted");
}

Test(final, sums_that_are_excused_are_not)
{
    sim_journal_excuse_sums(j);
    sim_final_member(f, LIKE, 0, 0);
    right(1, 7);
    expect(NULL, NULL);
}

Test(final, a_count_that_the_scenario_names_is_asked_for)
{
    sim_final_member(f, LIKE, 0, 0);
    right(1, 3);
    sim_final_expect(f, LIKE, 0, 2);
    expect("expected", "central's like count of posts/0 is 1; the scenario expects 2");
}
