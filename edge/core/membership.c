/*
 * membership.c - membership rows: look up, record, load.
 *
 * A look-up asks three layers in turn: the filter, which says of most new keys that there is surely no row; the rows in memory (spill.c); the store.
 * The filter holds the key of every row from its recording on. Until a row is in the store it is a function of the journal (rule 4).
 *
 * A start does not wait for the filter. Keys of the rows that the store has are read in pieces, beside the work; until the last one is in, the filter
 * is not asked, and each operation reads the store. A row that is recorded meanwhile joins the filter at once, so it does not matter on which side of
 * the cursor it gets into the store. The number of rows is stored, so that the next filter has its size from the first piece on.
 */
#include "edge/core/membership.h"
#include "edge/core/row_count.h"
#include "edge/core/spill.h"
#include "edge/core/state.h"

enum {
    FILTER_ROWS = 1 << 20, /* room for so many more than there were: 1.5 MiB */
    FILTER_BYTES_DEFAULT = 1 << 30,
    FILL_ROWS_A_PIECE = 1024, /* some 0.3 ms */
    FILL_INTERVAL_US = 1000,
};

int kd_membership_recall(const kd_edge *e, const kd_row_key *key, kd_fresh_row *row)
{
    *row = (kd_fresh_row){0};
    if (kd_membership_filtered(e) && !kd_bloom_maybe(&e->filter, key->hash)) return KD_OK;
    return kd_spill_find(e, key, row) ? KD_OK : KD_EAGAIN;
}

int kd_membership_look_up(kd_edge *e, const kd_row_key *key, kd_fresh_row *row)
{
    int err = kd_membership_recall(e, key, row);
    if (err != KD_EAGAIN) return err;
    err = e->store.get(e->store.ctx, kd_row_key_view(key), &e->value);
    if (err != KD_OK && KD_PLANTED(e, KD_PLANT_READ_ERROR_IS_NONE)) return KD_OK;
    if (err == KD_ENOTFOUND) return KD_OK;
    if (err != KD_OK) return err;
    return kd_fresh_row_parse(kd_buf_view(&e->value), row) == KD_OK ? KD_OK : KD_EIO;
}

void kd_membership_record(kd_edge *e, const kd_row_key *key, const kd_fresh_row *row)
{
    kd_spill_record(e, key, row);
    kd_bloom_add(&e->filter, key->hash);
}

/*
 * An operation that was sent again or moved stands in a later batch with its old stamp. So the newest operation is not the last one in the journal,
 * and may be in the store alone: the larger stamp wins.
 */
int kd_membership_restore(kd_edge *e, const kd_row_key *key, const kd_fresh_row *row)
{
    kd_fresh_row known;
    int err = kd_membership_look_up(e, key, &known);
    if (err != KD_OK) return err;
    if (!known.known || row->stamp_us > known.stamp_us) kd_membership_record(e, key, row);
    return KD_OK;
}

int kd_membership_parse(kd_bytes key, kd_bytes value, kd_member_row *row)
{
    kd_reader r = kd_reader_of(key);
    kd_read_bytes(&r, 3);
    row->counter_id = kd_read_u8(&r);
    const uint8_t *start = r.p;
    kd_read_bytes(&r, kd_read_u8(&r));
    kd_read_bytes(&r, kd_read_u8(&r));
    row->item = kd_bytes_of(start, (size_t)(r.p - start));
    row->user = kd_read_bytes(&r, kd_read_u8(&r));
    if (r.bad || kd_reader_left(&r) != 0) return KD_EMALFORMED;
    return kd_fresh_row_parse(value, &row->row);
}

bool kd_membership_filtered(const kd_edge *e)
{
    return !e->filling.under_way || KD_PLANTED(e, KD_PLANT_FILTER_EARLY);
}

typedef struct {
    kd_edge *e;
    uint32_t left;
} filter_piece;

enum { PIECE_ENDS = 1 };

static int membership_fill_row(void *arg, kd_bytes key, kd_bytes value)
{
    filter_piece *piece = arg;
    (void)value;
    if (piece->left-- == 0) {
        kd_buf_clear(&piece->e->filling.cursor);
        kd_buf_put(&piece->e->filling.cursor, key.data, key.len);
        return PIECE_ENDS;
    }
    kd_bloom_add(&piece->e->filter, kd_hash(key));
    return KD_OK;
}

/* KD_OK: the last row was read. PIECE_ENDS, KD_EIO. */
static int membership_fill_piece(kd_edge *e)
{
    uint32_t rows = e->config.filter_piece_rows;
    filter_piece piece = {e, rows > 0 ? rows : FILL_ROWS_A_PIECE};
    return kd_keys_scan_on(e, 'm', UINT32_MAX, &e->filling.cursor, membership_fill_row, &piece);
}

uint64_t kd_membership_fill_step(kd_edge *e, uint64_t now_us)
{
    if (!e->filling.under_way || KD_PLANTED(e, KD_PLANT_FILTER_EARLY)) return UINT64_MAX;
    bool waits = now_us < e->filling.due_us && e->filling.due_us - now_us <= FILL_INTERVAL_US;
    if (waits) return e->filling.due_us;
    int err = membership_fill_piece(e);
    e->filling.due_us = now_us + FILL_INTERVAL_US;
    if (err == PIECE_ENDS) return e->filling.due_us;
    e->filling.under_way = false;
    kd_buf_finish(&e->filling.cursor);
    if (err != KD_OK) e->poisoned = true;
    kd_row_count_put(e);
    return UINT64_MAX;
}

int kd_membership_load(kd_edge *e)
{
    uint64_t most = e->config.filter_bytes_max ? e->config.filter_bytes_max : FILTER_BYTES_DEFAULT, rows;
    int err = kd_row_count_read(e, &rows);
    if (err != KD_OK) return err;
    kd_bloom_init(&e->filter, rows + rows / 8 + FILTER_ROWS, most * 8);
    e->filling.under_way = true;
    err = membership_fill_piece(e); /* a small store is read whole */
    if (err == KD_OK) e->filling.under_way = false;
    return err == PIECE_ENDS ? KD_OK : err;
}

void kd_membership_finish(kd_edge *e)
{
    kd_bloom_finish(&e->filter);
    kd_buf_finish(&e->filling.cursor);
}
