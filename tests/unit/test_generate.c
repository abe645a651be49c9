/*
 * The generated hour: the same for a seed, in order of time, and with everything in it that it is made for.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "sim/generate.h"

static const kd_generate_plan plan = {
    .users = 5000, .items = 300, .events = 12000, .seed = 3, .seconds = 3600};

static kd_generate_event *make(const kd_generate_plan *p)
{
    kd_generate_event *events = kd_alloc(p->events * sizeof *events);
    kd_generate(p, events);
    return events;
}

Test(generate, a_seed_is_an_hour)
{
    kd_generate_plan other = plan;
    other.seed = 4;
    kd_generate_event *a = make(&plan), *b = make(&plan), *c = make(&other);
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
    kd_generate_event *e = make(&plan);
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
    kd_generate_event *e = make(&plan);
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
