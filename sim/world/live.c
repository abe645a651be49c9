/* live.c - see the header. The real counterpart is edge/io/live/live_hub.c; what is told is decided by the same core (kd_edge_watch_next). */
#include "sim/world/live.h"

#include <stdlib.h>

#include "sim/world/events.h"
#include "sim/world/names.h"
#include "sim/world/processes.h"
#include "sim/world/shard.h"

enum { LIVE_EACH = 2 /* one item in so many has a stream: the others may be evicted */ };

struct sim_live_item {
    bool begun;
    kd_view told;
};

static void live_hear(sim_world *w, sim_shard *m)
{
    kd_watch_news news;
    while (kd_edge_watch_next(m->core, w->now_us, &news) == KD_OK)
        for (uint32_t i = 0; i < w->item_count; i++)
            if (kd_bytes_eq(kd_item_key(&w->items[i]), news.item)) m->live[i].told = news.view;
}

static bool live_same(const kd_view *a, const kd_view *b)
{
    return a->told == b->told && memcmp(a->count, b->count, sizeof a->count) == 0 &&
           memcmp(a->pending, b->pending, sizeof a->pending) == 0;
}

void sim_live_read(sim_world *w, uint32_t slot, uint32_t item, const kd_view *view)
{
    sim_shard *m = sim_shard_of(w, slot, w->item_partition[item]);
    if (item % LIVE_EACH != 0) return;
    if (!m->live) m->live = kd_alloc(w->item_count * sizeof *m->live);
    live_hear(w, m);
    struct sim_live_item *at = &m->live[item];
    if (at->begun && !live_same(&at->told, view))
        sim_world_fail(w, "live", "%s: a stream was not told a change of %s", sim_world_process_name(w, slot),
                       w->item_names[item]);
    if (at->begun) return;
    const kd_watch_request rq = {.item = kd_item_key(&w->items[item]), .members = true};
    *at = (struct sim_live_item){.begun = true, .told = *view};
    kd_edge_watch(m->core, &rq, w->now_us);
    kd_edge_watch_shown(m->core, rq.item, view, w->now_us);
}

void sim_live_end(sim_shard *m)
{
    free(m->live);
    m->live = NULL;
}
