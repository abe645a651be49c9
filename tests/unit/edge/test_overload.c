/* The level of overload: when it is entered and left, and that it goes step by step, whatever the ages do. */
#include <criterion/criterion.h>

#include "kudos/overload.h"

enum { MS = 1000, SAMPLE = KD_OVERLOAD_SAMPLE_US, ENTER_AFTER = 500 * MS, LEAVE_AFTER = 3000 * MS };

static const kd_overload_bounds bounds = {.enter_us = {50 * MS, 150 * MS, 500 * MS, 2000 * MS},
                                          .enter_after_us = ENTER_AFTER,
                                          .leave_after_us = LEAVE_AFTER};
static kd_overload o;
static uint64_t now_us;

static void set_up(void)
{
    now_us = 7 * MS;
    kd_overload_init(&o, &bounds);
}

TestSuite(overload, .init = set_up);

static bool both(uint64_t loop_us, uint64_t disk_us)
{
    now_us += SAMPLE;
    return kd_overload_measure(&o, now_us, &(kd_overload_ages){loop_us, disk_us});
}

/* Measures the same age for so long; the level at the end. */
static uint32_t loop_for(uint64_t age_us, uint64_t for_us)
{
    for (uint64_t t = 0; t < for_us; t += SAMPLE) both(age_us, 0);
    return o.level;
}

Test(overload, an_age_must_last_before_a_level_is_entered)
{
    cr_expect_eq(loop_for(60 * MS, ENTER_AFTER), 0, "one measurement is no duration");
    cr_expect_eq(loop_for(60 * MS, SAMPLE), 1);
    cr_expect_eq(loop_for(60 * MS, 100 * ENTER_AFTER), 1, "the next threshold is not reached");
}

Test(overload, an_age_that_comes_and_goes_is_none)
{
    for (int i = 0; i < 1000; i++) {
        loop_for(5000 * MS, ENTER_AFTER);
        cr_assert_eq(loop_for(49 * MS, SAMPLE), 0, "%d", i);
    }
}

Test(overload, levels_come_one_by_one_each_after_its_time)
{
    for (uint32_t level = 1; level <= KD_LEVELS; level++)
        cr_expect_eq(loop_for(10000 * MS, ENTER_AFTER + SAMPLE), level);
    cr_expect_eq(loop_for(10000 * MS, 100 * ENTER_AFTER), KD_LEVELS, "there is no fifth");
}

Test(overload, and_go_one_by_one)
{
    loop_for(10000 * MS, 10 * ENTER_AFTER);
    for (uint32_t level = KD_LEVELS; level-- > 0;) cr_expect_eq(loop_for(0, LEAVE_AFTER + SAMPLE), level);
    cr_expect_eq(loop_for(0, LEAVE_AFTER * 3), 0);
}

Test(overload, a_level_is_kept_between_its_two_thresholds)
{
    loop_for(60 * MS, ENTER_AFTER + SAMPLE);
    cr_expect_eq(loop_for(25 * MS, 10 * LEAVE_AFTER), 1, "half of what it was entered at");
    loop_for(24 * MS, LEAVE_AFTER);
    cr_expect_eq(loop_for(25 * MS, SAMPLE), 1, "just before its time");
    cr_expect_eq(loop_for(24 * MS, LEAVE_AFTER), 1, "the time begins anew");
    cr_expect_eq(loop_for(24 * MS, SAMPLE), 0);
}

Test(overload, the_disk_alone_leads_to_reads_from_memory_and_no_further)
{
    for (int i = 0; i < 1000; i++) both(0, 60000 * (uint64_t)MS);
    cr_expect_eq(o.level, KD_LEVEL_MEMORY);
    cr_expect_eq(loop_for(10000 * MS, ENTER_AFTER + SAMPLE), KD_LEVEL_NO_READS);
    for (uint64_t t = 0; t <= LEAVE_AFTER; t += SAMPLE) both(0, 60000 * (uint64_t)MS);
    cr_expect_eq(o.level, KD_LEVEL_MEMORY, "and lets the last level go");
    for (int i = 0; i < 1000; i++) both(0, 60000 * (uint64_t)MS);
    cr_expect_eq(o.level, KD_LEVEL_MEMORY);
}

/* As when the process, or its machine, was suspended: both measurements around it may find that all is late. */
Test(overload, what_was_not_measured_counts_little)
{
    cr_expect(!both(60 * MS, 0));
    now_us += 3600ull * 1000 * MS;
    cr_expect(!both(3600ull * 1000 * MS, 0));
    cr_expect_eq(o.level, 0);
}

Test(overload, time_at_each_level_is_told)
{
    loop_for(60 * MS, ENTER_AFTER + SAMPLE);
    cr_expect_eq(o.spent_us[0], ENTER_AFTER, "from the first measurement on");
    loop_for(60 * MS, 4000 * MS);
    now_us += 1000 * MS;
    both(60 * MS, 0);
    cr_expect_eq(o.spent_us[1], 4000 * MS + 1000 * MS + SAMPLE, "pauses, too");
}

/* Ages that stay for some measurements, as load does. */
static uint64_t drawn_age(uint64_t *seed, uint64_t before)
{
    static const uint64_t likely[] = {0,   10,  24,  26,  49,  51,  74,   76,
                                      149, 151, 249, 251, 501, 999, 1001, 2001};
    uint64_t draw = kd_random_next(seed);
    return draw % 40 ? before : likely[draw / 40 % KD_COUNT(likely)] * MS;
}

Test(overload, whatever_comes_it_goes_step_by_step_and_never_faster_than_stated)
{
    uint64_t seed = 1, age = 0, disk = 0, changed_us = 0, turned_us = 0, steps = 0;
    bool up = true;
    for (int i = 0; i < 1000000; i++) {
        uint32_t before = o.level;
        age = drawn_age(&seed, age), disk = drawn_age(&seed, disk);
        now_us += kd_random_next(&seed) % 1000 ? 0 : kd_random_next(&seed) % (5000 * MS);
        bool changed = both(age, disk);
        cr_assert_eq(changed, o.level != before);
        if (!changed) continue;
        bool higher = o.level > before;
        cr_assert_eq(higher ? o.level - before : before - o.level, 1);
        cr_assert_geq(now_us - changed_us, higher ? ENTER_AFTER : LEAVE_AFTER, "step %d", i);
        if (higher && !up) {
            cr_assert_geq(now_us - turned_us, ENTER_AFTER + LEAVE_AFTER, "it turned up twice at %d", i);
            turned_us = now_us;
        }
        up = higher, changed_us = now_us, steps++;
    }
    cr_expect_gt(steps, 1000, "%llu", (unsigned long long)steps);
}

Test(overload, larger_ages_never_lead_to_a_lower_level)
{
    uint64_t seed = 2, age = 0, more = 0, differ = 0;
    kd_overload higher;
    kd_overload_init(&higher, &bounds);
    for (int i = 0; i < 1000000; i++) {
        age = drawn_age(&seed, age), more = drawn_age(&seed, more);
        both(age, age / 2);
        kd_overload_measure(&higher, now_us, &(kd_overload_ages){age + more, age / 2 + more});
        cr_assert_geq(higher.level, o.level, "%d", i);
        differ += higher.level > o.level;
    }
    cr_expect_gt(differ, 1000);
}

Test(overload, what_each_level_asks_of_central_and_of_caches)
{
    static const bool unknown[] = {true, true, true, false, false}, old[] = {true, true, false, false, false};
    for (uint32_t level = 0; level <= KD_LEVELS; level++) {
        cr_expect_eq(kd_level_asks_counts(level, false), unknown[level], "%u", level);
        cr_expect_eq(kd_level_asks_counts(level, true), old[level], "%u", level);
        cr_expect_eq(kd_level_display_age_us(level, 1000 * MS), level < 2 ? 1000 * MS : 10000 * MS);
    }
}
