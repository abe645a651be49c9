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
    return check_settings(s, lines, line, w) && check_restores(s, line, w) && check_points(s, line, w) &&
           check_orders(s, line, w);
}
