/*
 * identity.c - what this store is, and which incarnation of the edge this is (rule 5).
 *
 * Every start mints a larger incarnation, so that no position is ever used twice: neither after a crash that forgot the
 * tail of a batch, nor by a copy or an old backup of the directory that cannot know that it is one.
 */
#include "edge/core/internal.h"

static int read_u64(kd_edge *e, char kind, uint64_t *out)
{
    kd_key_single(&e->key, kind);
    int err = e->store.get(e->store.ctx, kd_buf_view(&e->key), &e->value);
    if (err == KD_ENOTFOUND) {
        *out = 0;
        return KD_OK;
    }
    if (err != KD_OK) return err;
    kd_reader r = kd_reader_of(kd_buf_view(&e->value));
    *out = kd_read_be64(&r);
    return r.bad ? KD_EMALFORMED : KD_OK;
}

static void put_u64(kd_edge *e, char kind, uint64_t v)
{
    kd_key_single(&e->key, kind);
    kd_buf_clear(&e->value);
    kd_buf_put_be64(&e->value, v);
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), kd_buf_view(&e->value));
}

static void encode_identity(const kd_edge *e, kd_buf *out)
{
    kd_bytes name = kd_edge_name(e);
    kd_buf_put_u8(out, KD_STORAGE_SCHEMA);
    kd_buf_put_be16(out, (uint16_t)e->config.shard);
    kd_buf_put_be16(out, (uint16_t)e->config.shards);
    kd_buf_put_be32(out, e->config.partitions);
    kd_buf_put(out, name.data, name.len);
}

/* KD_OK when the store is this edge's, or empty: then it becomes so. */
static int check_identity(kd_edge *e)
{
    kd_buf want = {0};
    encode_identity(e, &want);
    kd_key_single(&e->key, 'I');
    int err = e->store.get(e->store.ctx, kd_buf_view(&e->key), &e->value);
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
    e->incarnation = KD_MAX(now_us, floor);
    put_u64(e, 'V', e->incarnation);
}

void kd_identity_put_last(kd_edge *e)
{
    put_u64(e, 'L', e->last_us);
}

int kd_identity_open(kd_edge *e, uint64_t now_us)
{
    int err = check_identity(e);
    if (err == KD_OK) err = read_u64(e, 'L', &e->last_us);
    if (err == KD_OK) err = read_u64(e, 'V', &e->incarnation);
    if (err != KD_OK) return err;
    if (KD_PLANTED(e, KD_PLANT_FIXED_INCARNATION)) e->incarnation = 1;
    else kd_identity_mint(e, 0, now_us);
    return KD_OK;
}
