/* limiter.c - see the header. */
#include "edge/io/shard/limiter.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

enum { STRIPES = 64, FAST_SLOTS = 65536 };

typedef struct {
    _Alignas(64) pthread_mutex_t lock; /* stripes do not share a line of the processor's caches */
    kd_rate *rate;
} limiter_stripe;

struct kd_limiter {
    limiter_stripe users[STRIPES];
    limiter_stripe fast[2][STRIPES]; /* by kd_fast_kind */
    uint8_t secret[crypto_shorthash_KEYBYTES];
    pthread_mutex_t lock; /* of the list */
    kd_fast_list list;
};

static void stripes_init(limiter_stripe *at, uint64_t slots)
{
    for (uint32_t i = 0; i < STRIPES; i++) {
        pthread_mutex_init(&at[i].lock, NULL);
        at[i].rate = kd_rate_create(slots / STRIPES);
    }
}

static void stripes_finish(limiter_stripe *at)
{
    for (uint32_t i = 0; i < STRIPES; i++) {
        pthread_mutex_destroy(&at[i].lock);
        kd_rate_destroy(at[i].rate);
    }
}

kd_limiter *kd_limiter_create(uint64_t users_max)
{
    kd_limiter *l = aligned_alloc(_Alignof(kd_limiter), sizeof *l);
    KD_ASSERT(l);
    memset(l, 0, sizeof *l);
    KD_ASSERT(sodium_init() >= 0);
    crypto_shorthash_keygen(l->secret);
    pthread_mutex_init(&l->lock, NULL);
    stripes_init(l->users, 2 * users_max);
    stripes_init(l->fast[KD_FAST_USER], FAST_SLOTS);
    stripes_init(l->fast[KD_FAST_ITEM], FAST_SLOTS);
    return l;
}

void kd_limiter_destroy(kd_limiter *l)
{
    if (!l) return;
    stripes_finish(l->users);
    stripes_finish(l->fast[KD_FAST_USER]);
    stripes_finish(l->fast[KD_FAST_ITEM]);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

/* SipHash: nobody who does not know the secret can choose names that share a set or a key. */
uint64_t kd_limiter_key(const kd_limiter *l, const kd_limit *limit, kd_bytes name)
{
    uint8_t text[sizeof limit->id + KD_ITEM_KEY_MAX];
    uint64_t key;
    _Static_assert(sizeof key == crypto_shorthash_BYTES, "a key is a SipHash");
    KD_ASSERT(name.len <= KD_ITEM_KEY_MAX);
    memcpy(text, &limit->id, sizeof limit->id);
    memcpy(text + sizeof limit->id, name.data, name.len);
    crypto_shorthash((uint8_t *)&key, text, sizeof limit->id + name.len, l->secret);
    return key;
}

/* Sets are chosen by the lower bits of the key (edge/core/rate.c), stripes by the upper ones. */
static limiter_stripe *limiter_lock(limiter_stripe *at, uint64_t key)
{
    limiter_stripe *s = &at[(key >> 32) % STRIPES];
    pthread_mutex_lock(&s->lock);
    return s;
}

kd_rate_answer kd_limiter_take(kd_limiter *l, const kd_limit *limit, uint64_t key, uint32_t want,
                               uint64_t now_us)
{
    limiter_stripe *s = limiter_lock(l->users, key);
    kd_rate_answer answer = kd_rate_take(s->rate, key, &limit->rule, want, now_us);
    pthread_mutex_unlock(&s->lock);
    return answer;
}

void kd_limiter_add(kd_limiter *l, const kd_limit *limit, uint64_t key, uint32_t n, uint64_t now_us)
{
    limiter_stripe *s = limiter_lock(l->users, key);
    kd_rate_add(s->rate, key, &limit->rule, n, now_us);
    pthread_mutex_unlock(&s->lock);
}

void kd_limiter_give_back(kd_limiter *l, const kd_limit *limit, uint64_t key, uint32_t n, uint64_t at_us)
{
    limiter_stripe *s = limiter_lock(l->users, key);
    kd_rate_give_back(s->rate, key, &limit->rule, n, at_us);
    pthread_mutex_unlock(&s->lock);
}

kd_rate_answer kd_limiter_pace_take(kd_limiter *l, const kd_limiter_pace *pace)
{
    uint64_t key = kd_limiter_key(l, pace->limit, pace->name);
    limiter_stripe *s = limiter_lock(l->fast[pace->kind], key);
    kd_rate_answer answer = kd_rate_take(s->rate, key, &pace->limit->rule, pace->count, pace->mono_us);
    uint32_t over = pace->count - answer.fits;
    if (!pace->refuse) kd_rate_add(s->rate, key, &pace->limit->rule, over, pace->mono_us);
    pthread_mutex_unlock(&s->lock);
    if (over == 0) return answer;
    uint64_t used = answer.at[0].used + (pace->refuse ? 0 : over);
    pthread_mutex_lock(&l->lock);
    kd_fast_list_note(&l->list, pace->kind, pace->name, used, over, pace->wall_us);
    pthread_mutex_unlock(&l->lock);
    return answer;
}

void kd_limiter_fast(kd_limiter *l, kd_fast_list *out)
{
    pthread_mutex_lock(&l->lock);
    *out = l->list;
    pthread_mutex_unlock(&l->lock);
    kd_fast_list_sort(out);
}

kd_rate_stats kd_limiter_get_stats(kd_limiter *l)
{
    kd_rate_stats sum = {.slots = 0};
    for (uint32_t i = 0; i < STRIPES; i++) {
        pthread_mutex_lock(&l->users[i].lock);
        kd_rate_stats one = kd_rate_get_stats(l->users[i].rate);
        pthread_mutex_unlock(&l->users[i].lock);
        sum.slots += one.slots;
        sum.used += one.used;
        sum.evicted += one.evicted;
    }
    return sum;
}
