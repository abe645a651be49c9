/*
 * oracle.c - a table of pairs, and per counter an array of bounds by item.
 *
 * Invariant: the bounds of an item are the sum over its pairs, those with a number and those without, of what each verdict says: MUST adds to both,
 * MAY to the most. Slots hold 1 + the number of a pair, with open addressing, at most half full.
 */
#include "sim/oracle/oracle.h"

#include <stdlib.h>

enum { SLOTS_MIN = 64 };

typedef struct {
    uint64_t key;
    sim_oracle_verdict verdict;
} oracle_row;

struct sim_oracle {
    oracle_row *rows;
    uint32_t count, cap;
    uint32_t *slots;
    uint32_t slot_count;
    sim_oracle_bounds *items[KD_COUNTERS_MAX];
    uint32_t item_cap[KD_COUNTERS_MAX];
};

sim_oracle *sim_oracle_create(void)
{
    sim_oracle *o = kd_alloc(sizeof *o);
    *o = (sim_oracle){.slot_count = SLOTS_MIN};
    o->slots = kd_alloc(o->slot_count * sizeof *o->slots);
    return o;
}

void sim_oracle_destroy(sim_oracle *o)
{
    if (!o) return;
    for (uint32_t c = 0; c < KD_COUNTERS_MAX; c++) free(o->items[c]);
    free(o->slots);
    free(o->rows);
    free(o);
}

/* ---- pairs ----------------------------------------------------------------------------------------------------- */

/* Ordered as (counter, item, user). */
static uint64_t oracle_key(uint32_t counter, uint32_t item, uint32_t user)
{
    KD_ASSERT(counter < KD_COUNTERS_MAX && item < 1u << 28);
    return (uint64_t)counter << 60 | (uint64_t)item << 32 | user;
}

static uint32_t *oracle_slot(const sim_oracle *o, uint64_t key)
{
    uint64_t state = key, mask = o->slot_count - 1;
    for (uint64_t i = kd_random_next(&state);; i++) {
        uint32_t *slot = &o->slots[i & mask];
        if (*slot == 0 || o->rows[*slot - 1].key == key) return slot;
    }
}

static void oracle_widen(sim_oracle *o)
{
    free(o->slots);
    o->slot_count *= 2;
    o->slots = kd_alloc(o->slot_count * sizeof *o->slots);
    for (uint32_t i = 0; i < o->count; i++) *oracle_slot(o, o->rows[i].key) = i + 1;
}

uint32_t sim_oracle_obtain(sim_oracle *o, uint32_t counter, uint32_t item, uint32_t user)
{
    uint64_t key = oracle_key(counter, item, user);
    uint32_t *slot = oracle_slot(o, key);
    if (*slot) return *slot - 1;
    o->rows = kd_grow(o->rows, o->count, &o->cap, sizeof *o->rows);
    o->rows[o->count] = (oracle_row){.key = key, .verdict = ORACLE_MUST_NOT};
    *slot = ++o->count;
    if (2 * o->count > o->slot_count) oracle_widen(o);
    return o->count - 1;
}

uint32_t sim_oracle_find(const sim_oracle *o, uint32_t counter, uint32_t item, uint32_t user)
{
    uint32_t found = *oracle_slot(o, oracle_key(counter, item, user));
    return found ? found - 1 : SIM_ORACLE_NONE;
}

sim_oracle_pair sim_oracle_at(const sim_oracle *o, uint32_t pair)
{
    KD_ASSERT(pair < o->count);
    uint64_t key = o->rows[pair].key;
    return (sim_oracle_pair){(uint32_t)(key >> 60), (uint32_t)(key >> 32) & 0xfffffff, (uint32_t)key,
                             o->rows[pair].verdict};
}

uint32_t sim_oracle_count(const sim_oracle *o)
{
    return o->count;
}

static int oracle_by_key(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

uint32_t *sim_oracle_sorted(const sim_oracle *o)
{
    uint64_t *keys = kd_alloc((o->count + 1ull) * sizeof *keys);
    uint32_t *sorted = kd_alloc((o->count + 1ull) * sizeof *sorted);
    for (uint32_t i = 0; i < o->count; i++) keys[i] = o->rows[i].key;
    qsort(keys, o->count, sizeof *keys, oracle_by_key);
    for (uint32_t i = 0; i < o->count; i++) sorted[i] = *oracle_slot(o, keys[i]) - 1;
    free(keys);
    return sorted;
}

/* ---- bounds ---------------------------------------------------------------------------------------------------- */

static sim_oracle_bounds *oracle_cell(sim_oracle *o, uint32_t counter, uint32_t item)
{
    KD_ASSERT(counter < KD_COUNTERS_MAX);
    uint32_t cap = o->item_cap[counter];
    if (item >= cap) {
        uint32_t more = KD_MAX(2 * cap, item + 16);
        o->items[counter] = kd_realloc(o->items[counter], more * sizeof(sim_oracle_bounds));
        memset(o->items[counter] + cap, 0, (more - cap) * sizeof(sim_oracle_bounds));
        o->item_cap[counter] = more;
    }
    return &o->items[counter][item];
}

void sim_oracle_say(sim_oracle *o, uint32_t pair, sim_oracle_verdict verdict)
{
    sim_oracle_pair p = sim_oracle_at(o, pair);
    sim_oracle_bounds *b = oracle_cell(o, p.counter, p.item);
    b->least = b->least - (p.verdict == ORACLE_MUST) + (verdict == ORACLE_MUST);
    b->most = b->most - (p.verdict != ORACLE_MUST_NOT) + (verdict != ORACLE_MUST_NOT);
    o->rows[pair].verdict = verdict;
}

void sim_oracle_say_alone(sim_oracle *o, uint32_t counter, uint32_t item, uint32_t items,
                          sim_oracle_verdict verdict)
{
    if (items == 0) return;
    oracle_cell(o, counter, item + items - 1);
    for (uint32_t i = item; i < item + items; i++) {
        o->items[counter][i].least += verdict == ORACLE_MUST;
        o->items[counter][i].most += verdict != ORACLE_MUST_NOT;
    }
}

void sim_oracle_say_sum(sim_oracle *o, uint32_t counter, uint32_t item, int64_t least, int64_t most)
{
    sim_oracle_bounds *b = oracle_cell(o, counter, item);
    b->least += (uint64_t)least;
    b->most += (uint64_t)most;
}

void sim_oracle_add(sim_oracle *to, const sim_oracle *from)
{
    for (uint32_t c = 0; c < KD_COUNTERS_MAX; c++) {
        for (uint32_t i = 0; i < from->item_cap[c]; i++) {
            const sim_oracle_bounds *b = &from->items[c][i];
            if (b->most > 0) sim_oracle_say_sum(to, c, i, (int64_t)b->least, (int64_t)b->most);
        }
    }
}

sim_oracle_bounds sim_oracle_bounds_of(const sim_oracle *o, uint32_t counter, uint32_t item)
{
    bool known = counter < KD_COUNTERS_MAX && item < o->item_cap[counter];
    return known ? o->items[counter][item] : (sim_oracle_bounds){0, 0};
}
