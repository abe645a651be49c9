/* pending.c - see the header. */
#include "sim/check/pending.h"
#include "sim/check/excuse.h"

enum { CLOCK_SLACK_US = 20000 }; /* clocks move between two measurements */

/* A stale number holds what was merged when it was made; what was confirmed since is kept beside it (rule 17). */
uint64_t sim_check_pending_from_us(const sim_checks *c, uint32_t slot, uint32_t item, const kd_view *view)
{
    kd_edge_partition p;
    uint32_t partition = c->partition[item];
    kd_edge *e = c->view.edge(c->view.world, slot, partition % c->view.scenario->shards);
    if (!e || kd_edge_partition_get(e, partition, &p) != KD_OK) return 0;
    uint64_t margin = 2 * c->view.scenario->drift_us + c->wrong_clock_us + CLOCK_SLACK_US;
    uint64_t from_us = view->fresh ? p.watermark_us : KD_MIN(p.watermark_us, view->as_of_us);
    return from_us > margin ? from_us - margin : 0;
}

/*
 * Operations that only the undone history had counted are in no number until central counts them again (rule 15). They are sent again without a
 * delta of their own. So a number that became stale before they were merged lacks them until it is read from central.
 */
bool sim_check_pending_awaits(const sim_checks *c, uint32_t slot, uint32_t counter, uint32_t item, bool fresh)
{
    uint32_t partition = c->partition[item];
    kd_edge *e = c->view.edge(c->view.world, slot, partition % c->view.scenario->shards);
    kd_edge_partition p;
    if (!(fresh ? sim_check_excuse_undone(c, slot, partition) : c->slots[slot].undone_us[partition] != 0))
        return false;
    if (!fresh) return true;
    if (c->view.counters->at[counter].kind == KD_SUM) return true;
    if (!e || kd_edge_partition_get(e, partition, &p) != KD_OK) return true;
    return c->last_taken[slot][sim_check_cell_of(c, counter, item)] > p.watermark_us;
}
