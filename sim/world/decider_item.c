/* decider_item.c - see the header. The real counterpart is central/io/operator/job_item.c. */
#include "sim/world/decider_item.h"

#include "sim/world/events.h"
#include "sim/world/hosts.h"
#include "sim/world/names.h"

enum {
    TRIES = 4,
    OPENED_PERCENT = 75, /* of what is closed */
    CLOSED_PERCENT = 85, /* of what is open */
    DELETED_PART = 2,    /* of the items, at most one in so many is deleted: the others are to go on */
};

static uint64_t item_below(const sim_world *w, uint32_t partition, uint32_t what, uint64_t below)
{
    return sim_world_below(w, DRAW_DECIDE, partition * 100 + what, below);
}

bool sim_decider_is_item(kd_decided what)
{
    return what == KD_DECIDED_CLOSE || what == KD_DECIDED_OPEN || what == KD_DECIDED_DELETE;
}

static void item_decide(sim_world *w, sim_deciding *o, uint32_t item, kd_decided what)
{
    o->what = what;
    o->stamp_us = sim_host_wall_us(w, HOST_CENTRAL);
    o->ops[0] = (sim_ordered){.item = item};
    o->op_count = 1;
}

/* ---- what the scenario orders ---- */

void sim_decider_item_ordered(sim_world *w, const sim_scenario_event *event)
{
    sim_item_order order = {.item = sim_names_item(w, event->item), .what = KD_DECIDED_CLOSE};
    if (event->kind == SCENARIO_OPEN) order.what = KD_DECIDED_OPEN;
    if (event->kind == SCENARIO_DELETE) order.what = KD_DECIDED_DELETE;
    w->item_orders =
        kd_grow(w->item_orders, w->item_order_count, &w->item_order_cap, sizeof(w->item_orders[0]));
    w->item_orders[w->item_order_count++] = order;
}

static sim_item_order *item_order_next(const sim_world *w, uint32_t partition)
{
    for (uint32_t i = 0; i < w->item_order_count; i++)
        if (!w->item_orders[i].taken && w->item_partition[w->item_orders[i].item] == partition)
            return &w->item_orders[i];
    return NULL;
}

bool sim_decider_item_waits(const sim_world *w, uint32_t partition)
{
    const sim_deciding *o = &w->deciding[partition];
    return (o->item_order && o->ready) || item_order_next(w, partition);
}

void sim_decider_item_given_up(sim_world *w, const sim_deciding *o)
{
    if (o->item_order) w->item_orders[o->item_order - 1].taken = false;
}

/* ---- what he thinks of himself ---- */

static kd_decided item_draw_what(sim_world *w, uint32_t slot, uint32_t partition, uint32_t item)
{
    kd_central *core = w->centrals[slot].tenures[partition].core;
    bool closed = kd_central_closed(core, kd_item_key(&w->items[item]));
    uint64_t drawn = item_below(w, partition, 91, 100);
    bool spared = DELETED_PART * (w->items_deleted + 1) > w->item_count;
    if (spared) return closed ? KD_DECIDED_OPEN : KD_DECIDED_CLOSE;
    if (closed && drawn < OPENED_PERCENT) return KD_DECIDED_OPEN;
    return !closed && drawn < CLOSED_PERCENT ? KD_DECIDED_CLOSE : KD_DECIDED_DELETE;
}

static bool item_draw(sim_world *w, sim_deciding *o, uint32_t slot, uint32_t partition)
{
    uint32_t item = 0;
    bool ours = false;
    for (uint32_t i = 0; i < TRIES && !ours; i++) {
        item = (uint32_t)item_below(w, partition, 92 + i, w->item_count);
        ours = w->item_partition[item] == partition;
    }
    if (!ours) return false;
    item_decide(w, o, item, item_draw_what(w, slot, partition, item));
    w->items_deleted += o->what == KD_DECIDED_DELETE;
    return true;
}

bool sim_decider_item(sim_world *w, sim_deciding *o, uint32_t slot, uint32_t partition)
{
    sim_item_order *order = item_order_next(w, partition);
    if (order) {
        order->taken = true;
        item_decide(w, o, order->item, order->what);
        o->item_order = (uint32_t)(order - w->item_orders) + 1;
        return true;
    }
    bool draws = w->s->closes && (!w->s->decides || item_below(w, partition, 90, 2));
    return draws && w->now_us < w->end_us && item_draw(w, o, slot, partition);
}
