/* test_seen.c - session tokens: at which edges a user spoke, which of that this edge still has, and what central must have merged. */
#include "kudos/seen.h"

#include <criterion/criterion.h>

/* This edge: life 1 is the present one, and its disk holds life 7 up to stamp 500. */
static const kd_lives here = {.edge = 10, .count = 2, .at = {{UINT64_MAX, 1}, {500, 7}}};
static const kd_lives there = {.edge = 20, .count = 1, .at = {{UINT64_MAX, 2}}};
static const kd_lives beyond = {.edge = 30, .count = 1, .at = {{UINT64_MAX, 3}}};

Test(seen, stamps_of_this_edge_are_not_elsewhere)
{
    kd_seen s = {.rest_us = 0};
    kd_seen_add(&s, &here, 100);
    cr_expect_eq(kd_seen_newest_us(&s), 100);
    cr_expect_eq(kd_seen_elsewhere_us(&s, &here), 0);
    cr_expect_eq(kd_seen_elsewhere_us(&s, &there), 100);
    kd_seen_add(&s, &there, 200);
    kd_seen_add(&s, &here, 300);
    cr_expect_eq(kd_seen_newest_us(&s), 300);
    cr_expect_eq(kd_seen_elsewhere_us(&s, &here), 200);
    cr_expect_eq(kd_seen_elsewhere_us(&s, &there), 300);
}

Test(seen, a_third_edge_pushes_the_oldest_into_the_rest)
{
    kd_seen s = {.rest_us = 0};
    kd_seen_add(&s, &here, 100);
    kd_seen_add(&s, &there, 200);
    kd_seen_add(&s, &beyond, 300);
    cr_expect_eq(s.rest_us, 100);
    cr_expect_eq(kd_seen_elsewhere_us(&s, &beyond), 200);
    cr_expect_eq(kd_seen_elsewhere_us(&s, &here), 300);
    kd_seen_add(&s, &here, 50);
    cr_expect(s.at[0].time_us == 300 && s.at[1].time_us == 200 && s.rest_us == 100, "a late answer");
}

Test(seen, a_life_that_the_disk_does_not_know_or_not_to_its_end_is_elsewhere)
{
    kd_seen known = {.at = {{500, 10, 7}}}, lost = {.at = {{501, 10, 7}}}, unknown = {.at = {{100, 10, 9}}},
            namesake = {.at = {{100, 11, 1}}};
    cr_expect_eq(kd_seen_elsewhere_us(&known, &here), 0);
    cr_expect_eq(kd_seen_elsewhere_us(&lost, &here), 501, "taken behind the copy of which this disk is");
    cr_expect_eq(kd_seen_elsewhere_us(&unknown, &here), 100);
    cr_expect_eq(kd_seen_elsewhere_us(&namesake, &here), 100, "of another edge");
}

Test(seen, the_lives_of_one_edge_are_one_entry)
{
    kd_seen s = {.at = {{400, 20, 2}, {300, 10, 7}}};
    kd_seen_add(&s, &here, 450);
    cr_expect(s.at[0].time_us == 450 && s.at[0].life == 7 && s.at[1].time_us == 400,
              "a retry of the life before is told");
    kd_seen_add(&s, &here, 550);
    cr_expect(s.at[0].time_us == 550 && s.at[0].life == 1 && s.at[1].time_us == 400 && s.rest_us == 0);
}

Test(seen, goes_to_central_as_text_and_nothing_else_is_read)
{
    char text[KD_SEEN_TEXT_MAX];
    kd_seen s = {.at = {{UINT64_MAX, UINT32_MAX, 1}, {5, 6, 7}}, .rest_us = UINT64_MAX}, back;
    size_t len = kd_seen_text(&s, text);
    cr_assert_lt(len, sizeof text);
    cr_assert(kd_seen_parse(kd_bytes_of(text, len), &back));
    cr_expect(back.at[0].time_us == UINT64_MAX && back.at[0].edge == UINT32_MAX && back.at[1].time_us == 5 &&
              back.rest_us == UINT64_MAX);
    static const char *const bad[] = {"",
                                      "0:0,0:0",
                                      "0:0,0:0,",
                                      "0:0,0:0,0,",
                                      "0:0,0:0,0 ",
                                      ":0,0:0,0",
                                      "0:,0:0,0",
                                      "x:0,0:0,0",
                                      "A:0,0:0,0",
                                      "-1:0,0:0,0",
                                      "0:0,0:0,g",
                                      "100000000:0,0:0,0",
                                      "0:10000000000000000,0:0,0"};
    for (size_t i = 0; i < KD_COUNT(bad); i++)
        cr_expect(!kd_seen_parse(kd_bytes_str(bad[i]), &back), "%s", bad[i]);
}
