/*
 * check_bounds.c - the bounds of an edge.
 *
 * - "clock" (rule 3): an edge whose clock was measured further off than D takes nothing.
 * - "outbox" (I13): nothing is taken when the outbox is full. Nothing is refused for want of room while it is not, as long as some item could make
 *   room.
 * - "tables" (I14): no more items are kept in memory than configured, but for those that a start found on the disk.
 * - "identity" (rule 20): the alarm that two processes share a name comes only where a disk was copied, put back or wiped.
 */
#include "edge/core/entry.h"
#include "sim/check/checking.h"
#include "sim/check/words.h"

enum { OPERATION_BYTES = 512, CLOCK_SLACK_US = 0 };

static uint64_t outbox_bound(const sim_checks *c)
{
    return c->view.scenario->outbox_bytes / c->view.scenario->shards;
}

void sim_check_bounds_opened(sim_checks *c, uint32_t slot, uint32_t shard)
{
    kd_edge_stats stats;
    kd_edge_get_stats(c->view.edge(c->view.world, slot, shard), &stats);
    c->slots[slot].items[shard] = stats.items;
    c->slots[slot].alarms[shard] = stats.identity_alarms;
}

void sim_check_bounds_taken(sim_checks *c, uint32_t slot, uint32_t shard, const kd_outcome *o)
{
    const sim_check_slot *s = &c->slots[slot];
    uint64_t off = (uint64_t)(s->off_us < 0 ? -s->off_us : s->off_us);
    kd_edge *e = c->view.edge(c->view.world, slot, shard);
    c->made++;
    if (s->measured && off > c->view.scenario->drift_us + CLOCK_SLACK_US)
        sim_check_fail(
            c, "clock",
            "%s takes an operation although its clock was measured %.3f s off central's; the bound is %.3f s",
            sim_check_slot_name(c, slot), (double)s->off_us / 1e6, (double)c->view.scenario->drift_us / 1e6);
    if (!e || o->replayed) return;
    kd_edge_stats stats;
    kd_edge_get_stats(e, &stats);
    if (stats.outbox_bytes > outbox_bound(c) + OPERATION_BYTES)
        sim_check_fail(c, "outbox",
                       "%s takes an operation with %llu bytes in its outbox; the bound is %llu [shard %u]",
                       sim_check_slot_name(c, slot), (unsigned long long)stats.outbox_bytes,
                       (unsigned long long)outbox_bound(c), shard);
}

/* An item makes room when nobody waits for its number, it is not viral and none of its operations is in a batch that is on its way. */
static bool could_make_room(const kd_entry *entry)
{
    return !kd_entry_asked(entry) && !entry->viral && !kd_entry_outstanding(entry);
}

static bool any_could_make_room(const kd_edge *e)
{
    size_t cursor = 0;
    const kd_entry *entry = kd_table_next(&e->items, &cursor);
    while (entry && !could_make_room(entry)) entry = kd_table_next(&e->items, &cursor);
    return entry != NULL;
}

void sim_check_bounds_refused(sim_checks *c, uint32_t slot, uint32_t shard, int err)
{
    kd_edge *e = c->view.edge(c->view.world, slot, shard);
    if (err != KD_EFULL || !e) return;
    kd_edge_stats stats;
    kd_edge_get_stats(e, &stats);
    c->made++;
    bool full = stats.items >= c->view.items_max && !any_could_make_room(e);
    if (stats.outbox_bytes < outbox_bound(c) && !full)
        sim_check_fail(c, "outbox",
                       "%s refuses an operation for want of room, with %llu of %llu bytes in its outbox and "
                       "%llu of %u items in memory [shard %u]",
                       sim_check_slot_name(c, slot), (unsigned long long)stats.outbox_bytes,
                       (unsigned long long)outbox_bound(c), (unsigned long long)stats.items,
                       c->view.items_max, shard);
}

void sim_check_bounds_ticked(sim_checks *c, uint32_t slot, uint32_t shard)
{
    kd_edge *e = c->view.edge(c->view.world, slot, shard);
    if (!e) return;
    kd_edge_stats stats;
    kd_edge_get_stats(e, &stats);
    c->made++;
    uint64_t bound = KD_MAX((uint64_t)c->view.items_max, c->slots[slot].items[shard]);
    c->slots[slot].items[shard] = KD_MIN(c->slots[slot].items[shard], stats.items);
    if (stats.items > bound)
        sim_check_fail(
            c, "tables", "%s keeps the numbers of %llu items in memory; the bound is %llu [shard %u]",
            sim_check_slot_name(c, slot), (unsigned long long)stats.items, (unsigned long long)bound, shard);
    if (stats.identity_alarms > c->slots[slot].alarms[shard]) c->slots[slot].alarm_us = sim_check_now(c);
    c->slots[slot].alarms[shard] = stats.identity_alarms;
    if (stats.identity_alarms == 0) return;
    uint32_t edge = sim_check_edge(slot);
    c->slots[slot].moved_to = KD_MAX(c->slots[slot].moved_to, kd_edge_incarnation(e));
    if (!c->doubled[edge] && !c->disk_changed[edge])
        sim_check_fail(c, "identity",
                       "%s raises the alarm that another process uses its name, but nobody copied its disk "
                       "or put it back [shard %u]",
                       sim_check_slot_name(c, slot), shard);
}
