/*
 * load_tally.c - two numbers per item.
 */
#include <stdlib.h>

#include "sim/users/load_tally.h"

void sim_load_tally_init(sim_load_tally *t, uint32_t items)
{
    *t = (sim_load_tally){.items = items};
    t->acked = kd_alloc(items * sizeof *t->acked);
    t->unsure = kd_alloc(items * sizeof *t->unsure);
}

void sim_load_tally_finish(sim_load_tally *t)
{
    free(t->acked);
    free(t->unsure);
    *t = (sim_load_tally){0};
}

void sim_load_tally_note(sim_load_tally *t, uint32_t item, uint32_t count, bool acked)
{
    if (!t->items) return;
    KD_ASSERT(item < t->items && count <= t->items - item);
    uint32_t *of = acked ? t->acked : t->unsure;
    for (uint32_t i = item; i < item + count; i++) of[i]++;
}

void sim_load_tally_merge(sim_load_tally *to, const sim_load_tally *from)
{
    KD_ASSERT(to->items == from->items);
    for (uint32_t i = 0; i < to->items; i++) {
        to->acked[i] += from->acked[i];
        to->unsure[i] += from->unsure[i];
    }
}

uint32_t *sim_load_tally_touched(const sim_load_tally *t, uint32_t *count)
{
    uint32_t *items = kd_alloc((t->items + 1ull) * sizeof *items);
    *count = 0;
    for (uint32_t i = 0; i < t->items; i++) {
        if (t->acked[i] + t->unsure[i] > 0) items[(*count)++] = i;
    }
    return items;
}

void sim_load_tally_judge(const sim_load_tally *t, uint32_t item, int64_t count, sim_load_verdict *v)
{
    int64_t least = t->acked[item], most = least + t->unsure[item];
    v->items++;
    v->acked += t->acked[item];
    v->unsure += t->unsure[item];
    v->counted += (uint64_t)KD_MAX(count, (int64_t)0);
    if (count >= least && count <= most) return;
    if (v->wrong++ > 0) return;
    v->first = item;
    v->first_says = count;
}
