/*
 * check_viral.c - "viral" (rule 6) at an edge: while an item of a partition is viral, no batch of the partition stays open for longer than
 * viral_flush_interval_us, unless the window of batches under way is full. Central's half of it (rule 14) is judged by sim/world/tenure.c, which has
 * the publisher.
 */
#include "edge/core/batch.h"
#include "edge/core/part.h"
#include "edge/core/state.h"
#include "sim/check/checking.h"
#include "sim/check/words.h"

static bool viral_waits(const kd_edge *e, const kd_part *p, uint64_t edge_us)
{
    uint64_t interval_us = KD_MIN(e->config.flush_interval_us, e->config.viral_flush_interval_us);
    if (p->viral == 0 || !p->open || p->outbox.sealed >= e->config.send_window) return false;
    return edge_us >= p->open->first_us + interval_us;
}

void sim_check_viral_ticked(sim_checks *c, uint32_t slot, uint32_t shard, uint64_t edge_us)
{
    const kd_edge *e = c->view.edge(c->view.world, slot, shard);
    if (!e || e->poisoned) return;
    c->made++;
    for (uint32_t i = 0; i < e->part_count; i++)
        if (viral_waits(e, &e->parts[i], edge_us))
            sim_check_fail(c, "viral", "%s holds operations of a viral item back for %llu us [partition %u]",
                           sim_check_slot_name(c, slot),
                           (unsigned long long)(edge_us - e->parts[i].open->first_us), e->parts[i].id);
}
