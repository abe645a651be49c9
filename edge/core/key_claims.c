/*
 * key_claims.c - see the header.
 *
 *     index:  digest of user and key -> claim          all claims
 *     kept:   oldest -> ... -> newest                  those that are remembered
 *
 * A claim is in the index while it is held or kept. Kept ones are at most `max`; held ones are bounded by the requests in work. A kept claim expires
 * ttl_us after the request that was taken, but not while it is held.
 */
#include "kudos/key_claims.h"

#include "common/base/pool.h"
#include "common/base/table.h"

#include <stdlib.h>

typedef struct claim {
    kd_table_entry link;
    TAILQ_ENTRY(claim) of_kept;
    kd_key_use use;
    uint64_t at_us;
    uint32_t holds;
    bool kept;
} claim;

struct kd_key_claims {
    kd_table index;
    kd_pool pool;
    TAILQ_HEAD(claims_kept, claim) kept;
    size_t max, count; /* of kept */
    uint64_t ttl_us;
};

static kd_bytes claim_key(const void *entry)
{
    return kd_bytes_of(((const claim *)entry)->use.key, sizeof(((const claim *)entry)->use.key));
}

kd_key_claims *kd_key_claims_create(size_t max, uint64_t ttl_us, uint64_t seed)
{
    kd_key_claims *c = kd_alloc(sizeof(*c));
    KD_ASSERT(max > 0);
    kd_table_init(&c->index, claim_key, seed);
    kd_pool_init(&c->pool, sizeof(claim));
    TAILQ_INIT(&c->kept);
    c->max = max;
    c->ttl_us = ttl_us;
    return c;
}

void kd_key_claims_destroy(kd_key_claims *c)
{
    if (!c) return;
    kd_table_finish(&c->index);
    kd_pool_finish(&c->pool);
    free(c);
}

static bool claim_expired(const kd_key_claims *c, const claim *m, uint64_t now_us)
{
    return m->holds == 0 && now_us >= m->at_us + c->ttl_us;
}

static void claim_unkeep(kd_key_claims *c, claim *m)
{
    if (!m->kept) return;
    TAILQ_REMOVE(&c->kept, m, of_kept);
    c->count--;
    m->kept = false;
}

static void claim_free(kd_key_claims *c, claim *m)
{
    claim_unkeep(c, m);
    kd_table_remove(&c->index, claim_key(m));
    kd_pool_give(&c->pool, m);
}

/* A few at a time: each request that comes frees at least as much as it adds. */
static void claims_expire(kd_key_claims *c, uint64_t now_us)
{
    for (int n = 0; n < 2; n++) {
        claim *oldest = TAILQ_FIRST(&c->kept);
        if (!oldest || !claim_expired(c, oldest, now_us)) return;
        claim_free(c, oldest);
    }
}

/* Forgets the oldest that nobody holds. Held ones go behind the newest, so that each is passed once. */
static void claims_make_room(kd_key_claims *c)
{
    for (size_t n = c->count; n > 0; n--) {
        claim *oldest = TAILQ_FIRST(&c->kept);
        if (oldest->holds == 0) {
            claim_free(c, oldest);
            return;
        }
        TAILQ_REMOVE(&c->kept, oldest, of_kept);
        TAILQ_INSERT_TAIL(&c->kept, oldest, of_kept);
    }
}

static void claim_keep(kd_key_claims *c, claim *m, uint64_t at_us)
{
    claim_unkeep(c, m);
    m->at_us = at_us;
    m->kept = true;
    TAILQ_INSERT_TAIL(&c->kept, m, of_kept);
    c->count++;
}

static claim *claim_make(kd_key_claims *c, const kd_key_use *use)
{
    claim *m = kd_pool_take(&c->pool);
    m->use = *use;
    kd_table_put(&c->index, m);
    return m;
}

static claim *claim_find(const kd_key_claims *c, const kd_key_use *use)
{
    return kd_table_find(&c->index, kd_bytes_of(use->key, sizeof(use->key)));
}

int kd_key_claims_begin(kd_key_claims *c, const kd_key_use *use, uint64_t now_us, kd_claim_was *was)
{
    claims_expire(c, now_us);
    claim *m = claim_find(c, use);
    if (m && claim_expired(c, m, now_us)) {
        claim_free(c, m);
        m = NULL;
    }
    if (m && m->use.request != use->request) return KD_EREUSED;
    if (!m) m = claim_make(c, use);
    *was = (kd_claim_was){.kept = m->kept, .held = m->holds > 0, .fits = m->kept ? m->use.fits : 0};
    m->holds++;
    return KD_OK;
}

void kd_key_claims_end(kd_key_claims *c, const kd_key_use *use, kd_claim_end how, uint64_t now_us)
{
    claim *m = claim_find(c, use);
    KD_ASSERT(m && m->holds > 0 && m->use.request == use->request);
    if (how == KD_CLAIM_TAKEN) m->use.fits = use->fits;
    if (how == KD_CLAIM_TAKEN || (how == KD_CLAIM_AGAIN && !m->kept)) claim_keep(c, m, now_us);
    if (c->count > c->max) claims_make_room(c);
    if (--m->holds == 0 && !m->kept) claim_free(c, m);
}

void kd_key_claims_load(kd_key_claims *c, const kd_key_use *use, uint64_t at_us)
{
    claim *m = claim_find(c, use);
    if (m && m->at_us > at_us) return;
    if (!m) m = claim_make(c, use);
    m->use = *use;
    claim_keep(c, m, at_us);
}

static int claims_by_time(const void *a, const void *b)
{
    uint64_t x = (*(claim *const *)a)->at_us, y = (*(claim *const *)b)->at_us;
    return (x > y) - (x < y);
}

void kd_key_claims_loaded(kd_key_claims *c)
{
    claim **all = kd_alloc(KD_MAX(c->count, (size_t)1) * sizeof(claim *));
    size_t n = 0;
    claim *m;
    TAILQ_FOREACH(m, &c->kept, of_kept) all[n++] = m;
    qsort(all, n, sizeof(claim *), claims_by_time);
    TAILQ_INIT(&c->kept);
    for (size_t i = 0; i < n; i++) TAILQ_INSERT_TAIL(&c->kept, all[i], of_kept);
    free(all);
    while (c->count > c->max) claims_make_room(c);
}

size_t kd_key_claims_count(const kd_key_claims *c)
{
    return c->count;
}
