/* When an edge asks central for the time, and how often for an item. */
#include <criterion/criterion.h>

#include "kudos/asking.h"

enum { INTERVAL_US = 10 * 1000 * 1000, BEGIN_US = 1000 };

static uint64_t state = 1;

static uint64_t ended(kd_clock_probe *p, kd_probe_end end, uint64_t now_us)
{
    return kd_clock_probe_ended(p, end, now_us, kd_random_next(&state));
}

Test(asking, the_first_answer_is_measured_and_the_next_after_the_interval)
{
    kd_clock_probe p = {.interval_us = INTERVAL_US};
    cr_expect(kd_clock_probe_due(&p, BEGIN_US));
    for (int i = 0; i < 1000; i++) {
        uint64_t delay_us = ended(&p, KD_PROBE_MEASURED, BEGIN_US);
        cr_expect_geq(p.due_us, BEGIN_US + INTERVAL_US / 8 * 7ull);
        cr_expect_lt(p.due_us, BEGIN_US + INTERVAL_US / 8 * 9ull);
        cr_expect_geq(delay_us, KD_PROBE_US / 8 * 7ull, "central is asked before, too");
        cr_expect_lt(delay_us, KD_PROBE_US / 8 * 9ull);
        cr_expect(!kd_clock_probe_due(&p, p.due_us - 1));
        cr_expect(kd_clock_probe_due(&p, p.due_us));
    }
}

Test(asking, no_question_waits_longer_than_until_the_measurement_is_due)
{
    kd_clock_probe p = {.interval_us = INTERVAL_US};
    ended(&p, KD_PROBE_MEASURED, BEGIN_US);
    uint64_t now_us = p.due_us - 7;
    cr_expect_eq(ended(&p, KD_PROBE_ANSWERED, now_us), 7u);
    cr_expect_geq(ended(&p, KD_PROBE_ANSWERED, p.due_us), KD_PROBE_US / 8 * 7ull, "it is due already");
}

Test(asking, a_question_that_failed_is_repeated_soon_and_the_measurement_stays_due)
{
    kd_clock_probe p = {.interval_us = INTERVAL_US};
    uint64_t delay_us = ended(&p, KD_PROBE_FAILED, BEGIN_US);
    cr_expect_geq(delay_us, KD_PROBE_RETRY_US / 8 * 7ull);
    cr_expect_lt(delay_us, KD_PROBE_RETRY_US / 8 * 9ull);
    cr_expect(kd_clock_probe_due(&p, BEGIN_US));
    p.interval_us = KD_PROBE_RETRY_US / 10;
    cr_expect_lt(ended(&p, KD_PROBE_FAILED, BEGIN_US), KD_PROBE_RETRY_US / 8ull, "a shorter interval holds");
}

Test(asking, a_question_about_an_item_has_three_tries_before_its_deadline)
{
    kd_question_tries q = {.until_us = 100, .tries = 1};
    cr_expect(kd_question_may_repeat(&q, 99));
    cr_expect(!kd_question_may_repeat(&q, 100));
    q.tries = KD_QUESTION_TRIES_MAX;
    cr_expect(!kd_question_may_repeat(&q, 1));
}

static kd_asked_lately lately_of(uint64_t took_us, int n)
{
    kd_asked_lately a = {.count = 0};
    for (int i = 0; i < n; i++) kd_asked_lately_add(&a, took_us);
    return a;
}

Test(asking, a_request_waits_while_central_is_not_known_to_be_far)
{
    kd_asked_lately a = lately_of(0, 0);
    cr_expect(kd_asked_lately_within(&a, 1));
    cr_expect(!kd_asked_lately_within(&a, 0), "it may not wait at all");
    a = lately_of(20, 1);
    cr_expect(kd_asked_lately_within(&a, 20));
    cr_expect(!kd_asked_lately_within(&a, 19), "one answer is enough to know it");
}

Test(asking, a_near_central_that_stalls_stays_near_and_a_far_one_is_near_with_one_quick_answer)
{
    kd_asked_lately a = lately_of(5, 1);
    for (int i = 1; i < KD_ASKED_LATELY; i++) {
        kd_asked_lately_add(&a, 100);
        cr_expect(kd_asked_lately_within(&a, 10), "after %d slow answers", i);
    }
    kd_asked_lately_add(&a, 100);
    cr_expect(!kd_asked_lately_within(&a, 10), "the quick one is long ago");
    kd_asked_lately_add(&a, 7);
    cr_expect(kd_asked_lately_within(&a, 10));
    cr_expect(!kd_asked_lately_within(&a, 6));
}
