/*
 * reshard.c - see kudos/reshard.h.
 *
 *     row                 goes to                                    how
 *     p n m f x           the shard of the partition in its key      as it is
 *     i                   the shard of the partition in its value    under a new number (reshard_keys.h); to all shards where it tells none
 *     I L V E r           each shard                                 joined from all stores (reshard_store.h)
 *     c                   each shard                                 counted
 *
 * A row of any other kind is an error: it would be lost. Rows are handed out in the order of their keys, but for i.
 */
#include "kudos/reshard.h"

#include "edge/core/keys.h"
#include "edge/core/reshard_keys.h"
#include "edge/core/reshard_store.h"

#include <stdlib.h>

/* Rows of one kind: how many, and a sum over them that does not depend on their order. */
typedef struct {
    uint64_t rows, bytes, digest;
} reshard_sum;

/* What an operator is told of: all rows but those of a store as a whole. */
enum { KEYS = 3 }; /* their place in the table */
static const char KINDS[KD_RESHARD_KINDS] = {'m', 'n', 'f', 'i', 'x', 'p'};
static const char *const NAMES[KD_RESHARD_KINDS] = {"members", "counts", "journal",
                                                    "keys",    "aside",  "partitions"};

struct kd_reshard {
    kd_store from[KD_SHARDS_MAX];
    kd_reshard_store store;
    kd_reshard_keys keys;
    reshard_sum read[KD_RESHARD_KINDS], written[KD_RESHARD_KINDS];
    uint64_t *members; /* rows m, by partition; owned */
};

static int reshard_kind(char letter)
{
    for (int k = 0; k < KD_RESHARD_KINDS; k++)
        if (KINDS[k] == letter) return k;
    return -1;
}

static void reshard_sum_add(reshard_sum *s, kd_bytes key, kd_bytes value)
{
    s->rows++;
    s->bytes += key.len + value.len;
    s->digest += kd_hash(key) * 31 + kd_hash(value);
}

/* ---- reading the old stores ---- */

typedef struct {
    kd_reshard *r;
    uint32_t shard;
    kd_reshard_fault *fault;
} reshard_reading;

/* Whether the key is as long as those of its kind. */
static bool reshard_key_whole(char kind, size_t len)
{
    enum { PART = 3, BATCH = PART + 16 };
    return kind == 'p'   ? len == PART
           : kind == 'f' ? len == BATCH + 4
           : kind == 'x' ? len == BATCH
                         : len > PART;
}

static int reshard_read_of_part(reshard_reading *to, char kind, kd_bytes key)
{
    kd_reshard *r = to->r;
    kd_reader k = kd_reader_of(key);
    kd_read_u8(&k);
    uint32_t part = kd_read_be16(&k);
    if (k.bad || !reshard_key_whole(kind, key.len) || part >= r->store.is.partitions ||
        part % r->store.is.shards != to->shard)
        return KD_EMALFORMED;
    r->members[part] += kind == 'm';
    return KD_OK;
}

static int reshard_read_row(void *arg, kd_bytes key, kd_bytes value)
{
    reshard_reading *to = arg;
    char kind = key.len > 0 ? (char)key.data[0] : 0;
    int k = reshard_kind(kind), err = KD_OK;
    to->fault->kind = kind;
    if (k < 0) return kind != 0 && key.len == 1 && strchr("ILVEcr", kind) ? KD_OK : KD_EMALFORMED;
    err = k == KEYS ? kd_reshard_keys_add(&to->r->keys, to->r->store.is.partitions, key, value)
                    : reshard_read_of_part(to, kind, key);
    if (err == KD_OK) reshard_sum_add(&to->r->read[k], key, value);
    return err;
}

static int reshard_read(kd_reshard *r, uint32_t shard, uint32_t count, kd_reshard_fault *fault)
{
    reshard_reading to = {r, shard, fault};
    *fault = (kd_reshard_fault){.shard = shard};
    int err = kd_reshard_store_read(&r->store, &r->from[shard], shard, count);
    if (err != KD_OK) return err;
    if (!r->members) r->members = kd_alloc(r->store.is.partitions * sizeof(*r->members));
    kd_reshard_keys_begin(&r->keys);
    return r->from[shard].scan(r->from[shard].ctx, (kd_bytes){0}, (kd_bytes){0}, reshard_read_row, &to);
}

int kd_reshard_open(kd_reshard **out, const kd_store *from, uint32_t count, uint32_t life, uint64_t plant,
                    kd_reshard_fault *fault)
{
    *out = NULL;
    KD_ASSERT(count > 0 && count <= KD_SHARDS_MAX && life != 0);
    kd_reshard *r = kd_alloc(sizeof(*r));
    r->store.plant = plant;
    r->store.lives = (kd_lives){.count = 1, .at = {{.life = life}}};
    memcpy(r->from, from, count * sizeof(*from));
    int err = KD_OK;
    for (uint32_t i = 0; err == KD_OK && i < count; i++) err = reshard_read(r, i, count, fault);
    if (err != KD_OK) {
        kd_reshard_close(r);
        return err;
    }
    kd_reshard_keys_settle(&r->keys);
    *out = r;
    return KD_OK;
}

void kd_reshard_close(kd_reshard *r)
{
    if (!r) return;
    kd_reshard_store_finish(&r->store);
    kd_reshard_keys_finish(&r->keys);
    free(r->members);
    free(r);
}

const kd_edge_stored *kd_reshard_is(const kd_reshard *r)
{
    return &r->store.is;
}

void kd_reshard_tell(const kd_reshard *r, kd_reshard_tally out[KD_RESHARD_KINDS])
{
    for (int k = 0; k < KD_RESHARD_KINDS; k++)
        out[k] = (kd_reshard_tally){NAMES[k], r->read[k].rows, r->read[k].bytes};
}

uint64_t kd_reshard_unplaced(const kd_reshard *r)
{
    return r->keys.unplaced;
}

/* ---- writing a new one ---- */

typedef struct {
    kd_reshard *r;
    uint32_t to, shard, next_key; /* next_key: index among all keys */
    kd_scan_fn put;
    void *arg;
    kd_buf key;
} reshard_writing;

static int reshard_write_row(void *arg, kd_bytes key, kd_bytes value)
{
    reshard_writing *w = arg;
    reshard_sum_add(&w->r->written[reshard_kind((char)key.data[0])], key, value);
    return w->put(w->arg, key, value);
}

static int reshard_write_part(reshard_writing *w, char kind, uint32_t part)
{
    const kd_store *from = &w->r->from[part % w->r->store.is.shards];
    kd_buf first = {0}, end = {0};
    kd_key_part(&first, kind, part);
    kd_prefix_end(kd_buf_view(&first), &end);
    int err = from->scan(from->ctx, kd_buf_view(&first), kd_buf_view(&end), reshard_write_row, w);
    kd_buf_finish(&first);
    kd_buf_finish(&end);
    return err;
}

static int reshard_write_kind(reshard_writing *w, char kind, kd_reshard_fault *fault)
{
    int err = KD_OK;
    for (uint32_t p = w->shard; err == KD_OK && p < w->r->store.is.partitions; p += w->to) {
        *fault = (kd_reshard_fault){p % w->r->store.is.shards, kind};
        err = reshard_write_part(w, kind, p);
    }
    return err;
}

static int reshard_write_key(void *arg, kd_bytes key, kd_bytes value)
{
    reshard_writing *w = arg;
    kd_key_stored is;
    int err = kd_idempotency_stored(key, value, &is);
    KD_ASSERT(w->next_key < w->r->keys.count);
    uint64_t number = w->r->keys.numbers[w->next_key++];
    bool owned = is.partition == UINT32_MAX || is.partition % w->to == w->shard;
    if (err != KD_OK || number == KD_RESHARD_COPY || !owned) return err;
    w->r->written[KEYS].rows++;
    kd_key_number(&w->key, 'i', number);
    return w->put(w->arg, kd_buf_view(&w->key), value);
}

static int reshard_write_keys(reshard_writing *w, kd_reshard_fault *fault)
{
    int err = KD_OK;
    kd_bytes first = kd_bytes_str("i"), end = kd_bytes_str("j");
    for (uint32_t s = 0; err == KD_OK && s < w->r->store.is.shards; s++) {
        const kd_store *from = &w->r->from[s];
        *fault = (kd_reshard_fault){s, 'i'};
        err = from->scan(from->ctx, first, end, reshard_write_key, w);
    }
    kd_buf_finish(&w->key);
    return err;
}

/* Row c, from which a start takes the size of its filter (row_count.h). */
static int reshard_write_count(reshard_writing *w)
{
    kd_buf row = {0};
    uint64_t members = 0;
    for (uint32_t p = w->shard; p < w->r->store.is.partitions; p += w->to) members += w->r->members[p];
    kd_buf_put_varint(&row, members);
    int err = w->put(w->arg, kd_bytes_str("c"), kd_buf_view(&row));
    kd_buf_finish(&row);
    return err;
}

int kd_reshard_write(kd_reshard *r, uint32_t to, uint32_t shard, kd_scan_fn put, void *arg,
                     kd_reshard_fault *fault)
{
    reshard_writing w = {.r = r, .to = to, .shard = shard, .put = put, .arg = arg};
    KD_ASSERT(to > 0 && to <= KD_SHARDS_MAX && to <= r->store.is.partitions && shard < to);
    int err = kd_reshard_store_identity(&r->store, to, shard, put, arg);
    if (err == KD_OK) err = reshard_write_count(&w);
    if (err == KD_OK) err = reshard_write_kind(&w, 'f', fault);
    if (err == KD_OK) err = reshard_write_keys(&w, fault);
    if (err == KD_OK) err = reshard_write_kind(&w, 'm', fault);
    if (err == KD_OK) err = reshard_write_kind(&w, 'n', fault);
    if (err == KD_OK) err = reshard_write_kind(&w, 'p', fault);
    if (err == KD_OK) err = kd_reshard_store_places(&r->store, to, shard, put, arg);
    return err == KD_OK ? reshard_write_kind(&w, 'x', fault) : err;
}

bool kd_reshard_complete(const kd_reshard *r, uint32_t to)
{
    uint64_t keys = r->keys.distinct + r->keys.unplaced * (to - 1);
    for (int k = 0; k < KD_RESHARD_KINDS; k++) {
        const reshard_sum *a = &r->read[k], *b = &r->written[k];
        bool same = a->rows == b->rows && a->bytes == b->bytes && a->digest == b->digest;
        if (k != KEYS && !same) return false;
    }
    return r->written[KEYS].rows == keys;
}
