/*
 * check_forget.c - nothing is forgotten that somebody needs.
 *
 * - "stable" (rule 21): central lets edges forget rows only up to a stamp up to which a backup that may be restored holds them all.
 * - "expired" (rule 21): an edge deletes only rows at or below `stable` that central has merged.
 * - "floor" (rule 22): tombstones (rows that remember an unlike) go only below the low watermark, the least watermark of all edges that are not
 *   retired; by a decision of the log, and by what stands in front of it.
 * - "retired" (rule 23): central merges nothing of an edge that was retired, and refuses nothing of any other. check_retire.c notes the commands.
 *
 * The low watermark is worked out here from what central says of each edge. An edge that central never heard of makes it 0, unless it was retired, or the log has lost
 * records: then those that told of the edge may be gone, and central cannot wait for it.
 */
#include "central/core/expect.h"
#include "central/core/state.h"
#include "kudos/forget.h"
#include "sim/check/checking.h"
#include "sim/check/excuse.h"
#include "sim/check/retired.h"
#include "sim/check/words.h"

#include <stdio.h>

static uint64_t check_forget_less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static uint64_t low_of(const sim_checks *c, const kd_central *core, uint64_t watermark_us[SCENARIO_EDGES_MAX])
{
    kd_central_edge edges[SCENARIO_EDGES_MAX];
    uint64_t low_us = UINT64_MAX, gone = sim_check_retired_edges(c, core);
    uint32_t count = kd_central_edges(core, edges, SCENARIO_EDGES_MAX);
    for (uint32_t e = 0; e < c->view.scenario->edge_count; e++) {
        bool awaited = (gone & sim_journal_edge_bit(e)) == 0 && !c->likes_lost;
        watermark_us[e] = 0;
        for (uint32_t i = 0; i < count; i++) {
            if (!kd_bytes_eq(edges[i].name, kd_bytes_str(c->view.scenario->edges[e]))) continue;
            watermark_us[e] = edges[i].watermark_us;
            awaited |= (gone & sim_journal_edge_bit(e)) == 0;
        }
        if (awaited) low_us = KD_MIN(low_us, watermark_us[e]);
    }
    return low_us;
}

static void note_low(sim_checks *c, uint32_t slot, uint32_t partition)
{
    sim_check_lows *l = &c->lows[slot][partition];
    kd_central *core = c->view.central(c->view.world, slot, partition);
    if (!core) return;
    l->now_us = low_of(c, core, l->watermark_us);
    l->best_us = KD_MAX(l->best_us, l->now_us);
}

void sim_check_forget_opened(sim_checks *c, uint32_t slot, uint32_t partition)
{
    const kd_central *core = c->view.central(c->view.world, slot, partition);
    c->floor_us[slot][partition] = core ? core->collector.floor_us : 0;
    note_low(c, slot, partition);
}

/* ---- where the decision about the floor stands ---- */

/* How far this edge is complete by the records read; UINT64_MAX: it is not waited for. */
static uint64_t forget_complete_us(const sim_checks *c, const kd_central *core, uint64_t gone, uint32_t edge)
{
    kd_bytes name = kd_bytes_str(c->view.scenario->edges[edge]);
    const kd_expected *listed = kd_expect_find(&core->expected, name);
    int i = kd_registry_find(core, name);
    if (gone & sim_journal_edge_bit(edge)) return UINT64_MAX;
    if (i < 0) return listed && !listed->struck ? 0 : UINT64_MAX;
    const kd_registered_state *s = &core->edges[i].tentative;
    return KD_MIN(s->watermark_us, s->complete_to_us);
}

static uint64_t forget_bound_us(const sim_checks *c, const kd_central *core, uint64_t gone)
{
    uint64_t low_us = UINT64_MAX;
    for (uint32_t e = 0; e < c->view.scenario->edge_count; e++)
        low_us = KD_MIN(low_us, forget_complete_us(c, core, gone, e));
    return check_forget_less(low_us, 2 * c->view.scenario->drift_us);
}

static void forget_check_rise(sim_checks *c, const kd_central *core, uint32_t slot, uint32_t partition,
                              bool decided)
{
    uint64_t bound_us = forget_bound_us(c, core, c->gone[slot][partition]);
    if (!decided)
        sim_check_fail(c, "floor", "the floor of partition %u moves without a decision", partition);
    else if (core->collector.halted)
        sim_check_fail(c, "floor", "the floor of partition %u rises though an identity alarm halted it",
                       partition);
    else if (core->collector.floor_us > bound_us)
        sim_check_fail(c, "floor",
                       "the floor of partition %u rises above what is merged in front of its decision: older "
                       "likes may come, and would count again [floor %llu, edges are complete to %llu]",
                       partition, (unsigned long long)core->collector.floor_us, (unsigned long long)bound_us);
}

void sim_check_forget_record(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes record)
{
    const kd_central *core = c->view.central(c->view.world, slot, partition);
    kd_decision d;
    uint64_t *floor_us = &c->floor_us[slot][partition];
    if (!core || core->collector.floor_us == *floor_us) return;
    bool decided = kd_decision_decode(record, &d) == KD_OK && d.what == KD_DECIDED_FLOOR;
    c->made++;
    if (core->collector.floor_us < *floor_us)
        sim_check_fail(c, "floor", "the floor of partition %u falls", partition);
    else
        forget_check_rise(c, core, slot, partition, decided);
    *floor_us = core->collector.floor_us;
    /* A member that comes back merges many records with one commit: an edge may have been retired in front of the decision, and taken back behind it. So its floor is judged here alone. */
    uint64_t *best_us = &c->lows[slot][partition].best_us;
    if (c->view.scenario->member_count > 0)
        *best_us = KD_MAX(*best_us, *floor_us + 2 * c->view.scenario->drift_us);
}

static void check_floor(sim_checks *c, uint32_t slot, uint32_t partition)
{
    kd_central_forgetting f;
    kd_central *core = c->view.central(c->view.world, slot, partition);
    if (!core || c->positions.tenures[slot][partition].outstanding > 0) return;
    uint64_t bound_us = check_forget_less(c->lows[slot][partition].best_us, 2 * c->view.scenario->drift_us);
    kd_central_get_forgetting(core, &f);
    c->made++;
    if (f.floor_us > bound_us)
        sim_check_fail(c, "floor",
                       "central forgets unlikes of partition %u although edges may still send older likes, "
                       "which would count again [floor %llu, edges are complete to %llu]",
                       partition, (unsigned long long)f.floor_us, (unsigned long long)bound_us);
}

void sim_check_forget_committed(sim_checks *c, uint32_t slot, uint32_t partition)
{
    note_low(c, slot, partition);
    check_floor(c, slot, partition);
}

void sim_check_forget_disk(sim_checks *c, int who, sim_checks_disk_event event)
{
    for (uint32_t p = 0; who == SCENARIO_CENTRAL && p < c->view.scenario->partitions; p++) {
        sim_check_lows *now = &c->lows[0][p];
        if (event == CHECKS_BACKED_UP) c->backup_lows[p] = *now;
        if (event == CHECKS_RESTORED) *now = c->backup_lows[p];
        if (event == CHECKS_WIPED) *now = (sim_check_lows){0};
        if (event == CHECKS_COPIED) c->lows[1][p] = *now;
    }
}

/*
 * An edge forgets rows up to `stable` and up to its own watermark. If the backup holds as much of the edge as central does now, nothing that it
 * lacks can go. If it holds less, `stable` must not be above what it holds.
 */
static void check_backup_holds(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t stable_us)
{
    const sim_check_lows *now = &c->lows[slot][partition], *held = &c->backup_lows[partition];
    for (uint32_t e = 0; e < c->view.scenario->edge_count; e++) {
        uint64_t bound_us = check_forget_less(held->watermark_us[e], 2 * c->view.scenario->drift_us);
        if (now->watermark_us[e] <= held->watermark_us[e] || stable_us <= bound_us) continue;
        sim_check_fail(c, "stable",
                       "central lets %s forget likes that its backup lacks: a restore would lose them "
                       "[partition %u, stable %llu, backup complete to %llu]",
                       c->view.scenario->edges[e], partition, (unsigned long long)stable_us,
                       (unsigned long long)bound_us);
    }
}

void sim_check_forget_published(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t stable_us)
{
    const sim_check_lows *rests_on =
        c->view.scenario->backups_none ? &c->lows[slot][partition] : &c->backup_lows[partition];
    uint64_t low_us = c->view.scenario->backups_none ? rests_on->best_us : rests_on->now_us;
    uint64_t bound_us = check_forget_less(low_us, 2 * c->view.scenario->drift_us);
    c->made++;
    if (stable_us > bound_us)
        sim_check_fail(c, "stable",
                       "central lets edges forget likes that %s lacks: %s would lose them [partition %u, "
                       "stable %llu, complete to %llu]",
                       c->view.scenario->backups_none ? "it" : "its backup",
                       c->view.scenario->backups_none ? "that" : "a restore", partition,
                       (unsigned long long)stable_us, (unsigned long long)bound_us);
    else if (!c->view.scenario->backups_none)
        check_backup_holds(c, slot, partition, stable_us);
}

void sim_check_forget_row(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes key,
                          const sim_check_cell *row)
{
    uint64_t stamp_us = row->a;
    uint32_t edge = sim_check_edge(slot);
    uint64_t merged_us =
        c->positions
            .best_us[partition]
                    [edge]; /* the best ever: an edge may not have heard of a restore of central yet */
    bool known = stamp_us <= merged_us;
    c->made++;
    if (c->view.scenario->forget_rows_us == 0 || stamp_us > c->stable_us[partition] || !known)
        sim_check_fail(c, "expired",
                       "%s forgets %s, which %s [partition %u, stamp %llu, stable %llu, merged up to %llu]",
                       sim_check_slot_name(c, slot), sim_check_row_name(c, key, row->b),
                       known ? "central has not allowed yet" : "central has not merged: it may be lost",
                       partition, (unsigned long long)stamp_us, (unsigned long long)c->stable_us[partition],
                       (unsigned long long)merged_us);
}

void sim_check_forget_fed(sim_checks *c, uint32_t slot, uint32_t partition, uint32_t edge, const kd_batch *b,
                          kd_fed fed)
{
    c->made++;
    bool gone = (c->gone[slot][partition] & sim_journal_edge_bit(edge)) != 0;
    if (fed == KD_FED_MERGED && gone)
        sim_check_fail(c, "retired",
                       "central merges %s of %s, which the operator declared gone [partition %u]",
                       sim_check_body_name(c, b->body), c->view.scenario->edges[edge], partition);
    if (fed == KD_FED_RETIRED && !gone)
        sim_check_fail(
            c, "retired",
            "central refuses %s of %s, which nobody declared gone: they are not counted [partition %u]",
            sim_check_body_name(c, b->body), c->view.scenario->edges[edge], partition);
}

/* ---- at the end: central moves on ------------------------------------------------------------------------------- */

bool sim_check_forget_moves(sim_checks *c, char *why, size_t size)
{
    const sim_scenario *s = c->view.scenario;
    bool asked = s->forget_rows_us || s->forget_tombstones_us, any = false;
    for (uint32_t e = 0; e < s->edge_count; e++) {
        asked |= c->retired[e] || c->readmitted[e];
        any |= !c->retired[e]; /* with all edges retired there is no as_of to wait for */
    }
    for (uint32_t p = 0; asked && any && p < s->partitions; p++) {
        kd_central *core = sim_check_leading(c, p);
        kd_central_forgetting f;
        if (!core) return false;
        kd_central_get_forgetting(core, &f);
        bool collects = s->forget_tombstones_us && s->forget_tombstones_us < s->heal_us / 4 &&
                        f.floor_held_by != KD_HELD_BY_ALARM;
        bool told = kd_central_as_of_us(core) > c->healed_us;
        c->made++;
        if (told && (!collects || f.floor_us > c->healed_us)) continue;
        snprintf(why, size,
                 "central does not move on after the faults: as_of %.3f s and floor %.3f s after their end, "
                 "held by %s %.*s [partition %u]",
                 (double)(int64_t)(kd_central_as_of_us(core) - c->healed_us) / 1e6,
                 (double)(int64_t)(f.floor_us - c->healed_us) / 1e6, kd_held_by_name(f.floor_held_by),
                 (int)f.floor_holder.len, (const char *)f.floor_holder.data, p);
        return false;
    }
    return true;
}
