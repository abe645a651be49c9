/*
 * check_retire.c - the operator's orders about an edge (rule 23), as the log has them, and what they excuse. This file judges nothing.
 *
 * - Retired: what the edge acknowledges from then on is in no as_of.
 * - Taken back (readmitted): the command counts in a partition from the commit that makes it durable there. A slow disk delays that commit for many
 *   seconds, and snapshots go on meanwhile with the state before it.
 * - Taken back, and tombstones are collected: a like that was not merged may come from below the floor. If the unlike of another edge that
 *   overruled it is forgotten, the like is back (protocol, what rules 21 to 23 leave open), so it may win over any later operation.
 */
#include "central/core/state.h"
#include "sim/check/checking.h"
#include "sim/check/excuse.h"
#include "sim/check/retired.h"

#include <string.h>

/* An edge whose disk was put back meanwhile sends merged likes again; central does not recognise those within 2 D below its watermark as merged
 * (rule 22). */
static void retire_linger(sim_checks *c, uint32_t edge)
{
    uint64_t margin = 2 * c->view.scenario->drift_us, from_us = c->retired_from_us[edge];
    if (c->view.scenario->forget_tombstones_us > 0)
        sim_journal_linger_edge(c->view.journal, edge, from_us > margin ? from_us - margin : 0,
                                sim_check_now(c));
}

static void retire_forget_commands(sim_checks *c, uint32_t edge)
{
    for (uint32_t slot = 0; slot < sim_checks_centrals(c->view.scenario); slot++)
        for (uint32_t p = 0; p < c->view.scenario->partitions; p++)
            c->readmissions[slot][p][edge] = (sim_check_readmission){0};
}

void sim_check_retire_ordered(sim_checks *c, uint32_t edge, bool retired)
{
    if (retired == c->retired[edge]) return;
    c->retired[edge] = retired;
    retire_forget_commands(c, edge);
    if (retired) {
        c->retired_from_us[edge] = sim_check_excuse_merged(c, edge);
        return;
    }
    c->readmitted[edge] = true;
    c->readmitted_us[edge] = sim_check_now(c);
    sim_check_as_of_again(c);
    retire_linger(c, edge);
}

void sim_check_retire_opened(sim_checks *c, uint32_t slot, uint32_t partition)
{
    const kd_central *core = c->view.central(c->view.world, slot, partition);
    c->gone[slot][partition] = core ? sim_check_retired_edges(c, core) : 0;
}

static void retire_taken_back(sim_checks *c, uint32_t slot, uint32_t partition, uint32_t edge)
{
    sim_check_readmission *r = &c->readmissions[slot][partition][edge];
    const kd_central *core = c->view.central(c->view.world, slot, partition);
    if (core && c->readmitted[edge] && !c->retired[edge] && !r->durable) r->version = core->begun + 1;
}

void sim_check_retire_fed(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes record, kd_fed fed)
{
    kd_decision d;
    if (fed != KD_FED_DECIDED || kd_decision_decode(record, &d) != KD_OK) return;
    uint32_t edge = d.what == KD_DECIDED_RETIRE || d.what == KD_DECIDED_READMIT
                        ? sim_check_edge_named(c, d.body)
                        : CHECK_NOTHING;
    if (edge == CHECK_NOTHING) return;
    uint64_t bit = sim_journal_edge_bit(edge);
    c->gone[slot][partition] &= ~bit;
    if (d.what == KD_DECIDED_RETIRE) c->gone[slot][partition] |= bit;
    if (d.what == KD_DECIDED_READMIT) retire_taken_back(c, slot, partition, edge);
}

void sim_check_retire_committed(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t version)
{
    for (uint32_t e = 0; e < c->view.scenario->edge_count; e++) {
        sim_check_readmission *r = &c->readmissions[slot][partition][e];
        if (r->durable || r->version == 0 || r->version > version) continue;
        r->durable = true;
        c->readmitted_us[e] = sim_check_now(c);
        retire_linger(c, e);
    }
}

/* A central that was put back may not have the order, and reads it again. A copy has what its original has. */
void sim_check_retire_disk(sim_checks *c, int who, sim_checks_disk_event event)
{
    if (who != SCENARIO_CENTRAL) return;
    if (event == CHECKS_RESTORED || event == CHECKS_WIPED)
        memset(c->readmissions[0], 0, sizeof(c->readmissions[0]));
    if (event == CHECKS_COPIED) memcpy(c->readmissions[1], c->readmissions[0], sizeof(c->readmissions[0]));
    if (event == CHECKS_COPY_GONE) memset(c->readmissions[1], 0, sizeof(c->readmissions[1]));
}

void sim_check_retire_end(sim_checks *c)
{
    for (uint32_t e = 0; e < c->view.scenario->edge_count; e++)
        if (c->retired[e])
            sim_journal_excuse_edge(c->view.journal, e, c->retired_from_us[e], sim_check_now(c));
}
