/*
 * import_plan.c - see the header. A chunk is open for each partition and region that occurred, and holds a pair once. Its operations point into the keys of
 * their pairs, which stay where they are.
 */
#include "central/io/import/import_plan.h"

#include <stdlib.h>

#include "common/base/table.h"

/* A decision has to fit the body of a request to the admin port, whatever the ids are. */
enum { CHUNK_OPS = 1000, CHUNK_BYTES = 128 * 1024 };

typedef struct import_chunk {
    struct import_chunk *next; /* of the same partition */
    uint64_t serial;           /* one more with each chunk that was handed out of here */
    uint64_t events;
    size_t bytes; /* of the ids of its operations */
    kd_op *ops;
    uint32_t count, cap;
    kd_sum *sums;
    uint32_t sum_count, sum_cap;
    uint64_t amount; /* of the sums together */
    uint8_t region_len;
    char region[KD_NAME_MAX];
} import_chunk;

typedef struct {
    kd_table_entry entry;
    uint64_t last_us;
    const import_chunk *chunk; /* holds the pair's last operation, at `op`, if its serial is this one */
    uint64_t serial;
    uint32_t op; /* of a sum: in `sums` */
    uint16_t key_len;
    uint8_t item_len;
    uint8_t key[]; /* counter, item key, user */
} import_pair;

typedef struct {
    import_chunk *chunks; /* in the order of their first operations */
    uint64_t seq;
} import_partition;

struct kd_import_plan {
    uint32_t partitions, sums; /* sums: of the pairs, those without a user */
    kd_import_chunk_fn fn;
    void *arg;
    kd_table pairs;
    kd_buf key; /* scratch */
    import_partition at[];
};

static kd_bytes import_pair_key(const void *entry)
{
    const import_pair *pair = entry;
    return kd_bytes_of(pair->key, pair->key_len);
}

kd_import_plan *kd_import_plan_create(uint32_t partitions, kd_import_chunk_fn fn, void *arg)
{
    kd_import_plan *p = kd_alloc(sizeof *p + partitions * sizeof p->at[0]);
    p->partitions = partitions;
    p->fn = fn;
    p->arg = arg;
    kd_table_init(&p->pairs, import_pair_key, 0);
    return p;
}

void kd_import_plan_destroy(kd_import_plan *p)
{
    size_t cursor = 0;
    if (!p) return;
    for (void *pair; (pair = kd_table_next(&p->pairs, &cursor));) free(pair);
    kd_table_finish(&p->pairs);
    for (uint32_t i = 0; i < p->partitions; i++) {
        for (import_chunk *c = p->at[i].chunks, *next; c; c = next) {
            next = c->next;
            free(c->ops);
            free(c->sums);
            free(c);
        }
    }
    kd_buf_finish(&p->key);
    free(p);
}

uint64_t kd_import_plan_pairs(const kd_import_plan *p)
{
    return p->pairs.count - p->sums;
}

static import_pair *import_pair_of(kd_import_plan *p, const kd_import_row *row)
{
    kd_buf_clear(&p->key);
    kd_buf_put_u8(&p->key, row->counter);
    kd_buf_put(&p->key, row->item.data, row->item.len);
    kd_buf_put(&p->key, row->user, row->user_len);
    uint64_t hash = kd_table_hash(&p->pairs, kd_buf_view(&p->key));
    import_pair *pair = kd_table_find_hashed(&p->pairs, kd_buf_view(&p->key), hash);
    if (pair) return pair;
    pair = kd_alloc(sizeof *pair + p->key.len);
    pair->key_len = (uint16_t)p->key.len;
    pair->item_len = row->item.len;
    memcpy(pair->key, p->key.data, p->key.len);
    kd_table_add_hashed(&p->pairs, pair, hash);
    p->sums += row->user_len == 0;
    return pair;
}

static import_chunk *import_chunk_of(import_partition *at, kd_bytes region)
{
    import_chunk **link = &at->chunks;
    for (; *link; link = &(*link)->next)
        if (kd_bytes_eq(kd_bytes_of((*link)->region, (*link)->region_len), region)) return *link;
    import_chunk *c = kd_alloc(sizeof *c);
    KD_ASSERT(region.len <= sizeof c->region); /* a valid name */
    c->serial = 1;
    c->region_len = (uint8_t)region.len;
    memcpy(c->region, region.data, region.len);
    *link = c;
    return c;
}

/* Whether the chunk holds the pair: at pair->op then, which is noted. A pair that was in another region meanwhile is looked for: few are. */
static bool import_chunk_holds(const import_chunk *c, import_pair *pair, bool sum)
{
    if (pair->chunk == c && pair->serial == c->serial) return true;
    uint32_t count = sum ? c->sum_count : c->count, at = 0;
    if (!pair->chunk) return false;
    while (at < count && (sum ? c->sums[at].item.data : c->ops[at].item.data) != pair->key + 1) at++;
    if (at == count) return false;
    pair->chunk = c;
    pair->serial = c->serial;
    pair->op = at;
    return true;
}

static void import_chunk_put(import_chunk *c, import_pair *pair, bool liked)
{
    c->events++;
    if (!import_chunk_holds(c, pair, false)) {
        c->ops = kd_grow(c->ops, c->count, &c->cap, sizeof *c->ops);
        pair->chunk = c;
        pair->serial = c->serial;
        pair->op = c->count++;
        c->bytes += pair->key_len;
    }
    c->ops[pair->op] = (kd_op){
        .item = kd_bytes_of(pair->key + 1, pair->item_len),
        .user = kd_bytes_of(pair->key + 1 + pair->item_len, (size_t)pair->key_len - 1 - pair->item_len),
        .time_us = pair->last_us,
        .counter = pair->key[0],
        .liked = liked,
    };
}

static int import_chunk_end(kd_import_plan *p, uint32_t partition, import_chunk *c)
{
    kd_body body = {.ops = c->ops, .op_count = c->count, .sums = c->sums, .sum_count = c->sum_count};
    kd_import_chunk chunk = {.partition = partition,
                             .seq = ++p->at[partition].seq,
                             .region = kd_bytes_of(c->region, c->region_len),
                             .body = &body,
                             .events = c->events};
    int err = p->fn(p->arg, &chunk);
    c->serial++;
    c->count = c->sum_count = 0;
    c->bytes = c->amount = 0;
    c->events = 0;
    return err;
}

static void import_chunk_put_sum(import_chunk *c, import_pair *pair, uint64_t amount, uint32_t day)
{
    if (!import_chunk_holds(c, pair, true)) {
        c->sums = kd_grow(c->sums, c->sum_count, &c->sum_cap, sizeof *c->sums);
        pair->chunk = c;
        pair->serial = c->serial;
        pair->op = c->sum_count++;
        c->bytes += pair->key_len;
        c->sums[pair->op] =
            (kd_sum){.item = kd_bytes_of(pair->key + 1, pair->item_len), .day = day, .counter = pair->key[0]};
    }
    c->sums[pair->op].amount += amount;
    c->amount += amount;
}

/* A record holds KD_SUM_AMOUNT_MAX at most, so a large sum goes in several. */
static int import_plan_add_sum(kd_import_plan *p, uint32_t partition, import_chunk *c,
                               const kd_import_row *row)
{
    import_pair *pair = import_pair_of(p, row);
    int err = KD_OK;
    c->events++;
    for (uint64_t left = row->amount, now; err == KD_OK && left > 0; left -= now) {
        now = KD_MIN(left, KD_SUM_AMOUNT_MAX - c->amount);
        if (now > 0) import_chunk_put_sum(c, pair, now, row->day);
        if (c->amount == KD_SUM_AMOUNT_MAX) err = import_chunk_end(p, partition, c);
    }
    return err;
}

int kd_import_plan_add(kd_import_plan *p, const kd_import_row *row)
{
    uint32_t partition = kd_partition(kd_item_key(&row->item), p->partitions);
    import_chunk *c = import_chunk_of(&p->at[partition], row->region);
    if (row->amount > 0) {
        int err = import_plan_add_sum(p, partition, c, row);
        bool full = c->sum_count >= CHUNK_OPS || c->bytes >= CHUNK_BYTES;
        return err == KD_OK && full ? import_chunk_end(p, partition, c) : err;
    }
    import_pair *pair = import_pair_of(p, row);
    pair->last_us = pair->chunk ? KD_MAX(row->time_us, pair->last_us + 1) : row->time_us;
    import_chunk_put(c, pair, row->liked);
    return c->count < CHUNK_OPS && c->bytes < CHUNK_BYTES ? KD_OK : import_chunk_end(p, partition, c);
}

int kd_import_plan_end(kd_import_plan *p)
{
    int err = KD_OK;
    for (uint32_t i = 0; i < p->partitions; i++)
        for (import_chunk *c = p->at[i].chunks; err == KD_OK && c; c = c->next)
            if (c->count + c->sum_count > 0) err = import_chunk_end(p, i, c);
    return err;
}
