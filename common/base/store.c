/* store.c - groups of writes as data, and key ranges. */
#include "kudos/store.h"

enum { WRITE_PUT = 1, WRITE_DELETE = 2, PUT_HEAD = 9 };

void kd_writes_put(kd_writes *w, kd_bytes key, kd_bytes value)
{
    uint32_t klen = __builtin_bswap32((uint32_t)key.len), vlen = __builtin_bswap32((uint32_t)value.len);
    kd_buf_reserve(&w->buf, PUT_HEAD + key.len + value.len);
    uint8_t *p = w->buf.data + w->buf.len;
    p[0] = WRITE_PUT;
    memcpy(p + 1, &klen, sizeof klen);
    memcpy(p + 5, &vlen, sizeof vlen);
    if (key.len) memcpy(p + PUT_HEAD, key.data, key.len);
    if (value.len) memcpy(p + PUT_HEAD + key.len, value.data, value.len);
    w->buf.len += PUT_HEAD + key.len + value.len;
    w->count++;
}

void kd_writes_delete(kd_writes *w, kd_bytes key)
{
    kd_buf_put_u8(&w->buf, WRITE_DELETE);
    kd_buf_put_be32(&w->buf, (uint32_t)key.len);
    kd_buf_put(&w->buf, key.data, key.len);
    w->count++;
}

void kd_writes_clear(kd_writes *w)
{
    kd_buf_clear(&w->buf);
    w->count = 0;
}

void kd_writes_finish(kd_writes *w)
{
    kd_buf_finish(&w->buf);
    w->count = 0;
}

void kd_writes_visit(const kd_writes *w, const kd_writes_visitor *v, void *arg)
{
    kd_reader r = kd_reader_of(kd_buf_view(&w->buf));
    while (kd_reader_left(&r) > 0) {
        uint8_t kind = kd_read_u8(&r);
        size_t klen = kd_read_be32(&r);
        size_t vlen = kind == WRITE_PUT ? kd_read_be32(&r) : 0;
        kd_bytes key = kd_read_bytes(&r, klen);
        kd_bytes value = kd_read_bytes(&r, vlen);
        KD_ASSERT(!r.bad);
        if (kind == WRITE_PUT)
            v->put(arg, key, value);
        else
            v->del(arg, key);
    }
}

void kd_prefix_end(kd_bytes prefix, kd_buf *out)
{
    kd_buf_clear(out);
    kd_buf_put(out, prefix.data, prefix.len);
    while (out->len > 0 && out->data[out->len - 1] == 0xff) out->len--;
    if (out->len > 0) out->data[out->len - 1]++;
}
