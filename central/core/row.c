/* row.c - see the header. */
#include "central/core/row.h"

void kd_member_key_put(kd_buf *out, uint8_t counter, kd_bytes item, kd_bytes user)
{
    kd_buf_reserve(out, KD_MEMBER_KEY_MAX);
    uint8_t *p = out->data + out->len;
    *p++ = KD_ROW_MEMBER;
    *p++ = counter;
    memcpy(p, item.data, item.len);
    p += item.len;
    *p++ = (uint8_t)user.len;
    if (user.len) memcpy(p, user.data, user.len);
    out->len += 3 + item.len + user.len;
}

void kd_member_key_parse(kd_bytes key, uint8_t *counter, kd_bytes *item, kd_bytes *user)
{
    const uint8_t *p = key.data + 2;
    size_t collection = p[0], id = p[1 + collection];
    *counter = key.data[1];
    *item = kd_bytes_of(p, 2 + collection + id);
    *user = kd_bytes_of(p + item->len + 1, p[item->len]);
}

bool kd_member_key_valid(kd_bytes key)
{
    kd_reader r = kd_reader_of(key);
    kd_read_bytes(&r, 2);
    kd_read_bytes(&r, kd_read_u8(&r));
    kd_read_bytes(&r, kd_read_u8(&r));
    kd_read_bytes(&r, kd_read_u8(&r));
    return !r.bad && kd_reader_left(&r) == 0;
}

void kd_stored_row_encode(const kd_stored_row *row, kd_buf *out)
{
    kd_buf_put_be64(out, row->time_us << 1 | row->liked);
    kd_buf_put_varint(out, row->edge);
    kd_buf_put_varint(out, row->region);
}

int kd_stored_row_decode(kd_bytes value, kd_stored_row *row)
{
    kd_reader r = kd_reader_of(value);
    uint64_t stamp = kd_read_be64(&r), edge = kd_read_varint(&r), region = kd_read_varint(&r);
    if (r.bad || kd_reader_left(&r) != 0 || edge >= KD_EDGES_MAX || region >= KD_REGIONS_MAX)
        return KD_EMALFORMED;
    *row = (kd_stored_row){
        .time_us = stamp >> 1, .edge = (uint16_t)edge, .region = (uint16_t)region, .liked = stamp & 1};
    return KD_OK;
}

kd_bytes kd_key_named(kd_buf *out, uint8_t prefix, kd_bytes name)
{
    kd_buf_clear(out);
    kd_buf_put_u8(out, prefix);
    kd_buf_put(out, name.data, name.len);
    return kd_buf_view(out);
}

kd_bytes kd_key_numbered(kd_buf *out, uint8_t prefix, uint64_t number)
{
    kd_buf_clear(out);
    kd_buf_put_u8(out, prefix);
    kd_buf_put_be64(out, number);
    return kd_buf_view(out);
}
