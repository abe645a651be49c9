/* Sliding windows of many users in fixed memory: the bounds that kudos/rate.h states, against an exact log. */
#include <criterion/criterion.h>

#include "kudos/rate.h"
#include "kudos/rate_rules.h"

#define SECOND ((uint64_t)1000000)
#define START (1000000 * SECOND)

enum { TRACES = 60, STEPS = 4000 };

static const kd_rate_rule two = {2, {{20, 11 * SECOND}, {60, 60 * SECOND}}};
static const kd_rate_rule one = {1, {{5, 11 * SECOND}}};

static uint32_t take(kd_rate *r, uint64_t key, uint32_t want, uint64_t now_us)
{
    return kd_rate_take(r, key, &one, want, now_us).fits;
}

/* ---- beside an exact log ---- */

typedef struct {
    uint64_t at[STEPS];
    uint32_t count;
} exact_log;

/* Operations of the last span_us, those of exactly span_us ago included. */
static uint32_t exact_count(const exact_log *log, uint64_t now_us, uint64_t span_us)
{
    uint32_t n = 0;
    while (n < log->count && log->at[log->count - 1 - n] + span_us >= now_us) n++;
    return n;
}

static void check_step(kd_rate *r, exact_log *log, uint64_t now_us)
{
    bool full = false;
    if (kd_rate_take(r, 7, &two, 1, now_us).fits == 1) {
        log->at[log->count++] = now_us;
        for (uint32_t i = 0; i < two.count; i++)
            cr_assert_leq(exact_count(log, now_us, two.at[i].window_us), two.at[i].quota, "beyond a quota");
        return;
    }
    for (uint32_t i = 0; i < two.count; i++) {
        uint64_t longer_us = (two.at[i].window_us + 10) / 11 * 12;
        full = full || exact_count(log, now_us, longer_us) >= two.at[i].quota;
    }
    cr_assert(full, "refused, though a window of 12/11 is not full");
}

/* Gaps between operations from none to some seconds, in phases: bursts, a steady pace, rests. */
static uint64_t gap_us(uint64_t *seed, uint32_t step)
{
    static const uint64_t most_us[] = {0, 1000, SECOND / 10, SECOND, 4 * SECOND};
    uint64_t phase = most_us[(step / 50 + *seed % 3) % KD_COUNT(most_us)];
    if (kd_random_next(seed) % 200 == 0) return 30 * SECOND;
    return phase ? kd_random_next(seed) % phase : 0;
}

Test(rate, random_traces_stay_within_the_stated_error_of_an_exact_log)
{
    static exact_log log;
    uint32_t let = 0;
    for (uint64_t trace = 1; trace <= TRACES; trace++) {
        kd_rate *r = kd_rate_create(64);
        uint64_t seed = trace, now_us = START + kd_random_next(&seed) % (100 * SECOND);
        log.count = 0;
        for (uint32_t step = 0; step < STEPS; step++) {
            now_us += gap_us(&seed, step);
            check_step(r, &log, now_us);
        }
        let += log.count;
        kd_rate_destroy(r);
    }
    cr_assert_gt(let, TRACES * 100u);
    cr_assert_lt(let, TRACES * STEPS * 9u / 10, "the traces are fast enough to be refused");
}

/* ---- what is told ---- */

Test(rate, the_wait_that_is_told_is_exact_and_what_is_left_is_true)
{
    kd_rate *r = kd_rate_create(64);
    uint64_t now_us = START + 300;
    cr_assert_eq(take(r, 1, 3, now_us), 3);
    now_us += 2 * SECOND;
    kd_rate_answer a = kd_rate_take(r, 1, &one, 9, now_us);
    cr_assert_eq(a.fits, 2, "what fits is taken");
    cr_assert_eq(a.at[0].left, 0);
    cr_assert_eq(a.at[0].used, 5);
    cr_assert_gt(a.wait_us, 0);
    cr_assert_eq(a.wait_us, a.at[0].more_us);
    cr_assert_eq(take(r, 1, 1, now_us + a.wait_us - 1), 0);
    a = kd_rate_take(r, 1, &one, 0, now_us + a.wait_us);
    cr_assert_eq(a.wait_us, 0);
    cr_assert_eq(a.at[0].left, 3, "those of the first pane are back");
    kd_rate_destroy(r);
}

/* Until the moment that was told all count that did, and then fewer: the oldest have ceased to. */
Test(rate, the_time_until_more_fits_is_exact_on_random_traces)
{
    for (uint64_t seed = 1, trace = 0; trace < 500; trace++) {
        kd_rate *r = kd_rate_create(64);
        uint64_t now_us = START + kd_random_next(&seed) % (100 * SECOND);
        for (uint64_t step = kd_random_next(&seed) % 12; step > 0; step--) {
            kd_rate_add(r, 1, &one, 1 + (uint32_t)kd_random_next(&seed) % 2, now_us);
            now_us += kd_random_next(&seed) % (3 * SECOND);
        }
        for (kd_rate_told last; (last = kd_rate_take(r, 1, &one, 0, now_us).at[0]).used > 0;) {
            cr_assert_eq(kd_rate_take(r, 1, &one, 0, now_us + last.more_us - 1).at[0].used, last.used);
            now_us += last.more_us;
            cr_assert_lt(kd_rate_take(r, 1, &one, 0, now_us).at[0].used, last.used);
        }
        kd_rate_destroy(r);
    }
}

Test(rate, an_idle_user_has_all_again)
{
    kd_rate *r = kd_rate_create(64);
    cr_assert_eq(take(r, 1, 5, START), 5);
    kd_rate_answer a = kd_rate_take(r, 1, &one, 0, START + 1000 * SECOND);
    cr_assert_eq(a.at[0].left, 5);
    cr_assert_eq(a.at[0].more_us, 0);
    kd_rate_destroy(r);
}

Test(rate, to_ask_for_the_state_takes_no_slot)
{
    kd_rate *r = kd_rate_create(64);
    for (uint64_t key = 1; key < 1000; key++)
        cr_assert_eq(kd_rate_take(r, key, &one, 0, START).at[0].left, 5);
    cr_assert_eq(kd_rate_get_stats(r).used, 0);
    kd_rate_destroy(r);
}

Test(rate, what_is_given_back_fits_again_but_not_twice)
{
    kd_rate *r = kd_rate_create(64);
    cr_assert_eq(take(r, 1, 5, START), 5);
    kd_rate_give_back(r, 1, &one, 2, START);
    cr_assert_eq(take(r, 1, 9, START + SECOND), 2);
    kd_rate_give_back(r, 1, &one, 9, START + SECOND);
    cr_assert_eq(take(r, 1, 9, START + SECOND), 2, "of its own pane alone");
    kd_rate_give_back(r, 1, &one, 3, START + SECOND - 12 * SECOND);
    kd_rate_give_back(r, 1, &one, 3, START - 12 * SECOND);
    cr_assert_eq(take(r, 1, 9, START + SECOND), 0, "what has ceased to count");
    cr_assert_eq(take(r, 3, 3, START), 3);
    cr_assert_eq(take(r, 3, 1, START + 11 * SECOND), 1);
    kd_rate_give_back(r, 3, &one, 3, START - SECOND);
    cr_assert_eq(take(r, 3, 9, START + 11 * SECOND), 1, "of one pane longer ago than count");
    kd_rate_give_back(r, 3, &one, 9, START + 11 * SECOND);
    cr_assert_eq(take(r, 3, 9, START + 11 * SECOND), 2,
                 "nor of the oldest pane, whose place the next one will have");
    kd_rate_give_back(r, 2, &one, 3, START);
    cr_assert_eq(take(r, 2, 9, START), 5, "of one who has no slot");
    kd_rate_destroy(r);
}

Test(rate, what_nobody_asked_for_counts_beyond_the_quota)
{
    kd_rate *r = kd_rate_create(64);
    kd_rate_add(r, 1, &one, 8, START);
    kd_rate_answer a = kd_rate_take(r, 1, &one, 1, START);
    cr_assert_eq(a.fits, 0);
    cr_assert_eq(a.at[0].used, 8);
    kd_rate_add(r, 1, &one, UINT32_MAX, START);
    cr_assert_eq(kd_rate_take(r, 1, &one, 1, START).at[0].used, UINT32_MAX, "no overflow");
    kd_rate_destroy(r);
}

Test(rate, a_thread_whose_time_is_behind_does_no_harm)
{
    kd_rate *r = kd_rate_create(64);
    cr_assert_eq(take(r, 1, 3, START + 5 * SECOND), 3);
    cr_assert_eq(take(r, 1, 9, START), 2);
    cr_assert_eq(take(r, 1, 9, START + 5 * SECOND), 0);
    kd_rate_destroy(r);
}

Test(rate, what_a_thread_behind_had_counted_in_the_next_pane_is_given_back)
{
    kd_rate *r = kd_rate_create(64);
    cr_assert_eq(take(r, 1, 1, START), 1);
    cr_assert_eq(take(r, 1, 3, START - 1), 3);
    kd_rate_give_back(r, 1, &one, 3, START - 1);
    cr_assert_eq(kd_rate_take(r, 1, &one, 0, START).at[0].left, 4);
    kd_rate_destroy(r);
}

/* ---- memory ---- */

/* One set of eight slots. */
Test(rate, who_counts_least_makes_room_and_begins_anew)
{
    kd_rate *r = kd_rate_create(1);
    for (uint64_t key = 1; key <= 8; key++)
        cr_assert_eq(take(r, key, key == 3 ? 1 : 4, START), key == 3 ? 1 : 4);
    cr_assert_eq(take(r, 99, 2, START), 2);
    kd_rate_stats stats = kd_rate_get_stats(r);
    cr_assert_eq(stats.slots, 8);
    cr_assert_eq(stats.used, 8);
    cr_assert_eq(stats.evicted, 1);
    for (uint64_t key = 1; key <= 8; key++)
        if (key != 3) cr_assert_eq(kd_rate_take(r, key, &one, 0, START).at[0].left, 1, "not forgotten");
    cr_assert_eq(kd_rate_take(r, 3, &one, 0, START).at[0].left, 5, "forgotten: lets through");
    kd_rate_destroy(r);
}

Test(rate, who_is_over_makes_room_first)
{
    kd_rate *r = kd_rate_create(1);
    cr_assert_eq(take(r, 1, 5, START), 5);
    for (uint64_t key = 2; key <= 8; key++) cr_assert_eq(take(r, key, 1, START + 13 * SECOND), 1);
    cr_assert_eq(take(r, 99, 1, START + 13 * SECOND), 1);
    cr_assert_eq(kd_rate_get_stats(r).evicted, 0);
    for (uint64_t key = 2; key <= 8; key++)
        cr_assert_eq(kd_rate_take(r, key, &one, 0, START + 13 * SECOND).at[0].left, 4);
    kd_rate_destroy(r);
}

/* However many others there are, nobody is refused who is within his limit. */
Test(rate, nobody_is_refused_for_what_others_do)
{
    kd_rate *r = kd_rate_create(512);
    uint64_t seed = 5, now_us = START;
    for (uint32_t i = 0; i < 200000; i++) {
        now_us += 100;
        if (i % 40000 == 0) cr_assert_eq(take(r, 12345, 1, now_us), 1);
        take(r, kd_random_next(&seed), 5, now_us);
    }
    cr_assert_gt(kd_rate_get_stats(r).evicted, 1000);
    cr_assert_eq(kd_rate_get_stats(r).used, 512);
    kd_rate_destroy(r);
}

/* 1024 sets, and names that never come again: one of a hundred operations is of the busy name, one in 1024 is of a stranger to its set. */
Test(rate, who_comes_often_is_counted_among_many_who_come_once)
{
    static const kd_rate_rule wide = {1, {{1000000, 3600 * SECOND}}};
    kd_rate *r = kd_rate_create(8192);
    uint64_t seed = 9, used;
    for (uint32_t i = 0; i < 200000; i++) {
        kd_rate_take(r, kd_random_next(&seed), &wide, 1, START + i);
        if (i % 100 == 0) kd_rate_take(r, 12345, &wide, 1, START + i);
    }
    used = kd_rate_take(r, 12345, &wide, 0, START + 200000).at[0].used;
    cr_assert_gt(kd_rate_get_stats(r).evicted, 100000);
    cr_assert_gt(used, 1900, "of 2000");
    kd_rate_destroy(r);
}

/* ---- the text of a configuration ---- */

static kd_limit limit_of(const char *text)
{
    kd_limit limit;
    kd_limit_set(&limit, kd_bytes_str("user"), text);
    return limit;
}

Test(rate, texts_are_read_or_refused)
{
    static const char *const bad[] = {
        "",         "100",        "100/",      "100/1",          "/1m",
        "0/1m",     "100/0s",     "1/500ms",   "1/1500ms",       "1/32d",
        "100/1m,",  "1/1m, 2/1m", "1/1h,2/1m", "1/1s,2/2s,3/3s", "2000000000/1s",
        "100 / 1m", "-1/1m",      "1/1m x"};
    for (size_t i = 0; i < KD_COUNT(bad); i++)
        cr_expect_not(kd_rate_text_valid(kd_bytes_str(bad[i])), "%s", bad[i]);
    kd_limit limit = limit_of("100/1m, 1000/1h");
    cr_assert_eq(limit.rule.count, 2);
    cr_assert_eq(limit.rule.at[0].quota, 100);
    cr_assert_eq(limit.rule.at[0].window_us, 60 * SECOND);
    cr_assert_eq(limit.rule.at[1].quota, 1000);
    cr_assert_eq(limit.rule.at[1].window_us, 3600 * SECOND);
    cr_assert_eq(limit_of(NULL).rule.count, 0);
    cr_assert(kd_rate_text_one(kd_bytes_str("5/1s")));
    cr_assert_not(kd_rate_text_one(kd_bytes_str("5/1s, 6/2s")));
}

Test(rate, other_windows_and_other_names_are_counted_apart)
{
    kd_rate_rules rules = {.user = limit_of("5/1s")};
    kd_rate_rules_add(&rules, kd_bytes_str("user"), "5/1s");
    kd_rate_rules_add(&rules, kd_bytes_str("reels"), "");
    cr_assert_eq(limit_of("5/1s").id, rules.user.id);
    cr_assert_neq(limit_of("6/1s").id, rules.user.id);
    cr_assert_neq(kd_rate_rules_of(&rules, kd_bytes_str("user"))->id, rules.user.id);
    cr_assert_eq(kd_rate_rules_of(&rules, kd_bytes_str("reels"))->rule.count, 0);
    cr_assert_eq(kd_rate_rules_of(&rules, kd_bytes_str("posts")), &rules.user);
    kd_rate_rules_finish(&rules);
}
