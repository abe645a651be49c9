/*
 * check.c - what only the whole scenario can tell: parts that must add up, events that need an earlier one.
 */
#include "sim/scenario/language.h"
#include "sim/scenario/points.h"

static bool check_settings(const sim_scenario *s, const sim_scenario_lines *lines, uint32_t *line,
                           sim_scenario_words *w)
{
    const sim_scenario_users *u = &s->users;
    uint32_t mix = u->like_percent + u->unlike_percent + u->save_percent + u->view_percent;
    *line = lines->mix;
    if (mix != 100) return sim_words_refuse(w, "the parts of the mix are together %u, not 100", mix);
    *line = lines->shards;
    if (s->shards > s->partitions)
        return sim_words_refuse(w, "there are more shards (%u) than partitions (%u)", s->shards,
                                s->partitions);
    *line = lines->viral;
    if (u->viral_from_us > s->length_us) return sim_words_refuse(w, "that is after the end (see length)");
    return true;
}

static bool check_member_names(const sim_scenario *s, const sim_scenario_lines *lines, uint32_t *line,
                               sim_scenario_words *w)
{
    *line = lines->members;
    for (uint32_t m = 0; m < s->member_count; m++)
        for (uint32_t e = 0; e < s->edge_count; e++)
            if (strcmp(s->members[m], s->edges[e]) == 0)
                return sim_words_refuse(w, "%s is a member of central, and an edge", s->members[m]);
    return true;
}

/* What may befall a member of central: its links, its process, its disk. */
static bool check_befalls_member(sim_scenario_kind kind)
{
    switch (kind) {
    case SCENARIO_CUT:
    case SCENARIO_FLAP:
    case SCENARIO_DELAY:
    case SCENARIO_LOSS:
    case SCENARIO_BANDWIDTH:
    case SCENARIO_RESET:
    case SCENARIO_FENCE:
    case SCENARIO_KILL:
    case SCENARIO_FREEZE:
    case SCENARIO_RESTART:
    case SCENARIO_JOIN:
    case SCENARIO_WIPE:
    case SCENARIO_DISK_FULL:
    case SCENARIO_DISK_SLOW:
    case SCENARIO_SYNC_FAILS:
        return true;
    default:
        return false;
    }
}

static bool check_member_event(const sim_scenario *s, const sim_scenario_event *e, sim_scenario_words *w)
{
    const char *kind = sim_scenario_kind_name(e->kind);
    if (s->member_count > 0 && e->who == SCENARIO_CENTRAL)
        return sim_words_refuse(w, "\"%s\" needs a central alone, and central has members here (%s...)", kind,
                                s->members[0]);
    if (sim_scenario_is_member(e->who) && !check_befalls_member(e->kind))
        return sim_words_refuse(w, "\"%s\" does not befall a member of central, as %s is", kind,
                                sim_scenario_who(s, e->who));
    return true;
}

/* A member that joins did not run before. */
static bool check_join(const sim_scenario *s, uint32_t index, sim_scenario_words *w)
{
    const sim_scenario_event *e = &s->events[index];
    uint32_t begin = 0;
    for (uint32_t i = 0; i < index; i++)
        if (s->events[i].who == e->who)
            return sim_words_refuse(w, "%s joins here, but something befalls it before",
                                    sim_scenario_who(s, e->who));
    for (uint32_t m = 0; m < s->member_count; m++) begin += sim_scenario_begins(s, m);
    if (begin == 0) return sim_words_refuse(w, "all members join later, so central does not begin");
    return true;
}

static bool check_members(const sim_scenario *s, const sim_scenario_lines *lines, uint32_t *line,
                          sim_scenario_words *w)
{
    if (!check_member_names(s, lines, line, w)) return false;
    for (uint32_t i = 0; i < s->event_count; i++) {
        *line = s->events[i].line;
        if (!check_member_event(s, &s->events[i], w)) return false;
        if (s->events[i].kind == SCENARIO_JOIN && !check_join(s, i, w)) return false;
    }
    return true;
}

/* A restore needs an earlier backup of the same disk. */
static bool check_restores(const sim_scenario *s, uint32_t *line, sim_scenario_words *w)
{
    bool kept[SCENARIO_EDGES_MAX + 1] = {0};
    for (uint32_t i = 0; i < s->event_count; i++) {
        const sim_scenario_event *e = &s->events[i];
        if (e->kind == SCENARIO_BACKUP) kept[e->who + 1] = true;
        if (e->kind != SCENARIO_RESTORE || kept[e->who + 1]) continue;
        *line = e->line;
        return sim_words_refuse(w, "nothing of %s was backed up before (at ... back up %s)",
                                sim_scenario_who(s, e->who), sim_scenario_who(s, e->who));
    }
    return true;
}

/* Who never passes the point would never be killed, and the scenario would test nothing. */
static bool check_points(const sim_scenario *s, uint32_t *line, sim_scenario_words *w)
{
    for (uint32_t i = 0; i < s->event_count; i++) {
        const sim_scenario_event *e = &s->events[i];
        if (e->kind != SCENARIO_ARM || sim_point_passed_by(e->point, e->who >= 0)) continue;
        *line = e->line;
        return sim_words_refuse(w, "%s never passes the point %s (%s)", sim_scenario_who(s, e->who),
                                sim_point_name(e->point), sim_point_text(e->point));
    }
    return true;
}

/* Each partition remembers so many voids that can be put back, and so many erased users; the operator of `decides` uses them all. */
static bool check_orders(const sim_scenario *s, uint32_t *line, sim_scenario_words *w)
{
    uint32_t voids = 0, erasures = 0;
    for (uint32_t i = 0; i < s->event_count; i++) {
        const sim_scenario_event *e = &s->events[i];
        voids += e->kind == SCENARIO_VOID;
        erasures += e->kind == SCENARIO_ERASE;
        *line = e->line;
        if (sim_scenario_about_users(e->kind) && s->decides)
            return sim_words_refuse(w,
                                    "the operator has orders by name, or decides by himself (decides yes)");
        if (voids > SCENARIO_ORDERS_MAX)
            return sim_words_refuse(w, "there are more than %d voids", SCENARIO_ORDERS_MAX);
        if (erasures > SCENARIO_ORDERS_MAX)
            return sim_words_refuse(w, "there are more than %d erasures", SCENARIO_ORDERS_MAX);
    }
    return true;
}

bool sim_scenario_check(const sim_scenario *s, const sim_scenario_lines *lines, uint32_t *line,
                        sim_scenario_words *w)
{
    return check_settings(s, lines, line, w) && check_members(s, lines, line, w) &&
           check_restores(s, line, w) && check_points(s, line, w) && check_orders(s, line, w);
}
