/* retired.c - see the header. */
#include "sim/check/retired.h"

#include "kudos/forget.h"

uint64_t sim_check_retired_edges(const sim_checks *c, const kd_central *core)
{
    kd_central_edge edges[SCENARIO_EDGES_MAX];
    kd_central_expected_edge listed[SCENARIO_EDGES_MAX];
    uint32_t count = kd_central_edges(core, edges, SCENARIO_EDGES_MAX);
    uint64_t bits = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t edge = sim_check_edge_named(c, edges[i].name);
        if (edges[i].retired && edge != CHECK_NOTHING) bits |= sim_journal_edge_bit(edge);
    }
    count = kd_central_expected(core, listed, SCENARIO_EDGES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t edge = sim_check_edge_named(c, listed[i].name);
        bool unheard = !listed[i].heard && edge != CHECK_NOTHING;
        if (unheard && listed[i].struck) bits |= sim_journal_edge_bit(edge);
    }
    return bits;
}

bool sim_check_retired_in(const sim_checks *c, uint32_t slot, uint32_t partition, uint32_t edge)
{
    const kd_central *core = c->view.central(c->view.world, slot, partition);
    return core && (sim_check_retired_edges(c, core) & sim_journal_edge_bit(edge)) != 0;
}

bool sim_check_retired_anywhere(const sim_checks *c, uint32_t edge)
{
    bool any = false;
    for (uint32_t slot = 0; slot < sim_checks_centrals(c->view.scenario); slot++)
        for (uint32_t p = 0; p < c->view.scenario->partitions && !any; p++)
            any = sim_check_retired_in(c, slot, p, edge);
    return any;
}

bool sim_check_retired_any_readmitted(const sim_checks *c)
{
    bool any = false;
    for (uint32_t e = 0; e < c->view.scenario->edge_count; e++) any |= c->readmitted[e];
    return any;
}
