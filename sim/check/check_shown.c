/*
 * check_shown.c - what a reader at an edge is told.
 *
 * - "shown" (I10): an item that users changed at this edge only never shows less than was acknowledged, nor more than was attempted.
 * - "pending": none is told once central has confirmed all of this edge's operations on the item.
 * - "age": no number claims to be younger than the newest that central made.
 */
#include "sim/check/checking.h"
#include "sim/check/excuse.h"
#include "sim/check/pending.h"
#include "sim/check/words.h"

void sim_check_shown_taken(sim_checks *c, uint32_t slot, const sim_journal_attempt *a, uint64_t stamp_us)
{
    uint32_t *writer = &c->writer[a->item];
    *writer = *writer == CHECK_NOTHING || *writer == slot ? slot : CHECKS_SLOTS;
    uint64_t *last = &c->last_taken[slot][sim_check_cell_of(c, a->counter, a->item)];
    *last = KD_MAX(*last, stamp_us);
}

/*
 * How many too many the number may show. A user who likes again what the edge has forgotten is counted twice until central decides. So is a user
 * whose session token tells that he acted elsewhere meanwhile: the edge cannot know whether that was on this item, and errs upward (protocol.md,
 * what a reader is told).
 */
static uint64_t too_many(const sim_checks *c, uint32_t slot, uint32_t counter, uint32_t item,
                         const kd_view *view)
{
    if (c->view.counters->at[counter].kind == KD_SUM) return 0;
    uint64_t from_us = sim_check_pending_from_us(c, slot, item, view);
    if (c->view.scenario->forget_rows_us > 0)
        return sim_journal_since(c->view.journal, counter, item, sim_check_edge(slot), from_us);
    return sim_journal_doubtful(c->view.journal, counter, item, sim_check_edge(slot), from_us,
                                sim_check_excuse_gone_us(c, slot));
}

/* How many too few. An edge whose disk went back, or that was copied, may hold a row that its user has overruled since; a delta against such a
 * row takes one like too many. */
static uint64_t too_few(const sim_checks *c, uint32_t slot, uint32_t counter, uint32_t item,
                        const kd_view *view)
{
    uint64_t gone_us = sim_check_excuse_gone_us(c, slot);
    if (c->view.counters->at[counter].kind == KD_SUM || gone_us == 0) return 0;
    return sim_journal_misled(c->view.journal, counter, item, sim_check_edge(slot),
                              sim_check_pending_from_us(c, slot, item, view), gone_us);
}

static void check_single_writer(sim_checks *c, uint32_t slot, uint32_t item, const kd_view *view)
{
    uint32_t partition = c->partition[item];
    /* A number that became stale before moved batches were merged lacks them until it is read (rules 17, 20). */
    bool off = view->fresh ? sim_check_excuse_doubled(c, slot, partition) ||
                                 sim_check_excuse_moved(c, slot, partition)
                           : c->doubled[sim_check_edge(slot)] || c->disk_changed[sim_check_edge(slot)];
    off |= c->writer[item] != slot;
    for (uint32_t counter = 0; !off && counter < SCENARIO_COUNTERS; counter++) {
        uint64_t least, most;
        bool sum = c->view.counters->at[counter].kind == KD_SUM;
        sim_journal_bounds(c->view.journal, counter, item, &least, &most);
        if ((sum && !sim_journal_sums_hold(c->view.journal)) ||
            sim_check_pending_awaits(c, slot, counter, item, view->fresh))
            continue;
        c->made++;
        bool under = view->count[counter] < least &&
                     least - view->count[counter] > too_few(c, slot, counter, item, view);
        bool over = view->count[counter] > most &&
                    view->count[counter] - most > too_many(c, slot, counter, item, view);
        if (under || over)
            sim_check_fail(c, "shown",
                           "%s shows %llu %ss of %s, which users change at this edge only: by their answers "
                           "it is at least %llu and at most %llu",
                           sim_check_slot_name(c, slot), (unsigned long long)view->count[counter],
                           c->view.counters->at[counter].name, sim_check_item_name(c, item),
                           (unsigned long long)least, (unsigned long long)most);
    }
}

static void check_pending(sim_checks *c, uint32_t slot, uint32_t item, const kd_view *view)
{
    uint32_t partition = c->partition[item];
    kd_edge *e = c->view.edge(c->view.world, slot, partition % c->view.scenario->shards);
    kd_edge_partition p;
    /*
     * Not judged: after a restore of central or an identity alarm, operations are sent again or moved under old stamps, below the edge's watermark.
     * And under a stale number the deltas of confirmed batches stay (rule 17).
     */
    bool off = !view->fresh || sim_check_excuse_doubled(c, slot, partition) ||
               sim_check_excuse_moved(c, slot, partition) || sim_check_excuse_undone(c, slot, partition);
    if (off || !e || kd_edge_partition_get(e, partition, &p) != KD_OK) return;
    for (uint32_t counter = 0; counter < SCENARIO_COUNTERS; counter++) {
        uint64_t last = c->last_taken[slot][sim_check_cell_of(c, counter, item)];
        if (c->view.counters->at[counter].kind == KD_SUM || last > p.watermark_us) continue;
        c->made++;
        if (view->pending[counter] > 0)
            sim_check_fail(c, "pending",
                           "%s calls %u %ss of %s pending, but central has confirmed all of them",
                           sim_check_slot_name(c, slot), view->pending[counter],
                           c->view.counters->at[counter].name, sim_check_item_name(c, item));
    }
}

static void check_age(sim_checks *c, uint32_t slot, uint32_t item, const kd_view *view)
{
    c->made++;
    if (view->made_us > c->made_us[c->partition[item]])
        sim_check_fail(c, "age",
                       "%s claims that its number of %s is %.3f s younger than the newest that central made "
                       "[made at %llu, newest %llu]",
                       sim_check_slot_name(c, slot), sim_check_item_name(c, item),
                       (double)(view->made_us - c->made_us[c->partition[item]]) / 1e6,
                       (unsigned long long)view->made_us, (unsigned long long)c->made_us[c->partition[item]]);
    if (view->fresh && view->made_us == 0)
        sim_check_fail(c, "age", "%s shows its number of %s as fresh and cannot tell its age",
                       sim_check_slot_name(c, slot), sim_check_item_name(c, item));
}

void sim_check_shown_viewed(sim_checks *c, uint32_t slot, uint32_t item, const kd_view *view)
{
    check_single_writer(c, slot, item, view);
    check_pending(c, slot, item, view);
    check_age(c, slot, item, view);
}
