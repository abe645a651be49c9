/*
 * check_least.c - no number lacks a like that it must hold. "least": a number shown with an `as_of` holds every like that was acknowledged anywhere
 * before and not taken back since (promise 5). "own-like": the number in the answer to a like holds that like, and all of these.
 *
 * A number may lack all the same:
 * - one for each user with an unconfirmed operation here that rests on a row which this edge could not know to be stale: the user went on elsewhere
 *   afterwards, was not answered there, or brought no token (api.md, "pending"). sim_journal_misled counts these users, from the journal alone;
 * - as many as are pending, at an edge whose disk was put back, until central has merged the batches that are moved. The number may hold them
 *   already, an unlike as well, and while the edge is cut off it cannot know (rule 20). Of a stale number, which is never sure to hold them, until
 *   it is read;
 * - of one's own like, as many as are pending at an edge that a restore of central threw back (rule 15): such an answer tells no as_of;
 * - one's own like, until central has merged again what a restore undid (rule 17: operations that are sent again have no delta);
 * - likes of users who acted at an edge that was ever copied while it ran, or is retired, or whose readmission was not durable when central made
 *   the number: as in check_as_of.c;
 * - anything, at an edge whose copy runs, and until central has merged what both processes took.
 */
#include "sim/check/checking.h"
#include "sim/check/excuse.h"
#include "sim/check/pending.h"
#include "sim/check/words.h"

/* Of two processes that use one name neither knows what the other took, so no number of them is judged. */
static bool is_off(const sim_checks *c, uint32_t slot)
{
    bool off = false;
    for (uint32_t p = 0; p < c->view.scenario->partitions; p++) off |= sim_check_excuse_doubled(c, slot, p);
    return off;
}

static uint64_t may_be_missing(const sim_checks *c, uint32_t slot, uint32_t counter, uint32_t item,
                               const kd_view *view)
{
    uint32_t partition = c->partition[item], edge = sim_check_edge(slot);
    bool sent_again =
        view->fresh ? sim_check_excuse_moved(c, slot, partition) ||
                          (view->as_of_us == 0 && sim_check_excuse_undone(c, slot, partition))
                    : c->doubled[edge] || c->disk_changed[edge] || c->slots[slot].undone_us[partition] != 0;
    uint64_t misled =
        sim_journal_misled(c->view.journal, counter, item, edge,
                           sim_check_pending_from_us(c, slot, item, view), sim_check_excuse_gone_us(c, slot));
    return sent_again ? KD_MAX(misled, view->pending[counter]) : misled;
}

/* The earliest true time at which the number can have been made. */
static uint64_t made_since(const sim_checks *c, const kd_view *view)
{
    return view->made_us > c->wrong_clock_us ? view->made_us - c->wrong_clock_us : 0;
}

/* Whether the number holds at least the likes that it must hold; *least is set where it does not. Cheap first: mostly it holds every like there is,
 * or lacks some of the newest. */
static bool check_least_holds(const sim_checks *c, uint32_t slot, uint32_t counter, uint32_t item,
                              const kd_view *view, uint32_t but, uint64_t *least)
{
    uint64_t all, most, own = but != CHECK_NOTHING;
    uint64_t as_of_us = view->as_of_us > c->wrong_clock_us ? view->as_of_us - c->wrong_clock_us : 0;
    sim_journal_bounds(c->view.journal, counter, item, &all, &most);
    if (view->count[counter] >= all + own) return true;
    uint64_t lacks = all + own - view->count[counter];
    uint64_t may_lack = sim_journal_unsettled(c->view.journal, counter, item, as_of_us, but,
                                              sim_check_excuse_edges(c, made_since(c, view)), lacks);
    if (may_lack >= lacks) return true;
    *least = all + own - may_lack;
    return view->count[counter] + may_be_missing(c, slot, counter, item, view) >= *least;
}

void sim_check_least_viewed(sim_checks *c, uint32_t slot, uint32_t item, const kd_view *view)
{
    uint64_t least;
    if (view->as_of_us == 0 || is_off(c, slot)) return;
    for (uint32_t counter = 0; counter < SCENARIO_COUNTERS; counter++) {
        if (c->view.counters->at[counter].kind == KD_SUM) continue;
        c->made++;
        if (!check_least_holds(c, slot, counter, item, view, CHECK_NOTHING, &least))
            sim_check_fail(c, "least",
                           "%s shows %llu %ss of %s (%u pending) as of %.3f s ago, but at least %llu were "
                           "acknowledged before that and not taken back",
                           sim_check_slot_name(c, slot), (unsigned long long)view->count[counter],
                           c->view.counters->at[counter].name, sim_check_item_name(c, item),
                           view->pending[counter], sim_check_seconds_ago(c, view->as_of_us),
                           (unsigned long long)least);
    }
}

void sim_check_least_answered(sim_checks *c, uint32_t slot, const sim_journal_attempt *a, const kd_view *view)
{
    uint64_t least;
    if (a->verb != KD_LIKE || !sim_journal_is_last(c->view.journal, a->id) || is_off(c, slot) ||
        sim_check_pending_awaits(c, slot, a->counter, a->item, view->fresh))
        return;
    c->made++;
    if (!check_least_holds(c, slot, a->counter, a->item, view, a->user, &least))
        sim_check_fail(c, "own-like",
                       "%s answers %s with the number %llu; with this operation counted it must be at least "
                       "%llu [attempt %u]",
                       sim_check_slot_name(c, slot), sim_check_attempt_name(c, a),
                       (unsigned long long)view->count[a->counter], (unsigned long long)least, a->id);
}
