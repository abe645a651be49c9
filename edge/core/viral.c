/* viral.c - see the header. A second is one of the time that the caller names. */
#include "edge/core/viral.h"
#include "edge/core/entry.h"
#include "edge/core/part.h"
#include "edge/core/state.h"

/* An item becomes quiet when each of the last QUIET_SECONDS, and the present one so far, had less than half of the rate: it does not come and go with
 * each breath. */
enum { SECOND_US = 1000000, QUIET_SECONDS = 5 };

static uint32_t *viral_slot(kd_viral *v, uint64_t second)
{
    return &v->ops[second % KD_VIRAL_RING];
}

/* Operations of a second that lies in the ring or after it. */
static uint32_t viral_ops(const kd_viral *v, uint64_t second)
{
    return second <= v->second && v->second - second < KD_VIRAL_RING ? v->ops[second % KD_VIRAL_RING] : 0;
}

/* Moves the ring on. A clock that went back a little counts in the newest second; if it went back further than the ring is long, the ring begins
 * anew there. */
static void viral_turn(kd_viral *v, uint64_t second)
{
    if (second <= v->second && v->second - second < KD_VIRAL_RING) return;
    if (second < v->second || second - v->second >= KD_VIRAL_RING) {
        memset(v->ops, 0, sizeof v->ops);
        v->second = second;
    }
    while (v->second < second) *viral_slot(v, ++v->second) = 0;
}

static kd_viral *viral_find(kd_edge *e, const kd_entry *entry)
{
    kd_virals *all = &e->virals;
    if (all->found < all->count && all->at[all->found].entry == entry) return &all->at[all->found];
    uint32_t i = 0;
    while (i < all->count && all->at[i].entry != entry) i++;
    KD_ASSERT(i < all->count);
    all->found = i;
    return &all->at[i];
}

/* They do not make room for others, so they take at most half of it. */
static bool viral_begin(kd_edge *e, kd_entry *entry, uint32_t ops, uint64_t now_us)
{
    kd_virals *all = &e->virals;
    if (all->count >= KD_MIN((uint32_t)KD_VIRAL_MAX, e->config.items_max / 2)) return false;
    kd_viral *v = &all->at[all->count++];
    *v = (kd_viral){.entry = entry, .since_us = now_us, .second = now_us / SECOND_US};
    *viral_slot(v, v->second) = ops;
    entry->viral = true;
    e->parts[entry->part].viral++;
    return true;
}

bool kd_viral_count(kd_edge *e, kd_entry *entry, uint64_t now_us)
{
    uint64_t second = now_us / SECOND_US;
    if (e->config.viral_rate == 0) return false;
    if (entry->viral) {
        kd_viral *v = viral_find(e, entry);
        viral_turn(v, second);
        ++*viral_slot(v, v->second);
        return true;
    }
    kd_overlay *o = kd_entry_overlay(entry);
    if (o->second != (uint32_t)second) o->second_ops = 0;
    o->second = (uint32_t)second;
    return ++o->second_ops >= e->config.viral_rate && viral_begin(e, entry, o->second_ops, now_us);
}

static bool viral_is_quiet(const kd_edge *e, const kd_viral *v)
{
    for (uint64_t ago = 0; ago <= QUIET_SECONDS; ago++)
        if (2ull * viral_ops(v, v->second - ago) >= e->config.viral_rate) return false;
    return true;
}

uint64_t kd_viral_tick(kd_edge *e, uint64_t now_us)
{
    uint64_t second = now_us / SECOND_US;
    for (uint32_t i = e->virals.count; i > 0; i--) {
        kd_viral *v = &e->virals.at[i - 1];
        viral_turn(v, second);
        if (viral_is_quiet(e, v)) kd_viral_end(e, v->entry);
    }
    return e->virals.count > 0 ? (second + 1) * SECOND_US : UINT64_MAX;
}

void kd_viral_move(kd_edge *e, const kd_entry *from, kd_entry *to)
{
    viral_find(e, from)->entry = to;
    to->viral = true;
}

void kd_viral_end(kd_edge *e, kd_entry *entry)
{
    kd_virals *all = &e->virals;
    kd_viral *v = viral_find(e, entry);
    size_t behind = (size_t)(&all->at[all->count] - (v + 1));
    memmove(v, v + 1, behind * sizeof *v);
    all->count--;
    entry->viral = false;
    e->parts[entry->part].viral--;
}

uint32_t kd_edge_virals(const kd_edge *e, uint64_t now_us, kd_edge_viral *out)
{
    uint64_t second = now_us / SECOND_US;
    for (uint32_t i = 0; i < e->virals.count; i++) {
        const kd_viral *v = &e->virals.at[i];
        out[i] = (kd_edge_viral){.partition = e->parts[v->entry->part].id, .since_us = v->since_us};
        KD_ASSERT(kd_item_from_key(&out[i].item, kd_entry_key(v->entry)) == KD_OK);
        for (uint32_t s = 0; s < KD_VIRAL_SECONDS; s++)
            out[i].operations[s] = viral_ops(v, second - KD_VIRAL_SECONDS + s);
    }
    return e->virals.count;
}
