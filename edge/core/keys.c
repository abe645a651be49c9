/* keys.c - the keys of a shard's store, as drawn in the header. */
#include "edge/core/keys.h"
#include "edge/core/state.h"

void kd_key_single(kd_buf *out, char kind)
{
    kd_buf_clear(out);
    kd_buf_put_u8(out, (uint8_t)kind);
}

void kd_key_part(kd_buf *out, char kind, uint32_t part)
{
    kd_key_single(out, kind);
    kd_buf_put_be16(out, (uint16_t)part);
}

void kd_key_item(kd_buf *out, uint32_t part, kd_bytes item)
{
    kd_key_part(out, 'n', part);
    kd_buf_put(out, item.data, item.len);
}

void kd_key_row(kd_row_key *out, uint32_t part, uint8_t counter_id, kd_bytes item, kd_bytes user)
{
    KD_ASSERT(item.len <= KD_ITEM_KEY_MAX && user.len <= KD_ID_MAX);
    uint8_t *p = out->data; // cppcheck-suppress ctuuninitvar ; it is filled here
    *p++ = 'm';
    *p++ = (uint8_t)(part >> 8);
    *p++ = (uint8_t)part;
    *p++ = counter_id;
    memcpy(p, item.data, item.len);
    p += item.len;
    *p++ = (uint8_t)user.len;
    if (user.len) memcpy(p, user.data, user.len);
    out->len = (uint16_t)(p + user.len - out->data);
    out->hash = kd_hash(kd_row_key_view(out));
}

void kd_key_batch(kd_buf *out, char kind, uint32_t part, kd_position at)
{
    kd_key_part(out, kind, part);
    kd_buf_put_be64(out, at.incarnation);
    kd_buf_put_be64(out, at.seq);
}

void kd_key_fragment(kd_buf *out, uint32_t part, kd_position at, uint32_t n)
{
    kd_key_batch(out, 'f', part, at);
    kd_buf_put_be32(out, n);
}

void kd_key_number(kd_buf *out, char kind, uint64_t number)
{
    kd_key_single(out, kind);
    kd_buf_put_be64(out, number);
}

int kd_keys_scan(kd_edge *e, char kind, uint32_t part, kd_scan_fn fn, void *arg)
{
    return kd_keys_scan_on(e, kind, part, NULL, fn, arg);
}

int kd_keys_scan_on(kd_edge *e, char kind, uint32_t part, const kd_buf *cursor, kd_scan_fn fn, void *arg)
{
    kd_buf from = {0}, to = {0};
    if (part == UINT32_MAX)
        kd_key_single(&from, kind);
    else
        kd_key_part(&from, kind, part);
    kd_prefix_end(kd_buf_view(&from), &to);
    if (cursor && cursor->len > 0) {
        kd_buf_clear(&from);
        kd_buf_put(&from, cursor->data, cursor->len);
    }
    int err = e->store.scan(e->store.ctx, kd_buf_view(&from), kd_buf_view(&to), fn, arg);
    kd_buf_finish(&from);
    kd_buf_finish(&to);
    return err;
}
