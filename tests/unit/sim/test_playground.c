/* test_playground.c - whose requests the playground answers, what it takes for true, how it reads its regions, and the files that it serves. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "sim/playground/assets.h"
#include "sim/playground/guard.h"
#include "sim/playground/region.h"
#include "sim/playground/truth.h"

/* ---- guard ---- */

static bool admits(const char *host, const char *origin, const char *type, bool writes)
{
    return sim_guard_fault(&(sim_guard_request){.host = kd_bytes_str(host),
                                                .origin = kd_bytes_str(origin),
                                                .content_type = kd_bytes_str(type),
                                                .writes = writes}) == NULL;
}

Test(playground_guard, its_own_page_and_programs_without_an_origin_may_throw_switches)
{
    cr_assert(admits("127.0.0.1:8450", "http://127.0.0.1:8450", "application/json", true));
    cr_assert(admits("localhost:8450", "http://localhost:8450", "Application/JSON; charset=utf-8", true));
    cr_assert(admits("127.0.0.1:8450", "", "application/json", true));
    cr_assert(admits("127.0.0.1:8450", "", "", false));
}

Test(playground_guard, another_page_may_not)
{
    cr_assert(!admits("127.0.0.1:8450", "http://127.0.0.1:8451", "application/json", true));
    cr_assert(!admits("127.0.0.1:8450", "http://localhost:8450", "application/json", true));
    cr_assert(!admits("127.0.0.1:8450", "https://127.0.0.1:8450", "application/json", true));
    cr_assert(!admits("127.0.0.1:8450", "http://127.0.0.1:8450.evil.example", "application/json", true));
    cr_assert(!admits("127.0.0.1:8450", "null", "application/json", true));
    cr_assert(!admits("127.0.0.1:8450", "http://evil.example", "", false));
}

Test(playground_guard, a_name_that_points_here_is_not_this_machine)
{
    cr_assert(!admits("evil.example:8450", "http://evil.example:8450", "application/json", true));
    cr_assert(!admits("evil.example:8450", "", "", false));
    cr_assert(!admits("", "", "", false));
}

Test(playground_guard, a_form_throws_no_switch)
{
    cr_assert(!admits("127.0.0.1:8450", "", "", true));
    cr_assert(!admits("127.0.0.1:8450", "", "text/plain", true));
    cr_assert(!admits("127.0.0.1:8450", "", "application/x-www-form-urlencoded", true));
    cr_assert(!admits("127.0.0.1:8450", "", "application/jsonp", true));
    cr_assert(!admits("127.0.0.1:8450", "", "application/json;, text/plain", true));
    cr_assert(admits("127.0.0.1:8450", "", "Application/JSON; charset=utf-8", true));
}

/* ---- truth ---- */

enum { SECOND = 1000000 };
static const sim_truth_tap like_here = {.user = 0, .post = 0, .region = 0, .like = true};

static void is_between(const sim_truth *t, uint64_t least, uint64_t most)
{
    sim_oracle_bounds b = sim_truth_count(t, 0);
    cr_assert(b.least == least && b.most == most, "%llu to %llu", (unsigned long long)b.least,
              (unsigned long long)b.most);
}

Test(playground_truth, a_like_counts_when_it_was_acknowledged)
{
    sim_truth *t = sim_truth_create();
    is_between(t, 0, 0);
    uint64_t tap = (uint64_t)sim_truth_asked(t, &like_here, 1 * SECOND);
    is_between(t, 0, 1);
    cr_assert(sim_truth_again(t, tap, 2 * SECOND));
    is_between(t, 0, 1);
    cr_assert(sim_truth_answered(t, tap, true, 3 * SECOND));
    is_between(t, 1, 1);
    cr_assert_eq(sim_truth_count(t, 1).most, 0, "of that post alone");
    sim_truth_destroy(t);
}

Test(playground_truth, a_tap_that_was_refused_did_not_happen)
{
    sim_truth *t = sim_truth_create();
    uint64_t tap = (uint64_t)sim_truth_asked(t, &like_here, 1 * SECOND);
    sim_truth_again(t, tap, 2 * SECOND);
    cr_assert(sim_truth_answered(t, tap, false, 3 * SECOND));
    is_between(t, 0, 0);
    sim_truth_destroy(t);
}

Test(playground_truth, a_tap_that_is_over_or_never_was_changes_nothing)
{
    sim_truth *t = sim_truth_create();
    uint64_t tap = (uint64_t)sim_truth_asked(t, &like_here, 1 * SECOND);
    cr_assert(sim_truth_answered(t, tap, true, 2 * SECOND));
    cr_assert(!sim_truth_answered(t, tap, false, 3 * SECOND));
    cr_assert(!sim_truth_again(t, tap, 3 * SECOND));
    cr_assert(!sim_truth_answered(t, tap + 1, true, 3 * SECOND));
    is_between(t, 1, 1);
    sim_truth_destroy(t);
}

Test(playground_truth, a_user_with_two_phones_counts_once_and_his_last_word_holds)
{
    sim_truth *t = sim_truth_create();
    sim_truth_tap there = like_here, back = like_here;
    there.region = 1;
    back.like = false;
    sim_truth_answered(t, (uint64_t)sim_truth_asked(t, &like_here, 1 * SECOND), true, 1 * SECOND + 1);
    sim_truth_answered(t, (uint64_t)sim_truth_asked(t, &there, 3 * SECOND), true, 3 * SECOND + 1);
    is_between(t, 1, 1);
    sim_truth_answered(t, (uint64_t)sim_truth_asked(t, &back, 5 * SECOND), true, 5 * SECOND + 1);
    is_between(t, 0, 0);
    sim_truth_destroy(t);
}

Test(playground_truth, of_two_taps_at_once_either_may_be_the_last)
{
    sim_truth *t = sim_truth_create();
    sim_truth_tap back = like_here;
    back.region = 1;
    back.like = false;
    uint64_t one = (uint64_t)sim_truth_asked(t, &like_here, SECOND);
    uint64_t other = (uint64_t)sim_truth_asked(t, &back, SECOND + 1);
    sim_truth_answered(t, one, true, SECOND + 2);
    sim_truth_answered(t, other, true, SECOND + 3);
    is_between(t, 0, 1);
    sim_truth_destroy(t);
}

Test(playground_truth, so_many_taps_and_no_more)
{
    sim_truth *t = sim_truth_create();
    sim_truth_tap tap = like_here;
    for (uint32_t i = 0; i < SIM_TRUTH_TAPS_MAX; i++) {
        cr_assert_eq(sim_truth_room(t), SIM_TRUTH_TAPS_MAX - i);
        tap.user = i;
        cr_assert_eq(sim_truth_asked(t, &tap, SECOND), (int64_t)i);
    }
    cr_assert_eq(sim_truth_room(t), 0);
    cr_assert_eq(sim_truth_asked(t, &tap, SECOND), -1);
    is_between(t, 0, SIM_TRUTH_TAPS_MAX);
    sim_truth_destroy(t);
}

Test(playground_truth, names_are_known)
{
    cr_assert_eq(sim_truth_person(kd_bytes_str("ada")), 0);
    cr_assert_eq(sim_truth_person(kd_bytes_str("eve")), -1);
    cr_assert_eq(sim_truth_post(kd_bytes_str(sim_truth_posts[1])), 1);
    cr_assert_eq(sim_truth_post(kd_bytes_str("posts/")), -1);
}

/* ---- regions ---- */

Test(playground_region, a_region_is_a_name_and_a_port)
{
    sim_region r = {.name = ""};
    cr_assert(sim_region_read(&r, "mumbai=8441"));
    cr_assert_str_eq(r.name, "mumbai");
    cr_assert_eq(r.edge, 8441);
    static const char *const wrong[] = {"mumbai",   "mumbai=",      "=8441",
                                        "mumbai=0", "mumbai=65536", "mumbai=1x",
                                        "Mumbai=1", "mumbai=-1",    "a-name-that-is-longer-than-32-bytes=1"};
    for (size_t i = 0; i < KD_COUNT(wrong); i++) cr_assert(!sim_region_read(&r, wrong[i]), "%s", wrong[i]);
}

/* ---- files ---- */

Test(playground_assets, the_page_and_the_client_are_part_of_the_program)
{
    const sim_asset *page = sim_asset_find(kd_bytes_str("/"));
    cr_assert(page && page == sim_asset_find(kd_bytes_str("/index.html")));
    cr_assert_eq(memcmp(page->begin, "<!doctype html>", 15), 0);
    cr_assert_str_eq(sim_asset_type(page), "text/html; charset=utf-8");
    const sim_asset *client = sim_asset_find(kd_bytes_str("/sdk/client/client.js"));
    cr_assert(client && client->end > client->begin);
    cr_assert_str_eq(sim_asset_type(client), "text/javascript; charset=utf-8");
    cr_assert_null(sim_asset_find(kd_bytes_str("/sdk/../index.html")));
    cr_assert_null(sim_asset_find(kd_bytes_str("")));
}
