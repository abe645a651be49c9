/*
 * identity.c - whose store this is, and the incarnation of this process (rule 5).
 *
 * Every start mints a larger incarnation, so that no position is ever used twice. A crash may have forgotten the tail of a batch that was sent; and a
 * copy or an old backup of the directory cannot know that it is one.
 */
#include "edge/core/identity.h"
#include "edge/core/keys.h"
#include "edge/core/lives.h"
#include "edge/core/state.h"

/* Reads up to `max` numbers of a single row; *count is 0 when there is no such row. */
static int identity_read_numbers(kd_edge *e, char kind, uint64_t *out, uint32_t max, uint32_t *count)
{
    kd_key_single(&e->key, kind);
    int err = e->store.get(e->store.ctx, kd_buf_view(&e->key), &e->value);
    *count = 0;
    if (err == KD_ENOTFOUND) return KD_OK;
    if (err != KD_OK) return err;
    kd_reader r = kd_reader_of(kd_buf_view(&e->value));
    while (kd_reader_left(&r) > 0 && *count < max) out[(*count)++] = kd_read_be64(&r);
    return r.bad || kd_reader_left(&r) > 0 ? KD_EMALFORMED : KD_OK;
}

void kd_identity_encode(const kd_edge_stored *is, kd_buf *row)
{
    kd_buf_clear(row);
    kd_buf_put_u8(row, KD_STORAGE_SCHEMA);
    kd_buf_put_be16(row, (uint16_t)is->shard);
    kd_buf_put_be16(row, (uint16_t)is->shards);
    kd_buf_put_be32(row, is->partitions);
    kd_buf_put(row, is->edge, strlen(is->edge));
}

int kd_edge_stored_as(const kd_store *store, kd_edge_stored *out)
{
    kd_buf key = {0}, value = {0};
    kd_key_single(&key, 'I');
    int err = store->get(store->ctx, kd_buf_view(&key), &value);
    kd_reader r = kd_reader_of(kd_buf_view(&value));
    bool known = err == KD_OK && kd_read_u8(&r) == KD_STORAGE_SCHEMA;
    *out = (kd_edge_stored){.shard = kd_read_be16(&r)};
    out->shards = kd_read_be16(&r);
    out->partitions = kd_read_be32(&r);
    kd_bytes name = kd_read_bytes(&r, kd_reader_left(&r));
    if (err == KD_OK && (!known || r.bad || !kd_name_valid(name))) err = KD_EMISMATCH;
    if (err == KD_OK) memcpy(out->edge, name.data, name.len);
    kd_buf_finish(&key);
    kd_buf_finish(&value);
    return err;
}

/* KD_OK when the store is this edge's (*known is true), or empty: then row I is put. KD_EMISMATCH: it is another's. */
static int identity_check(kd_edge *e, bool *known)
{
    kd_buf want = {0};
    kd_edge_stored mine = {
        .shard = e->config.shard, .shards = e->config.shards, .partitions = e->config.partitions};
    memcpy(mine.edge, e->edge_name, sizeof(mine.edge));
    kd_identity_encode(&mine, &want);
    kd_key_single(&e->key, 'I');
    int err = e->store.get(e->store.ctx, kd_buf_view(&e->key), &e->value);
    *known = err == KD_OK;
    if (err == KD_OK && !kd_bytes_eq(kd_buf_view(&want), kd_buf_view(&e->value))) err = KD_EMISMATCH;
    if (err == KD_ENOTFOUND) {
        kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), kd_buf_view(&want));
        err = KD_OK;
    }
    kd_buf_finish(&want);
    return err;
}

void kd_identity_mint(kd_edge *e, uint64_t above, uint64_t now_us)
{
    uint64_t floor = KD_MAX(above, e->incarnation) + 1;
    /* Up to a millisecond of chance: two copies that start at the same moment must not mint the same incarnation. */
    e->incarnation = KD_MAX(now_us, floor) + kd_random_next(&e->random) % 1000;
    if (e->minted_count == KD_MINTED_MAX) {
        memmove(e->minted, e->minted + 1, (KD_MINTED_MAX - 1) * sizeof(e->minted[0]));
        e->minted_count--;
    }
    e->minted[e->minted_count++] = e->incarnation;
    kd_key_single(&e->key, 'V');
    kd_buf_clear(&e->value);
    for (uint32_t i = 0; i < e->minted_count; i++) kd_buf_put_be64(&e->value, e->minted[i]);
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), kd_buf_view(&e->value));
}

void kd_identity_disown(kd_edge *e, uint64_t up_to)
{
    uint32_t gone = 0;
    while (gone < e->minted_count && e->minted[gone] <= up_to) gone++;
    e->minted_count -= gone;
    memmove(e->minted, e->minted + gone, e->minted_count * sizeof(e->minted[0]));
}

bool kd_identity_minted(const kd_edge *e, uint64_t incarnation)
{
    for (uint32_t i = 0; i < e->minted_count; i++)
        if (e->minted[i] == incarnation) return true;
    return incarnation == 0; /* nothing applied yet */
}

void kd_identity_put_last(kd_edge *e)
{
    kd_key_single(&e->key, 'L');
    kd_buf_clear(&e->value);
    kd_buf_put_be64(&e->value, e->last_us);
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), kd_buf_view(&e->value));
}

/* A store that belongs to an edge lists the incarnations minted, ascending. With a list that is lost or damaged a used incarnation could be minted
 * again. */
static bool identity_minted_sane(const kd_edge *e, bool known)
{
    if (known != (e->minted_count > 0)) return false;
    for (uint32_t i = 0; i < e->minted_count; i++) {
        if (e->minted[i] >= KD_TIME_END_US || (i > 0 && e->minted[i] <= e->minted[i - 1])) return false;
    }
    return true;
}

int kd_identity_open(kd_edge *e, uint64_t now_us)
{
    bool known;
    uint32_t found;
    int err = identity_check(e, &known);
    if (err == KD_OK) err = identity_read_numbers(e, 'L', &e->last_us, 1, &found);
    if (err == KD_OK && e->last_us >= KD_TIME_END_US) err = KD_EMALFORMED;
    if (err == KD_OK) err = identity_read_numbers(e, 'V', e->minted, KD_MINTED_MAX, &e->minted_count);
    if (err == KD_OK && !KD_PLANTED(e, KD_PLANT_FIXED_INCARNATION) && !identity_minted_sane(e, known))
        err = KD_EMALFORMED;
    if (err != KD_OK) return err;
    if (e->minted_count > 0) e->incarnation = e->minted[e->minted_count - 1];
    if (KD_PLANTED(e, KD_PLANT_FIXED_INCARNATION))
        e->incarnation = 1;
    else
        kd_identity_mint(e, 0, now_us);
    return kd_lives_open(e);
}
