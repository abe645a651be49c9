/*
 * membership.c - membership rows: look up, record, load.
 *
 * A look-up asks three layers in turn: the filter, which says of most new keys that there is surely no row; the rows in memory (spill.c); the store.
 * The filter holds the key of every row from its recording on. Until a row is in the store it is a function of the journal (rule 4).
 */
#include "edge/core/membership.h"
#include "edge/core/spill.h"
#include "edge/core/state.h"

enum {
    FILTER_ROWS = 1 << 20,
    FILTER_BYTES_DEFAULT = 1 << 30
}; /* 1.5 MiB before the filter grows its first link */

int kd_membership_recall(const kd_edge *e, const kd_row_key *key, kd_fresh_row *row)
{
    *row = (kd_fresh_row){0};
    if (!kd_bloom_maybe(&e->filter, key->hash)) return KD_OK;
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

static int membership_load_row(void *arg, kd_bytes key, kd_bytes value)
{
    kd_edge *e = arg;
    (void)value;
    kd_bloom_add(&e->filter, kd_hash(key));
    return 0;
}

int kd_membership_load(kd_edge *e)
{
    uint64_t most = e->config.filter_bytes_max ? e->config.filter_bytes_max : FILTER_BYTES_DEFAULT;
    kd_bloom_init(&e->filter, FILTER_ROWS, most * 8);
    return kd_keys_scan(e, 'm', UINT32_MAX, membership_load_row, e);
}

void kd_membership_finish(kd_edge *e)
{
    kd_bloom_finish(&e->filter);
}
