/*
 * names.c - an arena of texts and a hash table of their numbers, at most half full.
 */
#include <stdlib.h>

#include "kudos/id.h"
#include "sim/users/names.h"

const char *sim_names_at(const sim_names *n, uint32_t number)
{
    KD_ASSERT(number < n->count);
    return (const char *)n->text.data + n->offsets[number];
}

static uint32_t *sim_names_slot_of(const sim_names *n, kd_bytes text)
{
    for (uint64_t i = kd_hash(text);; i++) {
        uint32_t *slot = &n->slots[i & (n->slot_count - 1)];
        if (*slot == 0 || kd_bytes_eq(kd_bytes_str(sim_names_at(n, *slot - 1)), text)) return slot;
    }
}

static void sim_names_widen(sim_names *n)
{
    free(n->slots);
    n->slot_count = KD_MAX(n->slot_count * 2, 1024u);
    n->slots = kd_alloc(n->slot_count * sizeof *n->slots);
    for (uint32_t i = 0; i < n->count; i++) *sim_names_slot_of(n, kd_bytes_str(sim_names_at(n, i))) = i + 1;
}

uint32_t sim_names_add(sim_names *n, kd_bytes text)
{
    if (n->count * 2 >= n->slot_count) sim_names_widen(n);
    uint32_t *slot = sim_names_slot_of(n, text);
    if (*slot) return *slot - 1;
    n->offsets = kd_grow(n->offsets, n->count, &n->cap, sizeof *n->offsets);
    n->offsets[n->count] = n->text.len;
    kd_buf_put(&n->text, text.data, text.len);
    kd_buf_put_u8(&n->text, 0);
    return (*slot = ++n->count) - 1;
}

void sim_names_finish(sim_names *n)
{
    kd_buf_finish(&n->text);
    free(n->offsets);
    free(n->slots);
    *n = (sim_names){0};
}
