/*
 * lives.c - which operations of this edge its disk can know: the lives of the process that it has seen, each up to a time (kudos/seen.h).
 *
 * `last` is stored with every group, and every stamp is above the `last` of earlier groups. So an operation of the previous life that is stamped at
 * or below the stored `last` is on this disk. One stamped above it was taken after the copy was made from which this disk was restored. Or the
 * session token had lifted its stamp: then it passes for an operation at another edge until its user acts here again.
 *
 * A life has operations in all shards of the process, and their disks are restored together. So what one shard knows of a life, all of them know
 * (kd_edge_lives_join). Otherwise a shard that was idle before the end would take operations at another shard for operations at another edge.
 *
 * Row E: (life be32, until be64) for each life, oldest first; until is 0 for the life that wrote the row.
 */
#include "edge/core/lives.h"
#include "edge/core/keys.h"
#include "edge/core/state.h"

enum { LIFE_BYTES = 4 + 8 };

int kd_lives_decode(kd_bytes row, uint64_t last_us, kd_lives *lives)
{
    size_t count = row.len / LIFE_BYTES;
    if (row.len % LIFE_BYTES != 0 || count > KD_LIVES_MAX) return KD_EMALFORMED;
    kd_reader r = kd_reader_of(row);
    for (size_t i = count; i > 0; i--) {
        kd_life life = {.life = kd_read_be32(&r)};
        life.until_us = kd_read_be64(&r);
        if (life.until_us >= KD_TIME_END_US) return KD_EMALFORMED;
        if (i == 1)
            life.until_us =
                last_us; /* it wrote the row. An older life can have 0 as well: it stamped nothing */
        if (i < KD_LIVES_MAX) lives->at[i] = life;
    }
    lives->count = (uint32_t)KD_MIN(count + 1, (size_t)KD_LIVES_MAX);
    return KD_OK;
}

static int lives_read(kd_edge *e, kd_lives *lives)
{
    kd_key_single(&e->key, 'E');
    int err = e->store.get(e->store.ctx, kd_buf_view(&e->key), &e->value);
    if (err == KD_ENOTFOUND) return KD_OK; /* a new store, or one written before this row existed */
    return err == KD_OK ? kd_lives_decode(kd_buf_view(&e->value), e->last_us, lives) : err;
}

void kd_lives_encode(const kd_lives *lives, kd_buf *row)
{
    kd_buf_clear(row);
    for (uint32_t i = lives->count; i-- > 0;) {
        kd_buf_put_be32(row, lives->at[i].life);
        kd_buf_put_be64(row, i == 0 ? 0 : lives->at[i].until_us);
    }
}

static void lives_put(kd_edge *e)
{
    kd_key_single(&e->key, 'E');
    kd_lives_encode(&e->lives, &e->value);
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), kd_buf_view(&e->value));
}

int kd_lives_open(kd_edge *e)
{
    e->lives = (kd_lives){.edge = kd_seen_edge(kd_edge_name(e)), .count = 1};
    int err = lives_read(e, &e->lives);
    if (err != KD_OK) return err;
    uint32_t life = e->config.life ? e->config.life : (uint32_t)kd_random_next(&e->random);
    e->lives.at[0] = (kd_life){.life = life, .until_us = UINT64_MAX};
    lives_put(e);
    return KD_OK;
}

static kd_life *lives_find(kd_lives *lives, uint32_t life)
{
    for (uint32_t i = 0; i < lives->count; i++)
        if (lives->at[i].life == life) return &lives->at[i];
    return NULL;
}

uint64_t kd_lives_elsewhere_us(const kd_edge *e, const kd_seen *seen)
{
    return seen ? kd_seen_elsewhere_us(seen, &e->lives) : 0;
}

/* Adds a life behind the present one; the oldest makes room. */
static void lives_add(kd_lives *lives, kd_life life)
{
    lives->count = KD_MIN(lives->count + 1, (uint32_t)KD_LIVES_MAX);
    memmove(lives->at + 2, lives->at + 1, (lives->count - 2) * sizeof(lives->at[0]));
    lives->at[1] = life;
}

void kd_lives_merge(kd_lives *lives, const kd_lives *others)
{
    for (uint32_t i = others->count; i-- > 1;) {
        kd_life *mine = lives_find(lives, others->at[i].life);
        if (mine)
            mine->until_us = KD_MAX(mine->until_us, others->at[i].until_us);
        else
            lives_add(lives, others->at[i]);
    }
}

void kd_edge_lives_join(kd_edge *e, const kd_lives *others)
{
    kd_lives_merge(&e->lives, others);
    lives_put(e);
}

const kd_lives *kd_edge_lives(const kd_edge *e)
{
    return &e->lives;
}
