/*
 * rate.c - see the header.
 *
 *     set:    | 8 keys: one line of the processor's caches | 8 slots |
 *     slot:   | over | window: newest pane, 12 counts | window: newest pane, 12 counts |      two lines
 *
 * The count of pane p is at p % 12. A key is 0 in a slot that has never had a user. To find a user reads the keys of his set and his slot; only a
 * newcomer to a full set makes all eight slots be read.
 */
#include "kudos/rate.h"

#include <stdlib.h>

typedef struct {
    uint64_t newest; /* number of the newest pane */
    uint32_t count[KD_RATE_PANES];
} rate_panes;

typedef struct {
    uint64_t over_us; /* from then on nothing counts any more */
    rate_panes window[KD_RATE_WINDOWS];
} rate_slot;

typedef struct {
    uint64_t key[KD_RATE_WAYS];
    rate_slot slot[KD_RATE_WAYS];
} rate_set;

_Static_assert(sizeof(rate_set) == 128 * KD_RATE_WAYS, "128 bytes for each user");

struct kd_rate {
    rate_set *sets;
    uint64_t count; /* of sets, a power of two */
    uint64_t used, evicted;
};

kd_rate *kd_rate_create(uint64_t slots_min)
{
    kd_rate *r = kd_alloc(sizeof *r);
    r->count = 1;
    while (r->count * KD_RATE_WAYS < slots_min) r->count *= 2;
    r->sets = kd_alloc(r->count * sizeof *r->sets);
    return r;
}

void kd_rate_destroy(kd_rate *r)
{
    if (!r) return;
    free(r->sets);
    free(r);
}

kd_rate_stats kd_rate_get_stats(const kd_rate *r)
{
    return (kd_rate_stats){.slots = r->count * KD_RATE_WAYS, .used = r->used, .evicted = r->evicted};
}

/* ---- panes ---- */

static uint64_t pane_us(const kd_rate_window *w)
{
    return (w->window_us + KD_RATE_PANES - 2) / (KD_RATE_PANES - 1);
}

/* Forgets the panes that are twelve or more behind the one of now. */
static void panes_pass(rate_panes *p, uint64_t pane)
{
    if (pane <= p->newest) return; /* the time of another thread, a moment behind */
    uint64_t passed = KD_MIN(pane - p->newest, (uint64_t)KD_RATE_PANES);
    for (uint64_t i = 0; i < passed; i++) p->count[(pane - i) % KD_RATE_PANES] = 0;
    p->newest = pane;
}

static uint64_t panes_sum(const rate_panes *p)
{
    uint64_t sum = 0;
    for (int i = 0; i < KD_RATE_PANES; i++) sum += p->count[i];
    return sum;
}

/* Until so many of the panes have passed, the oldest first, that at most `most` operations count: fewer than the `sum` of all. */
static uint64_t panes_until(const rate_panes *p, const kd_rate_window *w, uint64_t sum, uint64_t most,
                            uint64_t now_us)
{
    uint64_t passed = 0, at = p->newest % KD_RATE_PANES;
    if (p->count[at] > most) passed = KD_RATE_PANES; /* all must: as a rule, for all that counts is of now */
    for (; sum > most && passed < KD_RATE_PANES; passed++) {
        at = at + 1 < KD_RATE_PANES ? at + 1 : 0;
        sum -= p->count[at]; /* 0 for a pane before time began */
    }
    uint64_t at_us = (p->newest + passed) * pane_us(w);
    return at_us > now_us ? at_us - now_us : 0;
}

/* ---- slots ---- */

static uint64_t slot_used(const rate_slot *slot)
{
    uint64_t sum = 0;
    for (int i = 0; i < KD_RATE_WINDOWS; i++) sum += panes_sum(&slot->window[i]);
    return sum;
}

static rate_slot *rate_find(kd_rate *r, uint64_t key)
{
    rate_set *set = &r->sets[key & (r->count - 1)];
    for (int i = 0; i < KD_RATE_WAYS; i++)
        if (set->key[i] == key) return &set->slot[i];
    return NULL;
}

/* Empty, or of whom nothing counts any more; else of whom counts least. */
static int rate_room(kd_rate *r, const rate_set *set, uint64_t now_us)
{
    int least = 0;
    uint64_t least_used = UINT64_MAX;
    for (int i = 0; i < KD_RATE_WAYS; i++) {
        if (set->key[i] == 0) r->used++;
        if (set->key[i] == 0 || set->slot[i].over_us <= now_us) return i;
        uint64_t used = slot_used(&set->slot[i]);
        if (used >= least_used) continue;
        least = i;
        least_used = used;
    }
    r->evicted++;
    return least;
}

static rate_slot *rate_make(kd_rate *r, uint64_t key, uint64_t now_us)
{
    rate_set *set = &r->sets[key & (r->count - 1)];
    int at = rate_room(r, set, now_us);
    set->key[at] = key;
    set->slot[at] = (rate_slot){.over_us = 0};
    return &set->slot[at];
}

static uint64_t rate_key(uint64_t key)
{
    return key ? key : 1; /* 0 marks an empty slot */
}

/* The user's slot, of which the panes that have passed are forgotten. It is made if there is none; NULL: there is none, and none was to be made. */
static rate_slot *rate_slot_at(kd_rate *r, uint64_t key, const kd_rate_rule *rule, bool make, uint64_t now_us)
{
    rate_slot *slot = rate_find(r, rate_key(key));
    if (!slot && make) slot = rate_make(r, rate_key(key), now_us);
    for (uint32_t i = 0; slot && i < rule->count; i++)
        panes_pass(&slot->window[i], now_us / pane_us(&rule->at[i]));
    return slot;
}

static void slot_count(rate_slot *slot, const kd_rate_rule *rule, uint32_t n, uint64_t now_us)
{
    for (uint32_t i = 0; i < rule->count; i++) {
        rate_panes *p = &slot->window[i];
        uint32_t *count = &p->count[p->newest % KD_RATE_PANES];
        *count = n > UINT32_MAX - *count ? UINT32_MAX : *count + n;
        slot->over_us = KD_MAX(slot->over_us, now_us + KD_RATE_PANES * pane_us(&rule->at[i]));
    }
}

/* ---- calls ---- */

/* How the windows stand, of which `used` told so far what was counted before. */
static void rate_tell(const rate_slot *slot, const kd_rate_rule *rule, uint64_t now_us, kd_rate_answer *out)
{
    for (uint32_t i = 0; i < rule->count; i++) {
        const kd_rate_window *w = &rule->at[i];
        uint64_t used = out->at[i].used += out->fits;
        out->at[i].left = used < w->quota ? w->quota - used : 0;
        if (used > 0) out->at[i].more_us = panes_until(&slot->window[i], w, used, used - 1, now_us);
        if (used < w->quota) continue;
        uint64_t wait_us = panes_until(&slot->window[i], w, used, w->quota - 1, now_us);
        out->wait_us = KD_MAX(out->wait_us, KD_MAX(wait_us, (uint64_t)1));
    }
}

kd_rate_answer kd_rate_take(kd_rate *r, uint64_t key, const kd_rate_rule *rule, uint32_t want,
                            uint64_t now_us)
{
    kd_rate_answer out = {.fits = want};
    if (rule->count == 0) return out;
    rate_slot *slot = rate_slot_at(r, key, rule, want > 0, now_us);
    for (uint32_t i = 0; slot && i < rule->count; i++) {
        uint64_t used = out.at[i].used = panes_sum(&slot->window[i]), quota = rule->at[i].quota;
        out.fits = (uint32_t)KD_MIN((uint64_t)out.fits, used < quota ? quota - used : 0);
    }
    if (slot && out.fits > 0) slot_count(slot, rule, out.fits, now_us);
    if (out.fits < want || want == 0) rate_tell(slot, rule, now_us, &out);
    return out;
}

void kd_rate_add(kd_rate *r, uint64_t key, const kd_rate_rule *rule, uint32_t n, uint64_t now_us)
{
    if (rule->count == 0 || n == 0) return;
    slot_count(rate_slot_at(r, key, rule, true, now_us), rule, n, now_us);
}

/* Takes back up to n of a pane that still counts. Returns how many that were. */
static uint32_t panes_give_back(rate_panes *p, uint64_t pane, uint32_t n)
{
    if (pane > p->newest) return 0;
    uint32_t *count = &p->count[pane % KD_RATE_PANES];
    uint32_t back = KD_MIN(n, *count);
    *count -= back;
    return back;
}

/* Where another thread, whose time was a moment ahead, had begun the next pane, the operations were counted there. */
void kd_rate_give_back(kd_rate *r, uint64_t key, const kd_rate_rule *rule, uint32_t n, uint64_t at_us)
{
    rate_slot *slot = rate_find(r, rate_key(key));
    for (uint32_t i = 0; slot && i < rule->count; i++) {
        rate_panes *p = &slot->window[i];
        uint64_t pane = at_us / pane_us(&rule->at[i]);
        if (pane + KD_RATE_PANES <= p->newest) continue; /* they count no more */
        uint32_t rest = n - panes_give_back(p, pane, n);
        panes_give_back(p, pane + 1, rest);
    }
}
