/*
 * fill.c - see the headers.
 *
 * A row that is recorded while the filter fills joins it at once, so it does not matter whether a piece has its key. The number of rows is stored, so
 * that the next filter has its size from the first piece on.
 */
#include "edge/core/fill.h"

#include "edge/core/keys.h"
#include "edge/core/membership.h"
#include "edge/core/row_count.h"
#include "edge/core/state.h"

enum {
    FILTER_ROWS = 1 << 20, /* room for so many more than there were: 1.5 MiB */
    FILTER_BYTES_DEFAULT = 1 << 30,
    FILL_ROWS_FIRST = 1024,
    FILL_AHEAD = 16, /* keys whose place in the filter is on its way to the cache */
    PIECE_ENDS = 1,
};

bool kd_edge_fill_begin(const kd_edge *e, kd_fill_piece *piece)
{
    if (kd_membership_filtered(e)) return false;
    kd_buf_clear(&piece->next);
    kd_buf_put(&piece->next, e->filling.next.data, e->filling.next.len);
    return true;
}

typedef struct {
    kd_fill_piece *piece;
    uint32_t left;
} fill_reading;

static int fill_row(void *arg, kd_bytes key, kd_bytes value)
{
    fill_reading *r = arg;
    (void)value;
    if (r->left-- == 0) {
        kd_buf_clear(&r->piece->next);
        kd_buf_put(&r->piece->next, key.data, key.len);
        return PIECE_ENDS;
    }
    uint64_t hash = kd_hash(key);
    kd_buf_put(&r->piece->hashes, (const uint8_t *)&hash, sizeof hash);
    return KD_OK;
}

void kd_fill_read(const kd_store *store, kd_fill_piece *piece, uint32_t rows)
{
    kd_buf from = {0}, to = {0};
    fill_reading reading = {piece, rows};
    kd_key_single(&from, 'm');
    kd_prefix_end(kd_buf_view(&from), &to);
    kd_buf_clear(&piece->hashes);
    bool begun = piece->next.len > 0;
    int err = store->scan(store->ctx, kd_buf_view(begun ? &piece->next : &from), kd_buf_view(&to), fill_row,
                          &reading);
    piece->last = err == KD_OK;
    piece->err = err == PIECE_ENDS ? KD_OK : err;
    kd_buf_finish(&from);
    kd_buf_finish(&to);
}

static void fill_add(kd_edge *e, const kd_fill_piece *piece)
{
    const uint64_t *hashes = (const uint64_t *)(const void *)piece->hashes.data;
    size_t n = piece->hashes.len / sizeof *hashes;
    for (size_t i = 0; i < n; i++) {
        if (i + FILL_AHEAD < n) kd_bloom_prefetch(&e->filter, hashes[i + FILL_AHEAD]);
        kd_bloom_add(&e->filter, hashes[i]);
    }
}

bool kd_edge_fill_take(kd_edge *e, const kd_fill_piece *piece)
{
    fill_add(e, piece);
    if (piece->err != KD_OK) e->poisoned = true;
    if (piece->err == KD_OK && !piece->last) return true;
    e->filling.under_way = false;
    kd_row_count_put(e);
    return false;
}

int kd_fill_load(kd_edge *e)
{
    uint64_t most = e->config.filter_bytes_max ? e->config.filter_bytes_max : FILTER_BYTES_DEFAULT, rows;
    uint32_t piece_rows = e->config.filter_piece_rows ? e->config.filter_piece_rows : FILL_ROWS_FIRST;
    kd_fill_piece piece = {.last = false};
    int err = kd_row_count_read(e, &rows);
    if (err != KD_OK) return err;
    kd_bloom_init(&e->filter, rows + rows / 8 + FILTER_ROWS, most * 8);
    kd_fill_read(&e->store, &piece, piece_rows);
    fill_add(e, &piece);
    e->filling.under_way = !piece.last;
    kd_buf_put(&e->filling.next, piece.next.data, piece.next.len);
    kd_fill_finish(&piece);
    return piece.err;
}

void kd_fill_finish(kd_fill_piece *piece)
{
    kd_buf_finish(&piece->next);
    kd_buf_finish(&piece->hashes);
}
