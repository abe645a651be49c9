/*
 * heap.c - a radix heap (Ahuja, Mehlhorn, Orlin, Tarjan 1990) with digits of six bits. An event's level is the highest digit in which its time
 * differs from that of the last event; its slot there is its own digit:
 *
 *     level 0:  64 lists, each of one microsecond
 *     level 1:  64 lists, each of 64 microseconds, behind all of level 0 ...
 *
 * When all levels below are empty, the first list of a level is dealt out to the levels below, in its own order. Level and slot of an event follow
 * from its time alone, so events of one time are always in one list, in the order in which they were pushed.
 */
#include "sim/world/heap.h"

#include <stdlib.h>

typedef struct sim_heap_cell {
    sim_event ev;
    uint32_t next;
} heap_cell;

static void heap_append(sim_heap *h, uint32_t id)
{
    heap_cell *c = &h->at[id - 1];
    uint64_t differs = c->ev.at_us ^ h->now_us;
    uint32_t level = differs ? (63 - (uint32_t)__builtin_clzll(differs)) / SIM_HEAP_DIGIT : 0;
    uint32_t slot = (uint32_t)(c->ev.at_us >> level * SIM_HEAP_DIGIT) % SIM_HEAP_SLOTS;
    sim_heap_list *list = &h->lists[level][slot];
    c->next = 0;
    if (list->first)
        h->at[list->last - 1].next = id;
    else
        list->first = id;
    list->last = id;
    h->levels |= 1u << level;
    h->slots[level] |= 1ull << slot;
}

void sim_heap_push(sim_heap *h, sim_event ev)
{
    KD_ASSERT(ev.at_us >= h->now_us);
    uint32_t id = h->given;
    if (id) {
        h->given = h->at[id - 1].next;
    } else {
        h->at = kd_grow(h->at, h->count, &h->cap, sizeof(h->at[0]));
        id = ++h->count;
    }
    h->at[id - 1].ev = ev;
    heap_append(h, id);
}

/* The first list of the level, by its first cell. Its slot is empty afterwards. */
static uint32_t heap_take_list(sim_heap *h, uint32_t level)
{
    uint32_t slot = (uint32_t)__builtin_ctzll(h->slots[level]), id = h->lists[level][slot].first;
    h->lists[level][slot] = (sim_heap_list){0};
    h->slots[level] &= h->slots[level] - 1;
    if (h->slots[level] == 0) h->levels &= ~(1u << level);
    return id;
}

static void heap_deal_out(sim_heap *h, uint32_t level)
{
    uint32_t first = heap_take_list(h, level);
    uint64_t low_us = UINT64_MAX;
    for (uint32_t id = first; id; id = h->at[id - 1].next) low_us = KD_MIN(low_us, h->at[id - 1].ev.at_us);
    h->now_us = low_us;
    for (uint32_t id = first, next; id; id = next) {
        next = h->at[id - 1].next;
        heap_append(h, id);
    }
}

bool sim_heap_pop(sim_heap *h, sim_event *ev)
{
    if (h->levels == 0) return false;
    while (!(h->levels & 1)) heap_deal_out(h, (uint32_t)__builtin_ctz(h->levels));
    uint32_t slot = (uint32_t)__builtin_ctzll(h->slots[0]);
    sim_heap_list *list = &h->lists[0][slot];
    uint32_t id = list->first;
    *ev = h->at[id - 1].ev;
    h->now_us = ev->at_us;
    list->first = h->at[id - 1].next;
    if (!list->first) heap_take_list(h, 0);
    h->at[id - 1].next = h->given;
    h->given = id;
    return true;
}

void sim_heap_finish(sim_heap *h)
{
    free(h->at);
    *h = (sim_heap){0};
}
