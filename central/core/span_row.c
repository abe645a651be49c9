/* span_row.c - see the header. */
#include "central/core/span_row.h"

#include "central/core/row.h"

kd_bytes kd_span_start_key(kd_buf *out, kd_bytes item)
{
    return kd_key_named(out, KD_ROW_START, item);
}

kd_bytes kd_span_from_key(kd_buf *out, uint8_t phase, kd_bytes collection, uint64_t start_us)
{
    kd_buf_clear(out);
    kd_buf_put_u8(out, KD_ROW_SPAN);
    kd_buf_put_u8(out, phase);
    kd_buf_put_u8(out, (uint8_t)collection.len);
    kd_buf_put(out, collection.data, collection.len);
    kd_buf_put_be64(out, start_us);
    return kd_buf_view(out);
}

kd_bytes kd_span_phase_key(kd_buf *out, uint8_t phase, kd_bytes item, uint64_t start_us)
{
    kd_bytes id = kd_key_id(item);
    kd_span_from_key(out, phase, kd_key_collection(item), start_us);
    kd_buf_put_u8(out, (uint8_t)id.len);
    kd_buf_put(out, id.data, id.len);
    return kd_buf_view(out);
}

bool kd_span_parse(kd_bytes key, kd_buf *item, uint64_t *start_us)
{
    kd_reader r = kd_reader_of(key);
    kd_buf_clear(item);
    kd_read_u8(&r);
    kd_read_u8(&r);
    uint8_t len = kd_read_u8(&r);
    kd_bytes collection = kd_read_bytes(&r, len);
    *start_us = kd_read_be64(&r);
    kd_bytes id = kd_read_bytes(&r, kd_reader_left(&r));
    kd_buf_put_u8(item, len);
    kd_buf_put(item, collection.data, collection.len);
    kd_buf_put(item, id.data, id.len);
    return !r.bad && kd_item_key_valid(kd_buf_view(item));
}
