/*
 * membership.c - membership rows: look up, record, load.
 *
 * A look-up asks three layers in turn: the filter, which says of most new keys that there is surely no row; the rows in memory (spill.c); the store.
 * The filter holds the key of every row from its recording on. Until a row is in the store it is a function of the journal (rule 4).
 *
 * A start does not wait for the filter (fill.c): until it holds all rows it is not asked, and each operation reads the store.
 */
#include "edge/core/membership.h"
#include "edge/core/spill.h"
#include "edge/core/state.h"

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

void kd_membership_finish(kd_edge *e)
{
    kd_bloom_finish(&e->filter);
    kd_buf_finish(&e->filling.next);
}
