/* heap.c - a heap with four children to a node: half as deep as with two, and the four lie beside each other. */
#include "sim/world/heap.h"

#include <stdlib.h>

static bool before(const sim_event *x, const sim_event *y)
{
    return x->at_us != y->at_us ? x->at_us < y->at_us : x->order < y->order;
}

void sim_heap_push(sim_heap *h, sim_event ev)
{
    h->at = kd_grow(h->at, h->count, &h->cap, sizeof(h->at[0]));
    ev.order = h->order++;
    uint32_t i = h->count++;
    while (i > 0 && before(&ev, &h->at[(i - 1) / 4])) {
        h->at[i] = h->at[(i - 1) / 4];
        i = (i - 1) / 4;
    }
    h->at[i] = ev;
}

static uint32_t first_child(const sim_heap *h, uint32_t i)
{
    uint32_t best = 4 * i + 1;
    for (uint32_t child = best + 1; child <= 4 * i + 4 && child < h->count; child++)
        if (before(&h->at[child], &h->at[best])) best = child;
    return best;
}

bool sim_heap_pop(sim_heap *h, sim_event *ev)
{
    if (h->count == 0) return false;
    *ev = h->at[0];
    sim_event last = h->at[--h->count];
    uint32_t i = 0;
    while (4 * i + 1 < h->count) {
        uint32_t child = first_child(h, i);
        if (!before(&h->at[child], &last)) break;
        h->at[i] = h->at[child];
        i = child;
    }
    if (h->count > 0) h->at[i] = last;
    return true;
}

void sim_heap_finish(sim_heap *h)
{
    free(h->at);
    *h = (sim_heap){0};
}
