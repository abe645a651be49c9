/* fair.c - see the header. A flow is in a list exactly while one of its entries waits. */
#include "common/base/fair.h"

void kd_fair_init(kd_fair *fair, int64_t quantum)
{
    KD_ASSERT(quantum > 0);
    TAILQ_INIT(&fair->fresh);
    TAILQ_INIT(&fair->owing);
    fair->quantum = quantum;
}

void kd_fair_flow_init(kd_fair_flow *flow)
{
    memset(flow, 0, sizeof(*flow));
    TAILQ_INIT(&flow->light);
    TAILQ_INIT(&flow->heavy);
}

static void fair_leave(kd_fair_flow *flow)
{
    TAILQ_REMOVE(flow->list, flow, next);
    flow->list = NULL;
}

/* Behind all others. Who has used up its credit gets the next quantum for the wait: given later, at the head, it would come twice in a row. */
static void fair_join(kd_fair *fair, kd_fair_flow *flow)
{
    flow->list = flow->credit > 0 ? &fair->fresh : &fair->owing;
    if (flow->credit <= 0) flow->credit += fair->quantum;
    TAILQ_INSERT_TAIL(flow->list, flow, next);
}

static struct kd_fair_entries *fair_entries(kd_fair_flow *flow, const kd_fair_entry *entry)
{
    return entry->heavy ? &flow->heavy : &flow->light;
}

void kd_fair_wait(kd_fair *fair, kd_fair_flow *flow, kd_fair_entry *entry, bool heavy)
{
    if (entry->flow) return;
    entry->flow = flow;
    entry->heavy = heavy;
    TAILQ_INSERT_TAIL(fair_entries(flow, entry), entry, next);
    if (!flow->list) fair_join(fair, flow);
}

void kd_fair_forget(kd_fair_entry *entry)
{
    kd_fair_flow *flow = entry->flow;
    if (!flow) return;
    entry->flow = NULL;
    TAILQ_REMOVE(fair_entries(flow, entry), entry, next);
    if (TAILQ_EMPTY(&flow->light) && TAILQ_EMPTY(&flow->heavy)) fair_leave(flow);
}

static kd_fair_entry *fair_take(kd_fair_flow *flow)
{
    kd_fair_entry *light = TAILQ_FIRST(&flow->light), *heavy = TAILQ_FIRST(&flow->heavy);
    kd_fair_entry *entry = heavy && (flow->heavy_next || !light) ? heavy : light;
    flow->heavy_next = !entry->heavy;
    kd_fair_forget(entry);
    return entry;
}

kd_fair_entry *kd_fair_next(kd_fair *fair)
{
    kd_fair_flow *flow;
    while ((flow = TAILQ_FIRST(TAILQ_EMPTY(&fair->fresh) ? &fair->owing : &fair->fresh)) != NULL) {
        if (flow->credit > 0) return fair_take(flow);
        fair_leave(flow);
        fair_join(fair, flow);
    }
    return NULL;
}

void kd_fair_charge(kd_fair_flow *flow, uint64_t units)
{
    flow->credit -= (int64_t)units;
}

bool kd_fair_waits(const kd_fair *fair)
{
    return !TAILQ_EMPTY(&fair->fresh) || !TAILQ_EMPTY(&fair->owing);
}

bool kd_fair_all_owe(const kd_fair *fair)
{
    const kd_fair_flow *flow;
    TAILQ_FOREACH(flow, &fair->fresh, next) {
        if (flow->credit > 0) return false;
    }
    return true;
}
