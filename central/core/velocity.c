/* velocity.c - the velocities of items that the caller names (kudos/trending.h): those that the summaries of the window hold, with their errors, and for all
 * others the most that they may have. */
#include "central/core/closed.h"
#include "central/core/state.h"
#include "central/core/trend_window.h"

typedef struct {
    const kd_bytes *ids;
    uint32_t count, tags[KD_BULK_ITEMS_MAX];
    kd_velocity *out;
} velocity_read;

static void velocity_take(void *arg, kd_summary *s)
{
    const velocity_read *r = arg;
    for (uint32_t i = 0; i < r->count; i++) {
        const kd_summary_entry *e = kd_summary_held(s, r->ids[i], r->tags[i]);
        r->out[i].least += e ? kd_summary_least(e) : 0;
        r->out[i].most += e ? e->count : s->missed;
    }
}

static void velocity_end(const kd_central *c, const kd_trending_query *q, const velocity_read *r,
                         bool complete)
{
    for (uint32_t i = 0; i < r->count; i++) {
        kd_item item;
        KD_ASSERT(kd_item_make(&item, q->collection, r->ids[i]) == KD_OK);
        bool deleted = kd_closed_deleted_shown(c, kd_item_key(&item));
        if (deleted) r->out[i] = (kd_velocity){.known = true};
        if (!complete && !deleted) r->out[i].most = KD_VELOCITY_UNBOUNDED;
    }
}

int kd_central_velocities(kd_central *c, const kd_trending_query *q, const kd_bytes *ids, uint32_t count,
                          kd_velocity *out)
{
    kd_trend_window window;
    velocity_read r = {.ids = ids, .count = count, .out = out};
    KD_ASSERT(count <= KD_BULK_ITEMS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        out[i] = (kd_velocity){.known = true};
        r.tags[i] = kd_summary_tag(ids[i]);
    }
    int err = kd_trend_window_read(c, q, &window, velocity_take, &r);
    if (err == KD_OK)
        velocity_end(c, q, &r, window.complete);
    else
        memset(out, 0, count * sizeof *out);
    return err;
}
