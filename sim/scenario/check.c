/*
 * check.c - what is wrong with a scenario as a whole.
 */
#include "sim/scenario/language.h"

static bool check_settings(const scenario *s, const scenario_lines *lines, uint32_t *line, words *w)
{
    const scenario_users *u = &s->users;
    uint32_t mix = u->like_percent + u->unlike_percent + u->save_percent + u->view_percent;
    *line = lines->mix;
    if (mix != 100) return words_refuse(w, "the parts of the mix are together %u, not 100", mix);
    *line = lines->shards;
    if (s->shards > s->partitions)
        return words_refuse(w, "there are more shards (%u) than partitions (%u)", s->shards, s->partitions);
    *line = lines->viral;
    if (u->viral_from_us > s->length_us) return words_refuse(w, "that is after the end (see length)");
    return true;
}

/* A restore needs something to put back. */
static bool check_restores(const scenario *s, uint32_t *line, words *w)
{
    bool kept[SCENARIO_EDGES_MAX + 1] = {0};
    for (uint32_t i = 0; i < s->event_count; i++) {
        const scenario_event *e = &s->events[i];
        if (e->kind == SCENARIO_BACKUP) kept[e->who + 1] = true;
        if (e->kind != SCENARIO_RESTORE || kept[e->who + 1]) continue;
        *line = e->line;
        return words_refuse(w, "nothing of %s was backed up before (at ... back up %s)",
                            scenario_who(s, e->who), scenario_who(s, e->who));
    }
    return true;
}

bool scenario_check(const scenario *s, const scenario_lines *lines, uint32_t *line, words *w)
{
    return check_settings(s, lines, line, w) && check_restores(s, line, w);
}
