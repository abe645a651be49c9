/* test_awake.c - time without the pauses of a thread. */
#include "common/base/awake.h"

#include <criterion/criterion.h>

enum { MS = 1000, BEGIN_US = 5000 * MS };

static kd_awake begun(void)
{
    kd_awake a = {0};
    kd_awake_look(&a, BEGIN_US);
    return a;
}

Test(awake, time_goes_on_while_the_thread_looks)
{
    kd_awake a = begun();
    for (uint64_t us = 0; us <= 3000 * MS; us += 50 * MS) kd_awake_look(&a, BEGIN_US + us);
    cr_expect_eq(kd_awake_at(&a, BEGIN_US + 3000 * MS), 3000 * MS);
    cr_expect_eq(kd_awake_at(&a, BEGIN_US + 3049 * MS), 3049 * MS);
}

Test(awake, a_pause_lasts_for_the_trusted_time_before_and_after_the_look)
{
    kd_awake a = begun();
    cr_expect_eq(kd_awake_at(&a, BEGIN_US + 9000 * MS), KD_AWAKE_TRUSTED_US);
    kd_awake_look(&a, BEGIN_US + 9000 * MS);
    cr_expect_eq(kd_awake_at(&a, BEGIN_US + 9001 * MS), KD_AWAKE_TRUSTED_US + MS);
}

Test(awake, a_time_that_was_read_before_the_last_look_is_that_look)
{
    kd_awake a = begun();
    kd_awake_look(&a, BEGIN_US + 100 * MS);
    cr_expect_eq(kd_awake_at(&a, BEGIN_US + 99 * MS), 100 * MS);
    kd_awake_look(&a, BEGIN_US);
    cr_expect_eq(kd_awake_at(&a, BEGIN_US + 100 * MS), 100 * MS);
}

Test(awake, before_the_first_look_no_time_has_gone)
{
    const kd_awake a = {0};
    cr_expect_eq(kd_awake_at(&a, BEGIN_US), 0);
}
