/* test_drift.c - the arithmetic of the carried clock. */
#include "common/base/drift.h"

#include <criterion/criterion.h>

enum { MS = 1000, BOUND = 500 * MS };

static const uint64_t wall0 = 1767323045000000u;

static kd_drift started(void)
{
    kd_drift d;
    kd_drift_init(&d, wall0, 1000);
    return d;
}

/* A round trip that begins at mono t0 and takes rtt, against a server that is `ahead` of us. */
static kd_drift_sample sample(uint64_t t0_us, uint64_t rtt_us, int64_t ahead_us)
{
    uint64_t wall1 = wall0 + (t0_us - 1000) + rtt_us;
    return (kd_drift_sample){.t0_us = t0_us,
                             .t1_us = t0_us + rtt_us,
                             .wall_us = wall1,
                             .server_us = (uint64_t)((int64_t)(wall1 - rtt_us / 2) + ahead_us)};
}

Test(drift, carries_the_wall_clock_on)
{
    kd_drift d = started();
    cr_expect_eq(kd_drift_now(&d, 1000), wall0);
    cr_expect_eq(kd_drift_now(&d, 1000 + 3600000000u), wall0 + 3600000000u);
    cr_expect_eq(kd_drift_within(&d, BOUND), KD_CLOCK_UNMEASURED);
    cr_expect_eq(kd_drift_age_us(&d, 5000), UINT64_MAX);
}

Test(drift, a_stepped_wall_clock_counts_only_at_the_next_measurement)
{
    kd_drift d = started();
    kd_drift_sample s = sample(2000, 10 * MS, 0);
    cr_assert_eq(kd_drift_measure(&d, &s, BOUND), KD_OK);
    cr_expect_eq(kd_drift_within(&d, BOUND), KD_CLOCK_IN_BOUNDS);
    uint64_t before = kd_drift_now(&d, 50 * MS);
    /* The wall clock steps by an hour. Nobody reads it, so nothing changes until the next measurement: */
    s = sample(60 * MS, 10 * MS, 0);
    s.wall_us += 3600000000u;
    cr_expect_eq(kd_drift_now(&d, 60 * MS), before + 10 * MS);
    cr_assert_eq(kd_drift_measure(&d, &s, BOUND), KD_OK);
    cr_expect_eq(kd_drift_within(&d, BOUND), KD_CLOCK_OUT_OF_BOUNDS);
    cr_expect_eq(kd_drift_now(&d, s.t1_us), before + (s.t1_us - 50 * MS), "a wild clock is not carried on");
    s = sample(90 * MS, 10 * MS, 0);
    s.wall_us += BOUND / 2;
    cr_assert_eq(kd_drift_measure(&d, &s, BOUND), KD_OK);
    cr_expect_eq(kd_drift_within(&d, BOUND), KD_CLOCK_IN_BOUNDS);
    cr_expect_eq(kd_drift_now(&d, s.t1_us), s.wall_us, "one within the bound is");
}

Test(drift, offset_and_uncertainty_of_a_round_trip)
{
    kd_drift d = started();
    kd_drift_sample s = sample(2000, 40 * MS, -123 * MS);
    cr_assert_eq(kd_drift_measure(&d, &s, BOUND), KD_OK);
    cr_expect_eq(d.offset_us, -123 * MS);
    cr_expect_eq(d.uncertainty_us, 20 * MS);
    cr_expect_eq(kd_drift_age_us(&d, s.t1_us + 7), 7);
    cr_expect_eq(kd_drift_age_us(&d, s.t0_us), 0);
}

Test(drift, the_servers_clock_is_known_whatever_our_wall_clock_shows)
{
    static const int64_t ahead_us[] = {400 * MS, -400 * MS, 20000 * MS};
    kd_drift d = started();
    cr_expect_eq(d.server_shift_us, d.shift_us, "unmeasured");
    for (size_t i = 0; i < 3; i++) {
        kd_drift_sample s = sample(2000, 10 * MS, ahead_us[i]);
        cr_assert_eq(kd_drift_measure(&d, &s, BOUND), KD_OK);
        uint64_t server_us = s.t1_us + (uint64_t)d.server_shift_us;
        cr_expect_eq(server_us, s.server_us + 10 * MS, "at the latest: its answer took no time");
    }
}

Test(drift, of_two_clocks_that_never_agreed_the_earlier_is_carried)
{
    kd_drift ahead = started(), behind = started();
    uint64_t wall = kd_drift_now(&ahead, 60 * MS), hour = 3600000000u;
    kd_drift_sample s = {.t0_us = 60 * MS, .t1_us = 60 * MS, .wall_us = wall, .server_us = wall - hour};
    cr_assert_eq(kd_drift_measure(&ahead, &s, BOUND), KD_OK);
    cr_expect_eq(kd_drift_within(&ahead, BOUND), KD_CLOCK_OUT_OF_BOUNDS);
    cr_expect_eq(kd_drift_now(&ahead, 70 * MS), wall - hour + 10 * MS);
    s.server_us = wall + hour;
    cr_assert_eq(kd_drift_measure(&behind, &s, BOUND), KD_OK);
    cr_expect_eq(kd_drift_now(&behind, 70 * MS), wall + 10 * MS);
    /* After a measurement in bounds, one that is out of bounds does not lift the carried clock. */
    s.server_us = wall;
    cr_assert_eq(kd_drift_measure(&ahead, &s, BOUND), KD_OK);
    s.server_us = wall + hour;
    cr_assert_eq(kd_drift_measure(&ahead, &s, BOUND), KD_OK);
    cr_expect_eq(kd_drift_now(&ahead, 70 * MS), wall + 10 * MS);
}

/* While the kernel slews a wall clock that was set back, the monotonic clock runs fast too, and so does the carried clock. */
Test(drift, the_carried_clock_does_not_run_ahead_of_the_server)
{
    kd_drift d = started();
    kd_drift_sample s = sample(2000, 10 * MS, 0);
    cr_assert_eq(kd_drift_measure(&d, &s, BOUND), KD_OK);
    uint64_t minute = 60000 * MS, fast = 5000 * MS;
    s = sample(2000 + minute, 20 * MS, (int64_t)fast); /* the carried clock falls behind: no harm */
    s.wall_us -= 10 * minute;
    uint64_t carried = kd_drift_now(&d, s.t1_us);
    cr_assert_eq(kd_drift_measure(&d, &s, BOUND), KD_OK);
    cr_expect_eq(kd_drift_within(&d, BOUND), KD_CLOCK_OUT_OF_BOUNDS);
    cr_expect_eq(kd_drift_now(&d, s.t1_us), carried);
    s = sample(2000 + 2 * minute, 20 * MS, -(int64_t)fast);
    s.wall_us -= 9 * minute;
    cr_assert_eq(kd_drift_measure(&d, &s, BOUND), KD_OK);
    cr_expect_eq(kd_drift_within(&d, BOUND), KD_CLOCK_OUT_OF_BOUNDS);
    cr_expect_eq(kd_drift_now(&d, s.t1_us), s.server_us + 10 * MS, "fast: the server's time is carried");
}

Test(drift, bounds_hold_in_both_directions_and_count_the_uncertainty)
{
    static const struct {
        int64_t ahead_us;
        uint64_t rtt_us;
        kd_clock_state state;
    } cases[] = {
        {0, 0, KD_CLOCK_IN_BOUNDS},
        {BOUND, 0, KD_CLOCK_IN_BOUNDS},
        {BOUND + 1, 0, KD_CLOCK_OUT_OF_BOUNDS},
        {-BOUND, 0, KD_CLOCK_IN_BOUNDS},
        {-BOUND - 1, 0, KD_CLOCK_OUT_OF_BOUNDS},
        {BOUND - 10 * MS, 20 * MS, KD_CLOCK_IN_BOUNDS},
        {BOUND - 10 * MS + 1, 20 * MS, KD_CLOCK_OUT_OF_BOUNDS},
        {-BOUND + 10 * MS - 1, 20 * MS, KD_CLOCK_OUT_OF_BOUNDS},
        {0, BOUND, KD_CLOCK_IN_BOUNDS},
    };
    for (size_t i = 0; i < KD_COUNT(cases); i++) {
        kd_drift d = started();
        kd_drift_sample s = sample(2000, cases[i].rtt_us, cases[i].ahead_us);
        cr_assert_eq(kd_drift_measure(&d, &s, BOUND), KD_OK);
        cr_expect_eq(kd_drift_within(&d, BOUND), cases[i].state, "case %zu", i);
    }
}

/* The clock that an earlier process carried goes on, unmeasured, even when the wall clock is wild by now. */
Test(drift, a_restart_goes_on_with_the_carried_clock)
{
    kd_drift d = started();
    kd_drift_sample good = sample(2000, 10 * MS, 5);
    cr_assert_eq(kd_drift_measure(&d, &good, BOUND), KD_OK);
    uint64_t before = kd_drift_now(&d, 5000 * MS);
    kd_drift next;
    kd_drift_resume(&next, d.shift_us);
    cr_expect_eq(kd_drift_now(&next, 5000 * MS), before);
    cr_expect_eq(kd_drift_within(&next, BOUND), KD_CLOCK_UNMEASURED);
    kd_drift_sample wild = sample(6000, 10 * MS, 0);
    wild.wall_us += 3600000 * (uint64_t)MS;
    cr_assert_eq(kd_drift_measure(&next, &wild, BOUND), KD_OK);
    cr_expect_eq(kd_drift_within(&next, BOUND), KD_CLOCK_OUT_OF_BOUNDS);
    cr_expect_eq(next.shift_us, d.shift_us);
}

/* However the delay is spread over the two directions, a clock that is right is never out of bounds. */
Test(drift, a_true_clock_is_never_out_of_bounds)
{
    uint64_t seed = 3;
    for (int i = 0; i < 10000; i++) {
        uint64_t rtt = kd_random_next(&seed) % (BOUND + 1),
                 there = rtt == 0 ? 0 : kd_random_next(&seed) % (rtt + 1);
        kd_drift d = started();
        kd_drift_sample s = sample(2000, rtt, 0);
        s.server_us = s.wall_us - rtt + there;
        cr_assert_eq(kd_drift_measure(&d, &s, BOUND), KD_OK);
        cr_assert_eq(kd_drift_within(&d, BOUND), KD_CLOCK_IN_BOUNDS);
    }
}

Test(drift, useless_measurements_change_nothing)
{
    kd_drift d = started();
    kd_drift_sample good = sample(2000, 10 * MS, 5), s;
    cr_assert_eq(kd_drift_measure(&d, &good, BOUND), KD_OK);
    kd_drift before = d;
    s = sample(100 * MS, BOUND + 1, 0);
    cr_expect_eq(kd_drift_measure(&d, &s, BOUND), KD_EAGAIN);
    s = good, s.t1_us = s.t0_us - 1;
    cr_expect_eq(kd_drift_measure(&d, &s, BOUND), KD_EMALFORMED);
    s = good, s.server_us = UINT64_MAX;
    cr_expect_eq(kd_drift_measure(&d, &s, BOUND), KD_EMALFORMED);
    s = good, s.wall_us = UINT64_MAX / 2;
    cr_expect_eq(kd_drift_measure(&d, &s, BOUND), KD_EMALFORMED);
    cr_expect_eq(memcmp(&before, &d, sizeof d), 0);
}
