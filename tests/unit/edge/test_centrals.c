/*
 * Which of several centrals is asked, who is left, and when one is tried again. The last test is a small world: members die, freeze and come back, partitions
 * move, and an edge asks all the while.
 */
#include <criterion/criterion.h>

#include "kudos/centrals.h"

enum { PARTITIONS = 8, NOW_US = 1000000 };

static kd_centrals c;

static void three(void)
{
    kd_centrals_init(&c, PARTITIONS, 7);
    kd_centrals_set(&c, 7, 7, 0);
}

static void done(void)
{
    kd_centrals_finish(&c);
}

TestSuite(centrals, .init = three, .fini = done);

Test(centrals, the_first_of_the_list_is_asked_and_stays_in_use_while_it_answers)
{
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(kd_centrals_choose(&c, KD_CENTRALS_ANY, 0), 0u);
        cr_assert_eq(kd_centrals_choose(&c, 3, 0), 0u);
        kd_centrals_answered(&c, 0);
    }
}

Test(centrals, a_lost_connection_leaves_the_slot_at_once_and_for_all_partitions_that_it_led)
{
    kd_centrals_led(&c, 2, 0);
    kd_centrals_led(&c, 3, 1);
    cr_assert(kd_centrals_failed(&c, 0, KD_CENTRAL_LOST, NOW_US));
    cr_assert_not(kd_centrals_failed(&c, 0, KD_CENTRAL_LOST, NOW_US), "told once");
    cr_expect_neq(c.used, 0u);
    cr_expect_eq(c.leaders[2], KD_CENTRALS_NONE);
    cr_expect_eq(c.leaders[3], 1u);
    for (int i = 0; i < 100; i++) cr_assert_neq(kd_centrals_choose(&c, 2, 0), 0u);
}

Test(centrals, one_late_answer_leaves_nobody_and_the_second_in_a_row_does)
{
    cr_assert_not(kd_centrals_failed(&c, 0, KD_CENTRAL_LATE, NOW_US));
    kd_centrals_answered(&c, 0);
    cr_assert_not(kd_centrals_failed(&c, 0, KD_CENTRAL_LATE, NOW_US));
    cr_assert(kd_centrals_failed(&c, 0, KD_CENTRAL_LATE, NOW_US));
}

Test(centrals, edges_that_lose_the_same_central_spread_over_the_others)
{
    uint32_t to[KD_CENTRALS_MAX] = {0};
    for (uint64_t seed = 1; seed <= 300; seed++) {
        kd_centrals one;
        kd_centrals_init(&one, PARTITIONS, seed * 0x9e3779b97f4a7c15u);
        kd_centrals_set(&one, 15, 15, 0);
        kd_centrals_failed(&one, 0, KD_CENTRAL_LOST, NOW_US);
        to[one.used]++;
        kd_centrals_finish(&one);
    }
    cr_expect_eq(to[0], 0u);
    for (int i = 1; i < 4; i++) cr_expect(to[i] > 60 && to[i] < 140, "%u of 300 went to %d", to[i], i);
}

Test(centrals, a_slot_that_was_left_is_probed_with_a_growing_jittered_pause_and_asked_when_it_answers)
{
    uint64_t now_us = NOW_US, pause_us = 0;
    cr_expect_eq(kd_centrals_probe_due_us(&c), UINT64_MAX);
    kd_centrals_failed(&c, 0, KD_CENTRAL_LOST, now_us);
    cr_expect_eq(kd_centrals_probe(&c, now_us), KD_CENTRALS_NONE, "not at once");
    for (int i = 0; i < 12; i++) {
        pause_us = kd_centrals_probe_due_us(&c) - now_us;
        cr_expect_geq(pause_us, KD_CENTRAL_PROBE_MIN_US / 2);
        cr_expect_lt(pause_us, KD_CENTRAL_PROBE_MAX_US * 3 / 2);
        now_us += pause_us;
        cr_assert_eq(kd_centrals_probe(&c, now_us), 0u);
        cr_assert_eq(kd_centrals_probe(&c, now_us), KD_CENTRALS_NONE, "one probe at a time");
        cr_assert_eq(kd_centrals_probe_due_us(&c), UINT64_MAX);
        cr_assert_not(kd_centrals_probe_ended(&c, 0, false, now_us));
    }
    pause_us = kd_centrals_probe_due_us(&c) - now_us;
    cr_expect_geq(pause_us, KD_CENTRAL_PROBE_MAX_US / 2, "it has grown to its bound");
    now_us += pause_us;
    uint32_t used = c.used;
    kd_centrals_probe(&c, now_us);
    cr_assert(kd_centrals_probe_ended(&c, 0, true, now_us));
    cr_expect_eq(c.used, used, "who was left is not returned to: nobody comes back in a herd");
    cr_expect_not(c.at[0].left);
}

Test(centrals, a_slot_that_answers_probes_alone_is_tried_less_and_less_often)
{
    uint64_t now_us = NOW_US;
    for (int i = 0; i < 8; i++) {
        kd_centrals_failed(&c, 0, KD_CENTRAL_LOST, now_us);
        now_us = kd_centrals_probe_due_us(&c);
        kd_centrals_probe(&c, now_us);
        kd_centrals_probe_ended(&c, 0, true, now_us);
    }
    kd_centrals_failed(&c, 0, KD_CENTRAL_LOST, now_us);
    cr_expect_geq(kd_centrals_probe_due_us(&c) - now_us, KD_CENTRAL_PROBE_MAX_US / 2);
    kd_centrals_answered(&c, 0);
    kd_centrals_failed(&c, 0, KD_CENTRAL_LOST, now_us);
    cr_expect_lt(kd_centrals_probe_due_us(&c) - now_us, KD_CENTRAL_PROBE_MIN_US * 3 / 2);
}

Test(centrals, when_all_are_left_nobody_is_asked_until_one_answers_a_probe)
{
    for (uint32_t i = 0; i < 3; i++) kd_centrals_failed(&c, i, KD_CENTRAL_LOST, NOW_US);
    cr_expect_eq(kd_centrals_choose(&c, 1, 0), KD_CENTRALS_NONE);
    uint64_t now_us = NOW_US + 2 * KD_CENTRAL_PROBE_MIN_US;
    while (kd_centrals_probe(&c, now_us) != KD_CENTRALS_NONE) continue;
    kd_centrals_probe_ended(&c, 1, true, now_us);
    cr_expect_eq(kd_centrals_choose(&c, 1, 0), 1u);
    cr_expect_eq(c.used, 1u);
}

Test(centrals, a_question_goes_to_the_leader_that_was_told_and_forgets_it_when_it_says_no)
{
    kd_centrals_misdirected(&c, 4, 0, 2);
    cr_expect_eq(kd_centrals_choose(&c, 4, 1), 2u);
    cr_expect_eq(kd_centrals_choose(&c, 4, 0), 2u, "the next question goes there at once");
    cr_expect_eq(kd_centrals_choose(&c, 5, 0), 0u, "of this partition alone");
    kd_centrals_misdirected(&c, 4, 2, KD_CENTRALS_NONE);
    cr_expect_eq(kd_centrals_choose(&c, 4, 0), 0u);
}

Test(centrals, a_redirect_to_nowhere_to_oneself_or_to_one_that_was_left_is_not_followed)
{
    kd_centrals_failed(&c, 2, KD_CENTRAL_LOST, NOW_US);
    kd_centrals_misdirected(&c, 4, 0, 2);
    kd_centrals_misdirected(&c, 5, 0, 0);
    kd_centrals_misdirected(&c, 6, 0, KD_CENTRALS_NONE);
    kd_centrals_misdirected(&c, 7, 0, 9); /* has no URL */
    kd_centrals_misdirected(&c, PARTITIONS, 0, 1);
    kd_centrals_misdirected(&c, KD_CENTRALS_ANY, 0, 1);
    for (uint32_t p = 0; p < PARTITIONS; p++) cr_expect_eq(c.leaders[p], KD_CENTRALS_NONE, "%u", p);
}

Test(centrals, two_that_name_each_other_are_asked_once_each)
{
    uint32_t tried = 0, slot, asked = 0;
    while ((slot = kd_centrals_choose(&c, 1, tried)) != KD_CENTRALS_NONE) {
        cr_assert_lt(asked++, 3u);
        cr_assert_not(tried >> slot & 1);
        tried |= 1u << slot;
        kd_centrals_misdirected(&c, 1, slot, slot == 0 ? 1 : 0);
    }
    cr_expect_eq(asked, 3u);
}

Test(centrals, a_question_is_sent_to_a_bounded_number_of_slots)
{
    uint32_t tried = 0, slot, asked = 0;
    kd_centrals_set(&c, 0xffff, 0xfff8, 0);
    while ((slot = kd_centrals_choose(&c, 1, tried)) != KD_CENTRALS_NONE) {
        tried |= 1u << slot;
        asked++;
    }
    cr_expect_eq(asked, KD_CENTRALS_TRIES_MAX);
}

Test(centrals, one_that_refuses_is_left_for_another_but_not_probed)
{
    kd_centrals_refused(&c, 0);
    cr_expect_neq(c.used, 0u);
    cr_expect_eq(kd_centrals_probe_due_us(&c), UINT64_MAX);
    uint32_t used = c.used;
    kd_centrals_refused(&c, 0);
    cr_expect_eq(c.used, used, "only who is in use is replaced");
}

Test(centrals, a_reload_keeps_what_is_known_of_urls_that_stay_and_the_one_in_use)
{
    kd_centrals_led(&c, 1, 1);
    kd_centrals_led(&c, 2, 2);
    kd_centrals_failed(&c, 0, KD_CENTRAL_LOST, NOW_US);
    uint32_t used = c.used;
    kd_centrals_set(&c, 7, 0, 0);
    cr_expect_eq(c.used, used);
    cr_expect(c.at[0].left);
    kd_centrals_set(&c, 7, 4, 0); /* slot 2 has another URL now */
    cr_expect_eq(c.leaders[1], 1u);
    cr_expect_eq(c.leaders[2], KD_CENTRALS_NONE);
    kd_centrals_set(&c, 8, 8, 3);
    cr_expect_eq(c.used, 3u);
    cr_expect_eq(c.leaders[1], KD_CENTRALS_NONE);
}

Test(centrals, a_slot_whose_probe_is_under_way_when_it_is_taken_off_is_not_asked_again_by_its_end)
{
    kd_centrals_failed(&c, 0, KD_CENTRAL_LOST, NOW_US);
    kd_centrals_probe(&c, NOW_US + KD_CENTRAL_PROBE_MAX_US);
    kd_centrals_set(&c, 6, 0, 1);
    cr_expect_not(kd_centrals_probe_ended(&c, 0, true, NOW_US));
    cr_expect_neq(kd_centrals_choose(&c, KD_CENTRALS_ANY, 0), 0u);
}

Test(centrals, one_alone_is_never_left)
{
    kd_centrals_set(&c, 1, 0, 0);
    for (int i = 0; i < 10; i++) cr_expect_not(kd_centrals_failed(&c, 0, KD_CENTRAL_LOST, NOW_US));
    cr_expect_eq(kd_centrals_choose(&c, 3, 0), 0u);
}

Test(centrals, one_that_was_left_and_stays_alone_is_asked)
{
    kd_centrals_failed(&c, 0, KD_CENTRAL_LOST, NOW_US);
    kd_centrals_set(&c, 1, 0, 0);
    cr_expect_eq(kd_centrals_choose(&c, 3, 0), 0u);
    kd_centrals_set(&c, 0, 0, KD_CENTRALS_NONE);
    cr_expect_eq(kd_centrals_choose(&c, 3, 0), KD_CENTRALS_NONE);
}

Test(centrals, only_an_answer_to_the_question_counts)
{
    const int useless[] = {0, 204, 301, 302, 307, 401, 403};
    for (size_t i = 0; i < KD_COUNT(useless); i++)
        for (int understood = 0; understood < 2; understood++)
            cr_expect_eq(kd_centrals_judge(useless[i], understood), KD_CENTRAL_USELESS, "%d", useless[i]);
    const int either[] = {200, 400, 404, 410};
    for (size_t i = 0; i < KD_COUNT(either); i++) {
        cr_expect_eq(kd_centrals_judge(either[i], true), KD_CENTRAL_TOLD, "%d", either[i]);
        cr_expect_eq(kd_centrals_judge(either[i], false), KD_CENTRAL_USELESS, "%d", either[i]);
    }
    cr_expect_eq(kd_centrals_judge(421, false), KD_CENTRAL_ELSEWHERE);
    cr_expect_eq(kd_centrals_judge(429, false), KD_CENTRAL_TOLD, "who is told to be slower turns to nobody");
    cr_expect_eq(kd_centrals_judge(502, false), KD_CENTRAL_BUSY);
    cr_expect_eq(kd_centrals_judge(503, true), KD_CENTRAL_BUSY);
}

Test(centrals, one_whose_answer_is_useless_is_left_at_once)
{
    cr_assert(kd_centrals_failed(&c, 0, KD_CENTRAL_AMISS, NOW_US));
    cr_expect_neq(kd_centrals_choose(&c, KD_CENTRALS_ANY, 0), 0u);
    cr_expect_geq(kd_centrals_probe_due_us(&c), NOW_US + KD_CENTRAL_PROBE_MIN_US / 2);
}

/* ---- a world ---- */

enum { MEMBERS = 4, STEP_US = 50 * 1000, STEPS = 20000 };

typedef struct {
    enum { UP, DOWN, FROZEN } is[MEMBERS];
    uint32_t leader[PARTITIONS];
    uint64_t random, now_us;
    uint32_t probes, asked;
} world;

static uint32_t world_draw(world *w, uint32_t n)
{
    return (uint32_t)(kd_random_next(&w->random) % n);
}

static void world_probe(world *w)
{
    uint32_t slot;
    while ((slot = kd_centrals_probe(&c, w->now_us)) != KD_CENTRALS_NONE) {
        w->probes++;
        kd_centrals_probe_ended(&c, slot, w->is[slot] == UP, w->now_us);
    }
}

/* As upstream.c asks; a frozen member is late at once here. Whether the leader answered. */
static bool world_ask(world *w, uint32_t partition)
{
    uint32_t tried = 0, slot, n = 0;
    while ((slot = kd_centrals_choose(&c, partition, tried)) != KD_CENTRALS_NONE) {
        cr_assert_not(tried >> slot & 1);
        cr_assert_leq(++n, KD_CENTRALS_TRIES_MAX);
        tried |= 1u << slot;
        w->asked++;
        if (w->is[slot] != UP) {
            kd_centrals_failed(&c, slot, w->is[slot] == DOWN ? KD_CENTRAL_LOST : KD_CENTRAL_LATE, w->now_us);
            continue;
        }
        kd_centrals_answered(&c, slot);
        if (w->leader[partition] == slot) {
            kd_centrals_led(&c, partition, slot);
            return true;
        }
        /* A follower may know, may not, or may be wrong. */
        uint32_t what = world_draw(w, 4);
        uint32_t names = what == 0   ? KD_CENTRALS_NONE
                         : what == 1 ? world_draw(w, MEMBERS)
                                     : w->leader[partition];
        kd_centrals_misdirected(&c, partition, slot, names);
    }
    return false;
}

static void world_disturb(world *w)
{
    if (world_draw(w, 40) == 0) w->is[world_draw(w, MEMBERS)] = world_draw(w, 3);
    if (world_draw(w, 20) == 0) w->leader[world_draw(w, PARTITIONS)] = world_draw(w, MEMBERS);
}

Test(centrals, whatever_happened_when_all_is_well_again_every_leader_is_found)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        world w = {.random = seed, .now_us = NOW_US};
        kd_centrals_finish(&c);
        kd_centrals_init(&c, PARTITIONS, seed);
        kd_centrals_set(&c, (1u << MEMBERS) - 1, (1u << MEMBERS) - 1, 0);
        for (uint32_t i = 0; i < STEPS / 20; i++, w.now_us += STEP_US) {
            world_disturb(&w);
            world_probe(&w);
            world_ask(&w, world_draw(&w, PARTITIONS));
        }
        /* Of MEMBERS that are away all the time: a probe in half of KD_CENTRAL_PROBE_MAX_US each, and those of the beginning. */
        uint64_t most = MEMBERS * (STEPS / 20 * (uint64_t)STEP_US / (KD_CENTRAL_PROBE_MAX_US / 2) + 8);
        cr_expect_leq(w.probes, 4 * most, "%u probes", w.probes);
        for (uint32_t m = 0; m < MEMBERS; m++) w.is[m] = UP;
        w.now_us += 2 * KD_CENTRAL_PROBE_MAX_US;
        world_probe(&w);
        for (uint32_t round = 0; round < 8; round++)
            for (uint32_t p = 0; p < PARTITIONS; p++) world_ask(&w, p);
        w.asked = 0;
        for (uint32_t p = 0; p < PARTITIONS; p++)
            cr_expect(world_ask(&w, p), "seed %llu", (unsigned long long)seed);
        cr_expect_eq(w.asked, PARTITIONS, "each at once: its leader is known");
    }
}
