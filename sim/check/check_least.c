/*
 * check_least.c - no number lacks a like that it must hold. "least": a number shown with an `as_of` holds every like that was acknowledged anywhere before and not
 * taken back since (promise 5). "own-like": the number in the answer to a like holds that like besides.
 *
 * What may be missing all the same, and why:
 * - one for each user of whose operations here, not yet confirmed, one rests on a row that this edge could not know to be stale: he went on
 *   elsewhere afterwards, was not answered there, or brought no token (api.md, "pending"). journal_misled counts those users, from the journal alone;
 * - as many as are pending, at an edge whose disk was put back, or that a restore of central threw back: the number may hold already what is
 *   sent again or moved, an unlike as well (rules 15, 20);
 * - one's own like, until what a restore of central undid is merged again (rule 17: what is sent again has no delta);
 * - anything, once an edge was copied while it ran, or was retired: as in check_as_of.c.
 */
#include "sim/check/checking.h"

enum { CLOCK_SLACK_US = 20000 };

static bool is_off(const checks *c)
{
    bool off = c->any_doubled;
    for (uint32_t e = 0; e < c->view.scenario->edge_count; e++) off |= c->retired[e] || c->readmitted[e];
    return off;
}

/* A stale number holds what was merged when it was made; what was confirmed since is kept beside it (rule 17). */
uint64_t check_pending_from_us(const checks *c, uint32_t slot, uint32_t item, const kd_view *view)
{
    kd_edge_partition p;
    uint32_t partition = c->partition[item];
    kd_edge *e = c->view.edge(c->view.world, slot, partition % c->view.scenario->shards);
    if (!e || kd_edge_partition_get(e, partition, &p) != KD_OK) return 0;
    uint64_t margin = 2 * c->view.scenario->drift_us + c->wrong_clock_us + CLOCK_SLACK_US;
    uint64_t from_us = view->fresh ? p.watermark_us : KD_MIN(p.watermark_us, view->as_of_us);
    return from_us > margin ? from_us - margin : 0;
}

static uint64_t may_be_missing(const checks *c, uint32_t slot, uint32_t counter, uint32_t item, const kd_view *view)
{
    uint32_t partition = c->partition[item], edge = check_edge(slot);
    if (c->disk_changed[edge] || c->slots[slot].undone[partition]) return view->pending[counter];
    return journal_misled(c->view.journal, counter, item, edge, check_pending_from_us(c, slot, item, view));
}

/* Cheap first: mostly the number holds every like there is. */
static bool holds(const checks *c, uint32_t slot, uint32_t counter, uint32_t item, const kd_view *view, uint32_t but,
                  uint64_t *least)
{
    uint64_t all, most, own = but != CHECK_NOTHING;
    uint64_t as_of_us = view->as_of_us > c->wrong_clock_us ? view->as_of_us - c->wrong_clock_us : 0;
    journal_bounds(c->view.journal, counter, item, &all, &most);
    if (view->count[counter] >= all + own) return true;
    *least = own + journal_least(c->view.journal, counter, item, as_of_us, but);
    if (view->count[counter] >= *least) return true;
    return view->count[counter] + may_be_missing(c, slot, counter, item, view) >= *least;
}

void check_least_viewed(checks *c, uint32_t slot, uint32_t item, const kd_view *view)
{
    uint64_t least;
    if (view->as_of_us == 0 || is_off(c)) return;
    for (uint32_t counter = 0; counter < SCENARIO_COUNTERS; counter++) {
        if (c->view.counters->at[counter].kind == KD_SUM) continue;
        c->made++;
        if (!holds(c, slot, counter, item, view, CHECK_NOTHING, &least))
            check_fail(c, "least", "%s shows %llu %s of %s, %u pending, as of %llu us ago: %llu were acknowledged before",
                       check_slot_name(c, slot), (unsigned long long)view->count[counter],
                       c->view.counters->at[counter].name, check_item_name(c, item), view->pending[counter],
                       (unsigned long long)(check_now(c) - view->as_of_us), (unsigned long long)least);
    }
}

void check_least_answered(checks *c, uint32_t slot, const journal_attempt *a, const kd_view *view)
{
    uint64_t least;
    if (a->verb != KD_LIKE || is_off(c) || check_shown_awaits(c, slot, a->counter, a->item, view->fresh)) return;
    c->made++;
    if (!holds(c, slot, a->counter, a->item, view, a->user, &least))
        check_fail(c, "own-like", "%s answers attempt %u, a like of %s by %s, with %llu: with his own like it is %llu",
                   check_slot_name(c, slot), a->id, check_item_name(c, a->item), c->view.users[a->user],
                   (unsigned long long)view->count[a->counter], (unsigned long long)least);
}
