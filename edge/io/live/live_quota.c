/* live_quota.c - see the header. An address without a stream has no entry. */
#include "edge/io/live/live_quota.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/table.h"

typedef struct {
    kd_table_entry link;
    uint64_t address, count;
} quota_entry;

struct kd_live_quota {
    pthread_mutex_t lock;
    kd_table addresses;
    uint64_t max, max_per_address, count;
};

static kd_bytes quota_key(const void *entry)
{
    const quota_entry *e = entry;
    return kd_bytes_of(&e->address, sizeof e->address);
}

kd_live_quota *kd_live_quota_create(uint64_t max, uint64_t max_per_address, uint64_t seed)
{
    kd_live_quota *q = kd_alloc(sizeof *q);
    pthread_mutex_init(&q->lock, NULL);
    kd_table_init(&q->addresses, quota_key, seed);
    q->max = max;
    q->max_per_address = max_per_address;
    return q;
}

void kd_live_quota_destroy(kd_live_quota *q)
{
    if (!q) return;
    KD_ASSERT(q->count == 0);
    kd_table_finish(&q->addresses);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

static quota_entry *quota_find(const kd_live_quota *q, uint64_t address)
{
    return kd_table_find(&q->addresses, kd_bytes_of(&address, sizeof address));
}

static void quota_count(kd_live_quota *q, quota_entry *e, uint64_t address)
{
    if (!e) {
        e = kd_alloc(sizeof *e);
        e->address = address;
        kd_table_put(&q->addresses, e);
    }
    e->count++;
    q->count++;
}

kd_live_verdict kd_live_quota_take(kd_live_quota *q, uint64_t address)
{
    pthread_mutex_lock(&q->lock);
    quota_entry *e = quota_find(q, address);
    kd_live_verdict verdict = q->count >= q->max                    ? KD_LIVE_FULL
                              : e && e->count >= q->max_per_address ? KD_LIVE_ADDRESS_FULL
                                                                    : KD_LIVE_TAKEN;
    if (verdict == KD_LIVE_TAKEN) quota_count(q, e, address);
    pthread_mutex_unlock(&q->lock);
    return verdict;
}

void kd_live_quota_give(kd_live_quota *q, uint64_t address)
{
    pthread_mutex_lock(&q->lock);
    quota_entry *e = quota_find(q, address);
    KD_ASSERT(e && q->count > 0);
    q->count--;
    if (--e->count == 0) free(kd_table_remove(&q->addresses, quota_key(e)));
    pthread_mutex_unlock(&q->lock);
}
