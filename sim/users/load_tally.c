/* load_tally.c - see the header. */
#include "sim/users/load_tally.h"

#include <stdlib.h>

enum { LIKE_COUNTER = 0 };

void sim_load_tally_init(sim_load_tally *t, uint32_t items)
{
    *t = (sim_load_tally){.items = items, .oracle = sim_oracle_create()};
    sim_oracle_say_alone(t->oracle, LIKE_COUNTER, 0, items, ORACLE_MUST_NOT); /* makes room */
}

void sim_load_tally_finish(sim_load_tally *t)
{
    sim_oracle_destroy(t->oracle);
    *t = (sim_load_tally){0};
}

void sim_load_tally_note(sim_load_tally *t, uint32_t item, uint32_t count, bool acked)
{
    if (!t->items) return;
    KD_ASSERT(item < t->items && count <= t->items - item);
    sim_oracle_say_alone(t->oracle, LIKE_COUNTER, item, count, acked ? ORACLE_MUST : ORACLE_MAY);
}

void sim_load_tally_merge(sim_load_tally *to, const sim_load_tally *from)
{
    KD_ASSERT(to->items == from->items);
    if (to->items) sim_oracle_add(to->oracle, from->oracle);
}

static sim_oracle_bounds load_tally_bounds(const sim_load_tally *t, uint32_t item)
{
    return sim_oracle_bounds_of(t->oracle, LIKE_COUNTER, item);
}

uint64_t sim_load_tally_acked(const sim_load_tally *t, uint32_t item)
{
    return load_tally_bounds(t, item).least;
}

uint64_t sim_load_tally_unsure(const sim_load_tally *t, uint32_t item)
{
    sim_oracle_bounds b = load_tally_bounds(t, item);
    return b.most - b.least;
}

uint32_t *sim_load_tally_touched(const sim_load_tally *t, uint32_t *count)
{
    uint32_t *items = kd_alloc((t->items + 1ull) * sizeof *items);
    *count = 0;
    for (uint32_t i = 0; i < t->items; i++) {
        if (load_tally_bounds(t, i).most > 0) items[(*count)++] = i;
    }
    return items;
}

void sim_load_tally_judge(const sim_load_tally *t, uint32_t item, int64_t count, sim_load_verdict *v)
{
    sim_oracle_bounds b = load_tally_bounds(t, item);
    v->items++;
    v->acked += b.least;
    v->unsure += b.most - b.least;
    v->counted += (uint64_t)KD_MAX(count, (int64_t)0);
    if (sim_oracle_allows(b, count)) return;
    if (v->wrong++ > 0) return;
    v->first = item;
    v->first_says = count;
}
