/*
 * check_liked.c - "liked": when a user is told that he likes an item, or that he does not, it agrees with his last operation anywhere. Judged where
 * clients carry the session token, and where every operation that may be his last was answered before he asked. "Unknown" is always allowed.
 *
 * Not judged, for a reason each:
 * - without tokens: an edge cannot know what its user did elsewhere, and tells what he did here (api.md); "own-word" judges that;
 * - a user who acted on this item at an edge that was ever copied while it ran: what is acknowledged under a doubled name is not promised;
 * - answers of a central that was put back and calls an edge retired that the operator took back: the restore undid the command, and he repeats it
 *   (rule 23);
 * - a user who acted on it at an edge that is retired, or was taken back since he asked: the operator declared that nobody waits for what such an
 *   edge holds.
 */
#include "sim/check/checking.h"
#include "sim/check/excuse.h"
#include "sim/check/retired.h"
#include "sim/check/words.h"

/* Until the operator repeats the command, a restored central may call an edge retired that was taken back. */
void sim_check_liked_asked(sim_checks *c)
{
    for (uint32_t e = 0; e < c->view.scenario->edge_count; e++)
        if (c->readmitted[e] && sim_check_retired_anywhere(c, e)) c->retired_answer_us = sim_check_now(c);
}

void sim_check_liked_told(sim_checks *c, uint32_t slot, uint32_t counter, uint32_t item, uint32_t user,
                          int liked, uint64_t begun_us)
{
    bool settled;
    if (liked != 0 && liked != 1) return;
    if (!sim_scenario_tokens_kept(c->view.scenario)) return;
    if (c->central_undone && begun_us <= c->retired_answer_us) return;
    if (sim_journal_pair_edges(c->view.journal, counter, item, user) & sim_check_excuse_edges(c, begun_us))
        return;
    sim_oracle_verdict verdict = sim_journal_pair(c->view.journal, counter, item, user, begun_us, &settled);
    if (!settled || verdict == ORACLE_MAY) return;
    c->made++;
    if (liked != (verdict == ORACLE_MUST))
        sim_check_fail(c, "liked", "%s tells %s: you are %s%s; %s", sim_check_slot_name(c, slot),
                       c->view.users[user], liked ? "" : "not ", sim_check_among(c, counter, item),
                       sim_check_last_word(c, counter, item, user));
}
