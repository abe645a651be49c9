/* test_outage.c - when a peer counts as away, and since when. */
#include "common/io/daemon/outage.h"

#include <criterion/criterion.h>

#include "common/io/loop/clock.h"

Test(outage, one_question_without_an_answer_is_none)
{
    kd_outage o = {.began = "peer-unreachable", .over = "peer-reachable"};
    kd_outage_failed(&o, KD_REASON_TIMEOUT, "no answer");
    cr_expect(!o.down);
    kd_outage_answered(&o);
    kd_outage_failed(&o, KD_REASON_TIMEOUT, "no answer");
    cr_expect(!o.down, "they are not in a row");
}

Test(outage, it_begins_with_the_first_question_of_the_row)
{
    kd_metric up = {0};
    kd_outage o = {.began = "peer-unreachable", .over = "peer-reachable", .up = &up};
    kd_outage_failed(&o, KD_REASON_TIMEOUT, "no answer");
    uint64_t first_us = kd_clock_mono_us();
    while (kd_clock_mono_us() == first_us) continue;
    kd_outage_failed(&o, KD_REASON_TIMEOUT, "no answer");
    cr_expect(o.down);
    cr_expect_leq(o.since_us, first_us);
    kd_outage_answered(&o);
    cr_expect(!o.down);
}

Test(outage, nothing_is_told_before_the_reason_is_known)
{
    kd_outage o = {.began = "peer-unreachable", .over = "peer-reachable"};
    kd_outage_failed(&o, KD_REASON_OTHER, NULL);
    kd_outage_failed(&o, KD_REASON_OTHER, NULL);
    cr_expect(!o.down);
    kd_outage_failed(&o, KD_REASON_REFUSED, "connection refused");
    cr_expect(o.down);
}

Test(outage, the_metric_tells_the_present)
{
    kd_metric up = {0};
    kd_outage o = {.began = "peer-unreachable", .over = "peer-reachable", .up = &up};
    kd_outage_answered(&o);
    cr_expect_eq(kd_metric_get(&up), 1);
    kd_outage_failed(&o, KD_REASON_TIMEOUT, "no answer");
    cr_expect_eq(kd_metric_get(&up), 1, "one lost question is no outage");
    kd_outage_failed(&o, KD_REASON_TIMEOUT, "no answer");
    cr_expect_eq(kd_metric_get(&up), 0);
    kd_outage_answered(&o);
    cr_expect_eq(kd_metric_get(&up), 1);
}
