/*
 * The generated hour: the same for a seed, in order of time, and with everything in it that it is made for.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "sim/users/generate.h"

static const sim_generate_plan plan = {
    .users = 5000, .items = 300, .events = 12000, .seed = 3, .seconds = 3600};

static sim_generate_event *make(const sim_generate_plan *p)
{
    sim_generate_event *events = kd_alloc(p->events * sizeof *events);
    sim_generate(p, events);
    return events;
}

Test(generate, a_seed_is_an_hour)
{
    sim_generate_plan other = plan;
    other.seed = 4;
    sim_generate_event *a = make(&plan), *b = make(&plan), *c = make(&other);
    uint64_t same = 0, same_as_other = 0;
    for (uint64_t i = 0; i < plan.events; i++) {
        same += a[i].at_ms == b[i].at_ms && a[i].user == b[i].user && a[i].item == b[i].item &&
                a[i].liked == b[i].liked;
        same_as_other += a[i].at_ms == c[i].at_ms && a[i].user == c[i].user;
    }
    cr_assert_eq(same, plan.events);
    cr_assert_lt(same_as_other, plan.events / 100);
    free(a), free(b), free(c);
}

Test(generate, sorted_and_within_its_bounds)
{
    sim_generate_event *e = make(&plan);
    for (uint64_t i = 0; i < plan.events; i++) {
        cr_assert(e[i].user < plan.users && e[i].item <= plan.items && e[i].at_ms < plan.seconds * 1000);
        if (i > 0)
            cr_assert(e[i - 1].at_ms < e[i].at_ms ||
                      (e[i - 1].at_ms == e[i].at_ms && e[i - 1].order < e[i].order));
    }
    free(e);
}

Test(generate, holds_what_it_is_made_for)
{
    sim_generate_event *e = make(&plan);
    uint64_t viral = 0, unlikes = 0, double_taps = 0;
    for (uint64_t i = 0; i < plan.events; i++) {
        viral += e[i].item == 0;
        unlikes += !e[i].liked;
        double_taps +=
            i > 0 && e[i].at_ms == e[i - 1].at_ms && e[i].user == e[i - 1].user && e[i].item == e[i - 1].item;
    }
    cr_expect(viral > plan.events / 4 && viral < plan.events / 2, "%llu", (unsigned long long)viral);
    cr_expect(unlikes > plan.events / 50, "%llu", (unsigned long long)unlikes);
    cr_expect(double_taps > plan.events / 200, "%llu", (unsigned long long)double_taps);
    free(e);
}

/* Replays it: what a user did to an item before tells what an event is. */
Test(generate, people_change_their_minds)
{
    enum { NEVER, LIKED, TAKEN_BACK };
    sim_generate_event *e = make(&plan);
    uint8_t *state = kd_alloc(plan.users * (plan.items + 1));
    uint64_t idle = 0, taken_back = 0, again = 0;
    for (uint64_t i = 0; i < plan.events; i++) {
        uint8_t *s = &state[e[i].user * (plan.items + 1) + e[i].item];
        idle += !e[i].liked && *s == NEVER;
        taken_back += !e[i].liked && *s == LIKED;
        again += e[i].liked && *s == TAKEN_BACK;
        if (e[i].liked || *s != NEVER) *s = e[i].liked ? LIKED : TAKEN_BACK;
    }
    cr_expect(idle > plan.events / 250 && idle < plan.events / 50, "idle %llu", (unsigned long long)idle);
    cr_expect(taken_back > plan.events / 50, "taken back %llu", (unsigned long long)taken_back);
    cr_expect(again > taken_back / 3 && again < taken_back * 2 / 3, "again %llu", (unsigned long long)again);
    free(state);
    free(e);
}

/* It breaks after a fifth of the hour, crowds at once, and every like is another user's as long as there are
 * any. */
static void story_of(const sim_generate_plan *p)
{
    sim_generate_event *e = make(p);
    bool *seen = kd_alloc(p->users * sizeof *seen);
    uint64_t likes = 0, users = 0, early = 0, begin = p->seconds * 1000 / 5;
    for (uint64_t i = 0; i < p->events; i++) {
        if (e[i].item != 0 || !e[i].liked) continue;
        cr_assert_geq(e[i].at_ms, begin);
        likes++;
        early += e[i].at_ms < begin + (p->seconds * 1000 - begin) / 4;
        users += !seen[e[i].user];
        seen[e[i].user] = true;
    }
    cr_expect_gt(early, likes / 2, "%llu of %llu in the first quarter", (unsigned long long)early,
                 (unsigned long long)likes);
    /* Besides first likes there are double taps and likes again, a twentieth or so. */
    cr_expect_geq(users, KD_MIN(likes * 9 / 10, p->users), "%llu users, %llu likes",
                  (unsigned long long)users, (unsigned long long)likes);
    free(seen);
    free(e);
}

Test(generate, the_story)
{
    story_of(&plan);
    sim_generate_plan few = plan;
    few.users = 15; /* whose golden section, nine, shares a divisor with it */
    few.events = 600;
    story_of(&few);
}

Test(generate, quiet_items_are_skewed_and_of_all_kinds)
{
    sim_generate_event *e = make(&plan);
    uint64_t head = 0, tail = 0;
    bool kinds[3] = {0};
    for (uint64_t i = 0; i < plan.events; i++) {
        char item[48];
        sim_generate_item(e[i].item, item);
        head += e[i].item >= 1 && e[i].item <= 10;
        tail += e[i].item > plan.items - 10;
        kinds[0] = kinds[0] || strncmp(item, "posts/", 6) == 0;
        kinds[1] = kinds[1] || strncmp(item, "reels/", 6) == 0;
        kinds[2] = kinds[2] || strncmp(item, "comments/", 9) == 0;
    }
    cr_expect(tail > 0 && head > 10 * tail, "head %llu, tail %llu", (unsigned long long)head,
              (unsigned long long)tail);
    cr_expect(kinds[0] && kinds[1] && kinds[2]);
    free(e);
}
