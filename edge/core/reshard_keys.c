/* reshard_keys.c - see the header. */
#include "edge/core/reshard_keys.h"

#include <stdlib.h>

void kd_reshard_keys_begin(kd_reshard_keys *k)
{
    k->before = (kd_key_stored){.partition = UINT32_MAX};
}

int kd_reshard_keys_add(kd_reshard_keys *k, uint32_t partitions, kd_bytes key, kd_bytes value)
{
    kd_key_stored is;
    int err = kd_idempotency_stored(key, value, &is);
    if (err != KD_OK || (is.partition != UINT32_MAX && is.partition >= partitions)) return KD_EMALFORMED;
    if (k->count == k->cap) k->at = kd_grow(k->at, k->count, &k->cap, sizeof(*k->at));
    bool joins = kd_key_group_joins(&k->before.group, &is.group);
    k->at[k->count] = (kd_reshard_key){.first = joins ? k->at[k->count - 1].first : is.number,
                                       .number = is.number,
                                       .digest = kd_hash(value),
                                       .index = k->count,
                                       .placed = is.partition != UINT32_MAX};
    k->count++;
    k->before = is;
    return KD_OK;
}

static int reshard_keys_order(const void *a, const void *b)
{
    const kd_reshard_key *x = a, *y = b;
    int order = (x->first > y->first) - (x->first < y->first);
    if (order == 0) order = (x->number > y->number) - (x->number < y->number);
    if (order == 0) order = (x->digest > y->digest) - (x->digest < y->digest);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* A key that an older program stored goes to all shards, so several stores may have it when their number changes once more. */
static bool reshard_keys_same(const kd_reshard_key *a, const kd_reshard_key *b)
{
    return a->first == b->first && a->number == b->number && a->digest == b->digest;
}

void kd_reshard_keys_settle(kd_reshard_keys *k)
{
    uint64_t last = 0;
    k->numbers = kd_alloc(k->count * sizeof(*k->numbers));
    if (k->count > 0) qsort(k->at, k->count, sizeof(*k->at), reshard_keys_order);
    for (uint32_t i = 0; i < k->count; i++) {
        bool copy = i > 0 && reshard_keys_same(&k->at[i - 1], &k->at[i]);
        k->numbers[k->at[i].index] = copy ? KD_RESHARD_COPY : k->distinct++;
        k->unplaced += !copy && !k->at[i].placed;
        last = KD_MAX(last, k->at[i].number);
    }
    uint64_t up = last + 1 > k->distinct ? last + 1 - k->distinct : 0;
    for (uint32_t i = 0; i < k->count; i++)
        if (k->numbers[i] != KD_RESHARD_COPY) k->numbers[i] += up;
}

void kd_reshard_keys_finish(kd_reshard_keys *k)
{
    free(k->at);
    free(k->numbers);
    *k = (kd_reshard_keys){.count = 0};
}
