/* test_seeding.c - which partition is copied next, of whom, and when again. */
#include <criterion/criterion.h>

#include "kudos/seeding.h"

#define SECOND 1000000ull

static kd_seed_source source(const char *name, bool leads)
{
    return (kd_seed_source){kd_bytes_str(name), kd_bytes_str("http://x"), leads};
}

/* The next attempt, with all the time that it takes to come; UINT32_MAX: none within an hour. */
static uint32_t next(kd_seeding *s, const kd_seed_source *sources, uint32_t count, uint64_t *now_us)
{
    for (uint64_t end = *now_us + 3600 * SECOND; *now_us < end; *now_us += SECOND / 10) {
        uint32_t partition = kd_seeding_due(s, *now_us);
        if (partition == UINT32_MAX) continue;
        uint32_t chosen = kd_seeding_begin(s, partition, sources, count, *now_us);
        if (chosen != UINT32_MAX) return chosen;
    }
    return UINT32_MAX;
}

Test(seeding, nothing_is_copied_that_is_not_wanted)
{
    kd_seeding *s = kd_seeding_create(4, 1);
    cr_assert_eq(kd_seeding_due(s, SECOND), UINT32_MAX);
    kd_seeding_want(s, 2, KD_SEED_UNKNOWN, SECOND);
    kd_seeding_want(s, 3, KD_SEED_UNWANTED, SECOND);
    cr_assert_eq(kd_seeding_due(s, SECOND), UINT32_MAX);
    kd_seeding_want(s, 2, KD_SEED_WANTED, SECOND);
    cr_assert_eq(kd_seeding_due(s, SECOND), 2);
    kd_seeding_want(s, 2, KD_SEED_UNWANTED, SECOND);
    cr_assert_eq(kd_seeding_due(s, SECOND), UINT32_MAX);
    kd_seeding_destroy(s);
}

Test(seeding, one_is_copied_at_a_time_and_all_have_their_turn)
{
    kd_seeding *s = kd_seeding_create(3, 1);
    const kd_seed_source of[] = {source("a", true)};
    uint64_t now = SECOND;
    uint32_t seen = 0;
    for (uint32_t p = 0; p < 3; p++) kd_seeding_want(s, p, KD_SEED_WANTED, now);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(next(s, of, 1, &now), 0);
        cr_assert_eq(kd_seeding_due(s, now + 60 * SECOND), UINT32_MAX, "one is under way");
        const uint32_t partition = kd_seeding_under_way(s);
        seen |= 1u << partition;
        kd_seeding_ended(s, KD_SEED_PLACED, now);
        kd_seeding_want(s, partition, KD_SEED_UNWANTED, now);
    }
    cr_assert_eq(seen, 7);
    kd_seeding_destroy(s);
}

Test(seeding, followers_are_asked_before_the_leader_and_by_chance)
{
    const kd_seed_source of[] = {source("leader", true), source("a", false), source("b", false)};
    uint32_t asked[3] = {0};
    for (uint64_t seed = 1; seed <= 64; seed++) {
        kd_seeding *s = kd_seeding_create(1, seed);
        uint64_t now = SECOND;
        kd_seeding_want(s, 0, KD_SEED_WANTED, now);
        asked[next(s, of, 3, &now)]++;
        kd_seeding_destroy(s);
    }
    cr_assert(asked[0] == 0 && asked[1] > 10 && asked[2] > 10, "%u %u %u", asked[0], asked[1], asked[2]);
}

/* Two that differ would copy each other for ever. */
Test(seeding, where_a_store_differs_or_a_copy_did_not_help_the_leader_alone_is_asked)
{
    const kd_seed_source of[] = {source("a", false), source("leader", true), source("b", false)};
    for (uint64_t seed = 1; seed <= 16; seed++) {
        kd_seeding *s = kd_seeding_create(2, seed);
        uint64_t now = SECOND;
        kd_seeding_want(s, 0, KD_SEED_WANTED_OF_LEADER, now);
        for (int i = 0; i < 3; i++) {
            cr_assert_eq(next(s, of, 3, &now), 1, "also when it was left for a while");
            kd_seeding_ended(s, KD_SEED_REFUSED, now);
        }
        kd_seeding_want(s, 0, KD_SEED_UNWANTED, now);
        kd_seeding_want(s, 1, KD_SEED_WANTED, now);
        cr_assert_neq(next(s, of, 3, &now), 1);
        kd_seeding_ended(s, KD_SEED_PLACED, now);
        kd_seeding_want(s, 1, KD_SEED_WANTED, now);
        cr_assert_eq(next(s, of, 3, &now), 1, "the copy did not help");
        kd_seeding_ended(s, KD_SEED_BROKEN, now);
        cr_assert_eq(next(s, &of[2], 1, &now), 0, "nobody leads");
        kd_seeding_destroy(s);
    }
}

Test(seeding, who_failed_is_left_and_the_next_one_is_asked)
{
    kd_seeding *s = kd_seeding_create(1, 1);
    const kd_seed_source of[] = {source("leader", true), source("a", false)};
    uint64_t now = SECOND;
    kd_seeding_want(s, 0, KD_SEED_WANTED, now);
    cr_assert_eq(next(s, of, 2, &now), 1);
    kd_seeding_ended(s, KD_SEED_REFUSED, now);
    const uint64_t refused = now;
    cr_assert_eq(next(s, of, 2, &now), 0, "the leader");
    kd_seeding_ended(s, KD_SEED_REFUSED, now);
    cr_assert_eq(next(s, of, 2, &now), 1);
    cr_assert(now - refused > KD_SEEDING_LEFT_MAX_US / 3, "who refused is not asked again soon");
    kd_seeding_destroy(s);
}

Test(seeding, a_source_that_died_is_asked_again_soon_while_the_copy_gets_on)
{
    kd_seeding *s = kd_seeding_create(1, 1);
    const kd_seed_source of[] = {source("leader", true)};
    uint64_t now = SECOND;
    kd_seeding_want(s, 0, KD_SEED_WANTED, now);
    for (int i = 0; i < 20; i++) {
        const uint64_t before = now;
        cr_assert_eq(next(s, of, 1, &now), 0);
        cr_assert(now - before <= 4 * SECOND, "attempt %d waited %lu us", i, now - before);
        kd_seeding_went_on(s);
        kd_seeding_ended(s, KD_SEED_BROKEN, now);
    }
    kd_seeding_destroy(s);
}

Test(seeding, attempts_that_get_nowhere_come_more_and_more_rarely)
{
    kd_seeding *s = kd_seeding_create(1, 1);
    const kd_seed_source of[] = {source("leader", true)};
    uint64_t now = SECOND, end = now + 3600 * SECOND;
    uint32_t attempts = 0;
    kd_seeding_want(s, 0, KD_SEED_WANTED, now);
    while (next(s, of, 1, &now) == 0 && now < end) {
        attempts++;
        kd_seeding_ended(s, KD_SEED_UNTAKEN, now);
    }
    cr_assert(attempts > 30 && attempts < 150, "%u attempts in an hour", attempts);
    kd_seeding_destroy(s);
}

Test(seeding, without_a_source_it_waits_and_finds_one_that_comes)
{
    kd_seeding *s = kd_seeding_create(1, 1);
    const kd_seed_source nameless = {kd_bytes_str("a"), {0}, false};
    const kd_seed_source of[] = {source("leader", true)};
    uint64_t now = SECOND;
    kd_seeding_want(s, 0, KD_SEED_WANTED, now);
    cr_assert_eq(kd_seeding_begin(s, 0, NULL, 0, now), UINT32_MAX);
    cr_assert_eq(kd_seeding_due(s, now), UINT32_MAX, "it waits");
    now += 2 * SECOND;
    cr_assert_eq(kd_seeding_begin(s, 0, &nameless, 1, now), UINT32_MAX, "it told no URL");
    cr_assert_eq(kd_seeding_under_way(s), UINT32_MAX);
    cr_assert_eq(next(s, of, 1, &now), 0);
    kd_seeding_destroy(s);
}

Test(seeding, copies_that_do_not_help_end_and_begin_anew_when_one_was_good_for_long)
{
    kd_seeding *s = kd_seeding_create(1, 1);
    const kd_seed_source of[] = {source("leader", true)};
    uint64_t now = SECOND;
    for (int round = 0; round < 2; round++) {
        uint32_t placed = 0;
        kd_seeding_want(s, 0, KD_SEED_WANTED, now);
        while (next(s, of, 1, &now) == 0) {
            kd_seeding_ended(s, KD_SEED_PLACED, now);
            cr_assert_eq(kd_seeding_due(s, now), UINT32_MAX, "what is there now is not known yet");
            kd_seeding_want(s, 0, KD_SEED_WANTED, now);
            placed++;
        }
        cr_assert_eq(placed, KD_SEEDING_PLACED_MAX);
        cr_assert(kd_seeding_given_up(s, 0));
        kd_seeding_want(s, 0, KD_SEED_UNWANTED, now);
        now += KD_SEEDING_GOOD_US;
        kd_seeding_want(s, 0, KD_SEED_UNWANTED, now);
    }
    kd_seeding_destroy(s);
}

Test(seeding, a_copy_that_was_good_for_a_moment_counts)
{
    kd_seeding *s = kd_seeding_create(1, 1);
    const kd_seed_source of[] = {source("leader", true)};
    uint64_t now = SECOND;
    uint32_t placed = 0;
    kd_seeding_want(s, 0, KD_SEED_WANTED, now);
    while (next(s, of, 1, &now) == 0 && placed < 100) {
        kd_seeding_ended(s, KD_SEED_PLACED, now);
        kd_seeding_want(s, 0, KD_SEED_UNWANTED, now);
        now += 60 * SECOND;
        kd_seeding_want(s, 0, KD_SEED_WANTED, now);
        placed++;
    }
    cr_assert_eq(placed, KD_SEEDING_PLACED_MAX);
    kd_seeding_destroy(s);
}
