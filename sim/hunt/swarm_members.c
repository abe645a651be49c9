/* swarm_members.c - central as two or three members, which die, freeze, are cut off and hand over. */
#include "sim/hunt/swarm_draw.h"

#include <stdio.h>

/* Kinds that befall central alone, or that take away what members rest on: a likes topic that is read once, in order, and loses nothing. */
static bool members_leave_out(const sim_scenario_event *e)
{
    switch (e->kind) {
    case SCENARIO_LOG_REDELIVERS:
    case SCENARIO_LOG_TRUNCATED:
    case SCENARIO_LOG_EXPIRED:
    case SCENARIO_LOG_RECREATED:
    case SCENARIO_LOG_FORGED:
    case SCENARIO_LOG_FORGED_AHEAD:
    case SCENARIO_SECOND:
        return true;
    case SCENARIO_BACKUP:
    case SCENARIO_RESTORE:
    case SCENARIO_WIPE:
    case SCENARIO_CLOCK_STEP:
    case SCENARIO_CLOCK_DRIFT:
    case SCENARIO_CLOCK_SWING:
        return e->who == SCENARIO_CENTRAL;
    default:
        return e->who == SCENARIO_CENTRAL &&
               (sim_scenario_about_item(e->kind) || sim_scenario_about_users(e->kind));
    }
}

/* What befalls central befalls one of them. */
static void members_take_over_events(sim_swarm *d)
{
    sim_scenario *s = d->s;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->event_count; i++) {
        sim_scenario_event e = s->events[i];
        if (members_leave_out(&e)) continue;
        if (e.who == SCENARIO_CENTRAL)
            e.who = sim_scenario_member((uint32_t)sim_swarm_below(d, s->member_count));
        s->events[kept++] = e;
    }
    s->event_count = kept;
}

/* One after the other, so that most of the time somebody can take over; now and then two at once. */
static void members_add_faults(sim_swarm *d)
{
    static const sim_scenario_kind kinds[] = {SCENARIO_KILL, SCENARIO_KILL, SCENARIO_FREEZE, SCENARIO_CUT,
                                              SCENARIO_RESTART};
    for (uint64_t n = sim_swarm_between(d, 1, 6); n > 0; n--) {
        sim_scenario_event e =
            sim_swarm_event(kinds[sim_swarm_below(d, KD_COUNT(kinds))],
                            sim_scenario_member((uint32_t)sim_swarm_below(d, d->s->member_count)),
                            sim_swarm_below(d, d->s->length_us / MS) * MS, 0);
        if (e.kind == SCENARIO_CUT) e.way = (sim_scenario_way)sim_swarm_below(d, 3);
        if (e.kind == SCENARIO_CUT && sim_swarm_chance(d, 60)) e.peer = SCENARIO_KAFKA;
        if (e.kind != SCENARIO_RESTART) e.for_us = sim_swarm_scaled(d, 200 * MS, 20 * SECOND, 100 * MS);
        sim_swarm_add(d, e);
    }
}

/* The last one comes late; nothing befalls it before. */
static void members_join(sim_swarm *d)
{
    sim_scenario *s = d->s;
    const int late = sim_scenario_member(s->member_count - 1);
    uint64_t at_us = sim_swarm_between(d, 2, s->length_us / SECOND / 2) * SECOND;
    for (uint32_t i = 0; i < s->event_count; i++)
        if (s->events[i].who == late && s->events[i].at_us <= at_us)
            s->events[i].who = sim_scenario_member(0);
    sim_swarm_add(d, sim_swarm_event(SCENARIO_JOIN, late, at_us, 0));
}

void sim_swarm_members(uint64_t seed, sim_scenario *s)
{
    static const char *const names[] = {"a", "b", "c"};
    sim_swarm d = {.random = seed ^ 0x6d656d6265727325u, .s = s};
    if (!sim_swarm_chance(&d, 12)) return;
    s->member_count = PICK(&d, 2, 3, 3);
    for (uint32_t i = 0; i < s->member_count; i++) snprintf(s->members[i], SCENARIO_NAME_MAX, "%s", names[i]);
    s->length_us = KD_MAX(s->length_us, 30ull * SECOND);
    s->decides = s->closes = false;
    s->life_us = s->life_keep_us = 0;
    members_take_over_events(&d);
    members_add_faults(&d);
    if (sim_swarm_chance(&d, 25)) members_join(&d);
}
