/* reshard_store.c - see the header. */
#include "edge/core/reshard_store.h"
#include "edge/core/keys.h"
#include "edge/core/lives.h"

#include <stdlib.h>

/* Reads the row with a single-letter key. KD_OK with *value empty where there is none. */
static int reshard_store_get(const kd_store *from, char kind, kd_buf *value)
{
    int err = from->get(from->ctx, kd_bytes_of((const uint8_t *)&kind, 1), value);
    return err == KD_ENOTFOUND ? KD_OK : err;
}

static int reshard_store_check(kd_reshard_store *s, const kd_store *from, uint32_t shard, uint32_t count)
{
    kd_edge_stored is;
    int err = kd_edge_stored_as(from, &is);
    if (err != KD_OK) return err;
    if (is.shard != shard || is.shards != count || is.partitions == 0 || is.partitions > KD_PARTITIONS_MAX)
        return KD_EMISMATCH;
    if (shard == 0) {
        s->is = is;
        s->places = kd_alloc(is.partitions * sizeof(*s->places));
    }
    return is.partitions == s->is.partitions && strcmp(is.edge, s->is.edge) == 0 ? KD_OK : KD_EMISMATCH;
}

/* A store of an edge has this row, and the numbers in it ascend. */
static int reshard_store_minted(kd_reshard_minted *m, kd_bytes row)
{
    kd_reader r = kd_reader_of(row);
    while (kd_reader_left(&r) > 0 && m->count < KD_MINTED_MAX) {
        uint64_t x = kd_read_be64(&r);
        if (x >= KD_TIME_END_US || (m->count > 0 && x <= m->at[m->count - 1])) return KD_EMALFORMED;
        m->at[m->count++] = x;
    }
    return r.bad || kd_reader_left(&r) > 0 || m->count == 0 ? KD_EMALFORMED : KD_OK;
}

static int reshard_store_last(kd_reshard_store *s, kd_bytes row, uint64_t *last_us)
{
    kd_reader r = kd_reader_of(row);
    *last_us = row.len > 0 ? kd_read_be64(&r) : 0;
    s->last_us = KD_MAX(s->last_us, *last_us);
    return r.bad || kd_reader_left(&r) > 0 || *last_us >= KD_TIME_END_US ? KD_EMALFORMED : KD_OK;
}

static int reshard_store_lives(kd_reshard_store *s, kd_bytes row, uint64_t last_us)
{
    kd_lives theirs = {.count = 1};
    int err = row.len > 0 ? kd_lives_decode(row, last_us, &theirs) : KD_OK;
    if (err == KD_OK) kd_lives_merge(&s->lives, &theirs);
    return err;
}

/* Without the row all places are at the beginning: then each fragment is read again. */
static int reshard_store_stored_to(kd_reshard_store *s, uint32_t shard, kd_bytes row)
{
    kd_reader r = kd_reader_of(row);
    if (row.len == 0) return KD_OK;
    for (uint32_t p = shard; p < s->is.partitions; p += s->is.shards)
        s->places[p] = kd_journal_place_read(&r);
    return r.bad || kd_reader_left(&r) > 0 ? KD_EMALFORMED : KD_OK;
}

int kd_reshard_store_read(kd_reshard_store *s, const kd_store *from, uint32_t shard, uint32_t count)
{
    kd_buf row = {0};
    uint64_t last_us = 0;
    int err = reshard_store_check(s, from, shard, count);
    if (err == KD_OK) err = reshard_store_get(from, 'L', &row);
    if (err == KD_OK) err = reshard_store_last(s, kd_buf_view(&row), &last_us);
    if (err == KD_OK) err = reshard_store_get(from, 'V', &row);
    if (err == KD_OK) err = reshard_store_minted(&s->minted[shard], kd_buf_view(&row));
    if (err == KD_OK) err = reshard_store_get(from, 'E', &row);
    if (err == KD_OK) err = reshard_store_lives(s, kd_buf_view(&row), last_us);
    if (err == KD_OK) err = reshard_store_get(from, 'r', &row);
    if (err == KD_OK) err = reshard_store_stored_to(s, shard, kd_buf_view(&row));
    kd_buf_finish(&row);
    return err;
}

/* ---- the incarnations of all ---- */

static int reshard_store_ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The time from which on every store remembers what it minted. */
static uint64_t reshard_store_remembered(const kd_reshard_store *s)
{
    uint64_t from = 0;
    for (uint32_t i = 0; i < s->is.shards; i++) from = KD_MAX(from, s->minted[i].at[0]);
    return from;
}

/*
 * All shards of a process mint within moments of each other, at each of its starts. So a store whose list begins later than the second entry of another one
 * has disowned what it minted before. What is older than that stays with nobody: an incarnation that is forgotten passes for another process's, and that
 * costs at most that operations are sent twice.
 */
static uint32_t reshard_store_gather(const kd_reshard_store *s, uint64_t *all)
{
    uint64_t remembered = reshard_store_remembered(s);
    uint32_t n = 0, distinct = 0;
    for (uint32_t i = 0; i < s->is.shards; i++) {
        const kd_reshard_minted *m = &s->minted[i];
        for (uint32_t k = 0; k < m->count; k++)
            if (k + 1 == m->count || m->at[k + 1] > remembered) all[n++] = m->at[k];
    }
    qsort(all, n, sizeof(*all), reshard_store_ascending);
    for (uint32_t i = 0; i < n; i++)
        if (distinct == 0 || all[i] != all[distinct - 1]) all[distinct++] = all[i];
    return distinct;
}

static void reshard_store_put_minted(const kd_reshard_store *s, kd_buf *row)
{
    uint64_t *all = kd_alloc(s->is.shards * sizeof(s->minted[0].at));
    uint32_t count = reshard_store_gather(s, all);
    kd_buf_clear(row);
    for (uint32_t i = count - KD_MIN(count, (uint32_t)KD_MINTED_MAX); i < count; i++)
        kd_buf_put_be64(row, all[i]);
    free(all);
}

/* ---- rows of a new store ---- */

static int reshard_store_put(char kind, const kd_buf *value, kd_scan_fn put, void *arg)
{
    return put(arg, kd_bytes_of((const uint8_t *)&kind, 1), kd_buf_view(value));
}

int kd_reshard_store_identity(const kd_reshard_store *s, uint32_t to, uint32_t shard, kd_scan_fn put,
                              void *arg)
{
    kd_buf row = {0};
    kd_edge_stored is = s->is;
    is.shard = shard;
    is.shards = to;
    kd_lives_encode(&s->lives, &row);
    int err = reshard_store_put('E', &row, put, arg);
    kd_identity_encode(&is, &row);
    if (err == KD_OK) err = reshard_store_put('I', &row, put, arg);
    kd_buf_clear(&row);
    kd_buf_put_be64(&row, s->last_us);
    if (err == KD_OK) err = reshard_store_put('L', &row, put, arg);
    reshard_store_put_minted(s, &row);
    if (err == KD_OK) err = reshard_store_put('V', &row, put, arg);
    kd_buf_finish(&row);
    return err;
}

/* Planted: all places are the furthest one. */
static const kd_journal_place *reshard_store_place(const kd_reshard_store *s, uint32_t part)
{
    const kd_journal_place *place = &s->places[part];
    if (!(s->plant & KD_PLANT_RESHARD_PLACE)) return place;
    for (uint32_t p = 0; p < s->is.partitions; p++)
        if (kd_position_cmp(place->at, s->places[p].at) < 0) place = &s->places[p];
    return place;
}

int kd_reshard_store_places(const kd_reshard_store *s, uint32_t to, uint32_t shard, kd_scan_fn put, void *arg)
{
    kd_buf row = {0};
    for (uint32_t p = shard; p < s->is.partitions; p += to)
        kd_journal_place_put(&row, reshard_store_place(s, p));
    int err = reshard_store_put('r', &row, put, arg);
    kd_buf_finish(&row);
    return err;
}

void kd_reshard_store_finish(kd_reshard_store *s)
{
    free(s->places);
    s->places = NULL;
}
