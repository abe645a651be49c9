/*
 * lives.c - of which words this store tells: the lives of the edge's process that it has seen, each with the last moment that it knows of (kudos/seen.h).
 *
 * `last` is written with every commit and every stamp is above the `last` of the commits before, so a word of the life before this one is on this disk
 * where it is stamped at or below `last`. A word above it was taken behind the copy from which this disk was put back; or a token had lifted its stamp, then
 * it is taken for a word of elsewhere until its user speaks here again.
 *
 * The words of one life went to all shards of the process, whose disks are put back together: so what one of them knows of a life they all know
 * (kd_edge_lives_join). Else a shard that was idle before the end, or had committed nothing yet, would take words that went to another one for words of
 * elsewhere.
 *
 * Row 'E': life be32, until be64 for each, oldest first; until is 0 for the life that wrote the row.
 */
#include "edge/core/lives.h"
#include "edge/core/keys.h"
#include "edge/core/state.h"

enum { LIFE_BYTES = 4 + 8 };

/* The newest first, behind the place of the present one. */
static int read_lives(kd_edge *e, kd_lives *lives)
{
    kd_key_single(&e->key, 'E');
    int err = e->store.get(e->store.ctx, kd_buf_view(&e->key), &e->value);
    if (err == KD_ENOTFOUND) return KD_OK; /* a store of before, or a new one */
    if (err != KD_OK) return err;
    size_t count = e->value.len / LIFE_BYTES;
    if (e->value.len % LIFE_BYTES != 0 || count > KD_LIVES_MAX) return KD_EMALFORMED;
    kd_reader r = kd_reader_of(kd_buf_view(&e->value));
    for (size_t i = count; i > 0; i--) {
        kd_life life = {.life = kd_read_be32(&r)};
        life.until_us = kd_read_be64(&r);
        if (life.until_us >= KD_TIME_END_US) return KD_EMALFORMED;
        if (i == 1)
            life.until_us =
                e->last_us; /* it wrote the row; an older one may have ended at 0: it had stamped nothing */
        if (i < KD_LIVES_MAX) lives->at[i] = life;
    }
    lives->count = (uint32_t)KD_MIN(count + 1, (size_t)KD_LIVES_MAX);
    return KD_OK;
}

static void put_lives(kd_edge *e)
{
    kd_key_single(&e->key, 'E');
    kd_buf_clear(&e->value);
    for (uint32_t i = e->lives.count; i-- > 0;) {
        kd_buf_put_be32(&e->value, e->lives.at[i].life);
        kd_buf_put_be64(&e->value, i == 0 ? 0 : e->lives.at[i].until_us);
    }
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), kd_buf_view(&e->value));
}

int kd_lives_open(kd_edge *e)
{
    e->lives = (kd_lives){.edge = kd_seen_edge(kd_edge_name(e)), .count = 1};
    int err = read_lives(e, &e->lives);
    if (err != KD_OK) return err;
    uint32_t life = e->config.life ? e->config.life : (uint32_t)kd_random_next(&e->random);
    e->lives.at[0] = (kd_life){.life = life, .until_us = UINT64_MAX};
    put_lives(e);
    return KD_OK;
}

static kd_life *find_life(kd_lives *lives, uint32_t life)
{
    for (uint32_t i = 0; i < lives->count; i++)
        if (lives->at[i].life == life) return &lives->at[i];
    return NULL;
}

uint64_t kd_lives_elsewhere_us(const kd_edge *e, const kd_seen *seen)
{
    return seen ? kd_seen_elsewhere_us(seen, &e->lives) : 0;
}

/* Behind the present one; the oldest makes room. */
static void add_life(kd_lives *lives, kd_life life)
{
    lives->count = KD_MIN(lives->count + 1, (uint32_t)KD_LIVES_MAX);
    memmove(lives->at + 2, lives->at + 1, (lives->count - 2) * sizeof(lives->at[0]));
    lives->at[1] = life;
}

void kd_edge_lives_join(kd_edge *e, const kd_lives *others)
{
    for (uint32_t i = others->count; i-- > 1;) {
        kd_life *mine = find_life(&e->lives, others->at[i].life);
        if (mine)
            mine->until_us = KD_MAX(mine->until_us, others->at[i].until_us);
        else
            add_life(&e->lives, others->at[i]);
    }
    put_lives(e);
}

const kd_lives *kd_edge_lives(const kd_edge *e)
{
    return &e->lives;
}
