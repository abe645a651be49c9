/*
 * view.c - what a reader is shown of an item: max(0, central's counts + own deltas), its age, and up to when it is complete.
 */
#include "edge/core/entry.h"
#include "edge/core/items.h"
#include "edge/core/part.h"
#include "edge/core/state.h"

static uint64_t view_as_of(const kd_edge *e, const kd_part *p)
{
    return p->low_watermark_us > e->config.drift_us ? p->low_watermark_us - e->config.drift_us : 0;
}

/* Fills in age and as_of of central's counts. False: there are none, or their age is unknown because two gaps came since. Such counts are not
 * shown. */
static bool view_age(const kd_edge *e, const kd_entry *entry, kd_view *view)
{
    const kd_part *p = &e->parts[entry->part];
    if (!entry->known || (entry->version < p->floor_version && entry->version < p->stale_floor)) return false;
    bool follows = entry->version >= p->floor_version;
    view->made_us = follows ? p->made_us : p->stale_made_us;
    view->as_of_us = follows || KD_PLANTED(e, KD_PLANT_STALE_AS_OF) ? view_as_of(e, p) : p->stale_as_of_us;
    return true;
}

/*
 * While operations are sent again or moved (rules 15, 20) the edge does not know which of them central's count includes. An unlike whose row is one
 * of them shows -1, and takes a like out of the count that may not be in it. So no as_of is told beside own deltas.
 */
static bool view_own_in_doubt(const kd_part *p, const kd_entry *entry)
{
    return p->hold.held && kd_entry_overlay(entry);
}

int kd_edge_view(kd_edge *e, kd_bytes item, kd_view *view)
{
    *view = (kd_view){0};
    if (e->poisoned) return KD_EIO;
    kd_entry *entry = kd_items_find(e, item);
    if (entry && view_age(e, entry, view)) view->told = entry->told;
    if (KD_PLANTED(e, KD_PLANT_INVENT_NUMBER)) view->told = e->counters.count;
    view->known = view->told > 0;
    view->closed = entry && entry->known && entry->closed;
    if (!entry) return KD_EAGAIN;
    view->fresh = kd_entry_fresh(e, entry);
    const kd_overlay *overlay = kd_entry_overlay(entry);
    for (uint32_t i = 0; i < e->config.counters->count; i++) {
        kd_tally own = kd_overlay_sum(overlay, i);
        int64_t shown = (entry->known && i < view->told ? (int64_t)kd_entry_count(entry, i) : 0) + own.delta;
        view->count[i] = shown > 0 ? (uint64_t)shown : 0;
        view->pending[i] = (uint32_t)KD_MIN(own.ops, (uint64_t)UINT32_MAX);
    }
    if (view_own_in_doubt(&e->parts[entry->part], entry)) view->as_of_us = 0;
    return view->fresh ? KD_OK : KD_EAGAIN;
}
