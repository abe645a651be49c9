/* row_count.c - see the header. */
#include "edge/core/row_count.h"
#include "edge/core/keys.h"
#include "edge/core/state.h"

void kd_row_count_put(kd_edge *e)
{
    if (e->filling.under_way) return;
    kd_key_single(&e->key, 'c');
    kd_buf_clear(&e->value);
    kd_buf_put_varint(&e->value, e->filter.rows);
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), kd_buf_view(&e->value));
}

int kd_row_count_read(kd_edge *e, uint64_t *rows)
{
    *rows = 0;
    kd_key_single(&e->key, 'c');
    int err = e->store.get(e->store.ctx, kd_buf_view(&e->key), &e->value);
    if (err != KD_OK) return err == KD_ENOTFOUND ? KD_OK : err;
    kd_reader r = kd_reader_of(kd_buf_view(&e->value));
    *rows = kd_read_varint(&r);
    return r.bad || kd_reader_left(&r) > 0 || *rows >= KD_TIME_END_US ? KD_EMALFORMED : KD_OK;
}
