/* test_clock.c - the carried clock on the machine's own clocks. */
#include "common/io/loop/clock.h"

#include <criterion/criterion.h>

Test(clock, carried_time_runs_with_the_wall_clock)
{
    kd_clock c;
    kd_clock_init(&c, 500000);
    cr_expect_eq(kd_clock_check(&c), KD_CLOCK_UNMEASURED);
    uint64_t before = kd_clock_wall_us(), now = kd_clock_now_us(&c);
    cr_expect(now + 1000000 > before && now < before + 1000000);
    cr_expect_eq(kd_clock_measure(&c, kd_clock_mono_us(), kd_clock_wall_us()), KD_OK);
    cr_expect_eq(kd_clock_check(&c), KD_CLOCK_IN_BOUNDS);
    cr_expect_eq(kd_clock_measure(&c, kd_clock_mono_us(), kd_clock_wall_us() + 3000000), KD_OK);
    cr_expect_eq(kd_clock_check(&c), KD_CLOCK_OUT_OF_BOUNDS);
    cr_expect(kd_clock_drift(&c).measured);
    kd_clock_finish(&c);
}
