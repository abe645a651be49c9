/* excuse.c - see the header. */
#include "sim/check/excuse.h"
#include "sim/check/retired.h"

enum { CLOCK_SLACK_US = 20000 }; /* clocks move between two measurements */

/* Operations at or below central's watermark of an edge are merged. Watermarks are times of the edges' clocks, while the checkers use the world's: so
 * D and the largest error of a clock in this run are taken off. */
uint64_t sim_check_excuse_merged_in(const sim_checks *c, uint32_t edge, const sim_check_history *partitions)
{
    uint64_t least = UINT64_MAX, margin = c->view.scenario->drift_us + c->wrong_clock_us + CLOCK_SLACK_US;
    for (uint32_t p = 0; p < c->view.scenario->partitions; p++)
        least = KD_MIN(least, partitions[p].watermark_us[edge]);
    return least > margin ? least - margin : 0;
}

/* What one member has merged stands in the log for all of them. */
static uint64_t excuse_merged_by_any(const sim_checks *c, uint32_t edge)
{
    sim_check_history now[SCENARIO_PARTITIONS_MAX];
    for (uint32_t p = 0; p < c->view.scenario->partitions; p++) {
        now[p] = (sim_check_history){.version = 0};
        for (uint32_t slot = 0; slot < sim_checks_centrals(c->view.scenario); slot++)
            now[p].watermark_us[edge] =
                KD_MAX(now[p].watermark_us[edge], c->positions.tenures[slot][p].now.watermark_us[edge]);
    }
    return sim_check_excuse_merged_in(c, edge, now);
}

uint64_t sim_check_excuse_merged(const sim_checks *c, uint32_t edge)
{
    sim_check_history now[SCENARIO_PARTITIONS_MAX];
    if (c->view.scenario->member_count > 0 && !c->likes_lost) return excuse_merged_by_any(c, edge);
    uint64_t least = UINT64_MAX;
    for (uint32_t slot = 0; slot < sim_checks_centrals(c->view.scenario); slot++) {
        bool used = false;
        for (uint32_t p = 0; p < c->view.scenario->partitions; p++) {
            now[p] = c->positions.tenures[slot][p].now;
            used |= now[p].epoch != 0;
        }
        if (used || slot == 0) least = KD_MIN(least, sim_check_excuse_merged_in(c, edge, now));
    }
    return least;
}

/*
 * Whether central has told this edge that everything it took up to `us` is merged. The edge's own watermark tells that, because an edge holds its
 * `complete_to` back until all that it sends again or moves is merged.
 */
static bool is_merged_past(const sim_checks *c, uint32_t slot, uint32_t partition, uint64_t us)
{
    kd_edge_partition p;
    uint64_t margin = 2 * c->view.scenario->drift_us + c->wrong_clock_us;
    kd_edge *e = c->view.edge(c->view.world, slot, partition % c->view.scenario->shards);
    return e && kd_edge_partition_get(e, partition, &p) == KD_OK && p.watermark_us > us + margin;
}

bool sim_check_excuse_undone(const sim_checks *c, uint32_t slot, uint32_t partition)
{
    uint64_t us = c->slots[slot].undone_us[partition];
    return us != 0 && !is_merged_past(c, slot, partition, us);
}

bool sim_check_excuse_moved(const sim_checks *c, uint32_t slot, uint32_t partition)
{
    uint32_t edge = sim_check_edge(slot);
    uint64_t us = KD_MAX(c->disk_lost_us[edge], c->slots[slot].alarm_us);
    return c->disk_changed[edge] && !is_merged_past(c, slot, partition, us);
}

uint64_t sim_check_excuse_gone_us(const sim_checks *c, uint32_t slot)
{
    uint32_t edge = sim_check_edge(slot);
    return KD_MAX(c->disk_lost_us[edge], c->copy_gone_us[edge]);
}

bool sim_check_excuse_doubled(const sim_checks *c, uint32_t slot, uint32_t partition)
{
    uint32_t edge = sim_check_edge(slot);
    if (!c->doubled[edge]) return false;
    uint64_t us = KD_MAX(c->copy_gone_us[edge], c->slots[slot].alarm_us);
    return c->copy_gone_us[edge] == 0 || !is_merged_past(c, slot, partition, us);
}

uint64_t sim_check_excuse_doubled_edges(const sim_checks *c)
{
    uint64_t edges = 0;
    for (uint32_t e = 0; e < c->view.scenario->edge_count; e++)
        if (c->doubled[e]) edges |= sim_journal_edge_bit(e);
    return edges;
}

/* A readmission counts from the commit that makes it durable on; a slow disk delays that commit. */
static bool awaits_readmission(const sim_checks *c, uint32_t edge)
{
    bool awaits = false;
    for (uint32_t slot = 0; slot < sim_checks_centrals(c->view.scenario); slot++)
        for (uint32_t p = 0; p < c->view.scenario->partitions; p++)
            awaits |= c->readmissions[slot][p][edge].version && !c->readmissions[slot][p][edge].durable;
    return awaits;
}

uint64_t sim_check_excuse_edges(const sim_checks *c, uint64_t since_us)
{
    uint64_t edges = sim_check_excuse_doubled_edges(c);
    for (uint32_t e = 0; e < c->view.scenario->edge_count; e++) {
        /* A restore of central undid the operator's command to take the edge back. */
        bool undone = c->readmitted[e] && sim_check_retired_anywhere(c, e);
        bool late = c->readmitted[e] && (c->readmitted_us[e] >= since_us || awaits_readmission(c, e));
        if (c->retired[e] || undone || late) edges |= sim_journal_edge_bit(e);
    }
    return edges;
}
