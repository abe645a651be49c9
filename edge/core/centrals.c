/*
 * centrals.c - see the header. Invariants: `used` has a URL, or there is none that has; leaders[] names slots alone that have a URL and are not left.
 */
#include "kudos/centrals.h"

#include <stdlib.h>

_Static_assert(KD_CENTRALS_MAX <= 32, "a set of slots is a uint32_t");
_Static_assert(KD_CENTRALS_NONE >= KD_CENTRALS_MAX && KD_CENTRALS_NONE <= UINT8_MAX, "leaders[] holds it");

void kd_centrals_init(kd_centrals *c, uint32_t partitions, uint64_t seed)
{
    *c = (kd_centrals){.used = KD_CENTRALS_NONE, .partitions = partitions, .random = seed};
    c->leaders = kd_alloc(partitions);
    memset(c->leaders, KD_CENTRALS_NONE, partitions);
}

void kd_centrals_finish(kd_centrals *c)
{
    free(c->leaders);
    *c = (kd_centrals){.used = KD_CENTRALS_NONE};
}

static bool centrals_open(const kd_centrals *c, uint32_t slot)
{
    return slot < KD_CENTRALS_MAX && c->at[slot].known && !c->at[slot].left;
}

static void centrals_forget_leads(kd_centrals *c, uint32_t slot)
{
    for (uint32_t p = 0; p < c->partitions; p++)
        if (c->leaders[p] == slot) c->leaders[p] = KD_CENTRALS_NONE;
}

static void centrals_clear(kd_centrals *c, uint32_t slot, bool known)
{
    c->at[slot] = (kd_central_slot){
        .known = known, .backoff = {.min_us = KD_CENTRAL_PROBE_MIN_US, .max_us = KD_CENTRAL_PROBE_MAX_US}};
    centrals_forget_leads(c, slot);
}

void kd_centrals_set(kd_centrals *c, uint32_t known, uint32_t fresh, uint32_t first)
{
    bool stays = c->used != KD_CENTRALS_NONE && (known & ~fresh) >> c->used & 1;
    c->known = 0;
    for (uint32_t i = 0; i < KD_CENTRALS_MAX; i++) {
        bool has = known >> i & 1;
        if (!has || fresh >> i & 1) centrals_clear(c, i, has);
        c->known += has;
    }
    if (!stays) c->used = c->known > 0 ? first : KD_CENTRALS_NONE;
    KD_ASSERT(c->known == 0 || (c->used < KD_CENTRALS_MAX && c->at[c->used].known));
    if (c->known == 1) c->at[c->used].left = false; /* nobody probes it, nobody else could be asked */
}

/* One of those that are not left and have no bit in `tried`, drawn evenly. */
static uint32_t centrals_draw(kd_centrals *c, uint32_t tried)
{
    uint32_t found = KD_CENTRALS_NONE, seen = 0;
    for (uint32_t i = 0; i < KD_CENTRALS_MAX; i++)
        if (centrals_open(c, i) && !(tried >> i & 1) && kd_random_next(&c->random) % ++seen == 0) found = i;
    return found;
}

static uint32_t centrals_leader(const kd_centrals *c, uint32_t partition)
{
    return partition < c->partitions ? c->leaders[partition] : KD_CENTRALS_NONE;
}

static uint32_t centrals_count(uint32_t set)
{
    uint32_t n = 0;
    for (; set != 0; set &= set - 1) n++;
    return n;
}

uint32_t kd_centrals_choose(kd_centrals *c, uint32_t partition, uint32_t tried)
{
    uint32_t leader = centrals_leader(c, partition);
    if (centrals_count(tried) >= KD_CENTRALS_TRIES_MAX) return KD_CENTRALS_NONE;
    if (centrals_open(c, leader) && !(tried >> leader & 1)) return leader;
    if (centrals_open(c, c->used) && !(tried >> c->used & 1)) return c->used;
    return centrals_draw(c, tried);
}

uint64_t kd_centrals_patience_us(uint64_t left_us)
{
    return left_us / 2;
}

kd_central_answer kd_centrals_judge(int status, bool understood)
{
    if (status == 421) return KD_CENTRAL_ELSEWHERE;
    if (status == 429) return KD_CENTRAL_TOLD;
    if (status >= 500) return KD_CENTRAL_BUSY;
    bool about_us = status == 401 || status == 403;
    bool about_question = status == 200 || (status >= 400 && !about_us);
    return understood && about_question ? KD_CENTRAL_TOLD : KD_CENTRAL_USELESS;
}

void kd_centrals_answered(kd_centrals *c, uint32_t slot)
{
    kd_central_slot *s = &c->at[slot];
    s->late = 0;
    kd_backoff_reset(&s->backoff);
    s->left = false;
    if (!centrals_open(c, c->used)) c->used = slot;
}

void kd_centrals_led(kd_centrals *c, uint32_t partition, uint32_t slot)
{
    if (partition < c->partitions) c->leaders[partition] = (uint8_t)slot;
}

void kd_centrals_misdirected(kd_centrals *c, uint32_t partition, uint32_t slot, uint32_t leader)
{
    if (partition >= c->partitions) return;
    if (leader != slot && centrals_open(c, leader))
        c->leaders[partition] = (uint8_t)leader;
    else if (c->leaders[partition] == slot)
        c->leaders[partition] = KD_CENTRALS_NONE;
}

static void centrals_move_on(kd_centrals *c, uint32_t slot)
{
    uint32_t other = centrals_draw(c, 1u << slot);
    if (c->used == slot && other != KD_CENTRALS_NONE) c->used = other;
}

void kd_centrals_refused(kd_centrals *c, uint32_t slot)
{
    centrals_move_on(c, slot);
}

static void centrals_set_probe(kd_centrals *c, kd_central_slot *s, uint64_t now_us)
{
    s->probe_us = now_us + kd_backoff_next(&s->backoff, kd_random_next(&c->random));
}

bool kd_centrals_failed(kd_centrals *c, uint32_t slot, kd_central_fault fault, uint64_t now_us)
{
    kd_central_slot *s = &c->at[slot];
    if (!s->known || s->left || c->known == 1) return false;
    if (fault == KD_CENTRAL_LATE && ++s->late < KD_CENTRAL_LATE_MAX) return false;
    s->left = true;
    s->late = 0;
    centrals_set_probe(c, s, now_us);
    centrals_forget_leads(c, slot);
    centrals_move_on(c, slot);
    return true;
}

static bool centrals_waits(const kd_central_slot *s)
{
    return s->known && s->left && !s->probed;
}

uint64_t kd_centrals_probe_due_us(const kd_centrals *c)
{
    uint64_t due_us = UINT64_MAX;
    for (uint32_t i = 0; i < KD_CENTRALS_MAX; i++)
        if (centrals_waits(&c->at[i])) due_us = KD_MIN(due_us, c->at[i].probe_us);
    return due_us;
}

uint32_t kd_centrals_probe(kd_centrals *c, uint64_t now_us)
{
    for (uint32_t i = 0; i < KD_CENTRALS_MAX; i++) {
        if (!centrals_waits(&c->at[i]) || now_us < c->at[i].probe_us) continue;
        c->at[i].probed = true;
        return i;
    }
    return KD_CENTRALS_NONE;
}

bool kd_centrals_probe_ended(kd_centrals *c, uint32_t slot, bool answered, uint64_t now_us)
{
    kd_central_slot *s = &c->at[slot];
    bool was = s->left;
    s->probed = false;
    if (!was || !s->known) return false;
    if (!answered) {
        centrals_set_probe(c, s, now_us);
        return false;
    }
    s->left = false;
    if (!centrals_open(c, c->used)) c->used = slot;
    return true;
}
