/* json_packed.c - see the header. A head of more than 15 members takes more than the one byte that was left for it: what follows moves then. */
#include "common/json/json_packed.h"

#include "common/base/packer.h"
#include "common/json/utf8.h"

typedef struct {
    char bytes[5];
    size_t len;
} packed_head;

static int packed_append_head(void *arg, const char *data, size_t len)
{
    packed_head *head = arg;
    KD_ASSERT(head->len + len <= sizeof head->bytes);
    memcpy(head->bytes + head->len, data, len);
    head->len += len;
    return 0;
}

void kd_packed_u64(kd_buf *out, uint64_t value)
{
    msgpack_packer pk = kd_packer_of(out);
    msgpack_pack_uint64(&pk, value);
}

void kd_packed_i64(kd_buf *out, int64_t value)
{
    msgpack_packer pk = kd_packer_of(out);
    msgpack_pack_int64(&pk, value);
}

void kd_packed_bool(kd_buf *out, bool value)
{
    msgpack_packer pk = kd_packer_of(out);
    if (value)
        msgpack_pack_true(&pk);
    else
        msgpack_pack_false(&pk);
}

void kd_packed_null(kd_buf *out)
{
    msgpack_packer pk = kd_packer_of(out);
    msgpack_pack_nil(&pk);
}

/* Appends the text with what is not UTF-8 replaced, unless `out` is NULL; returns its length. */
static size_t packed_clean(kd_bytes value, kd_buf *out)
{
    size_t len = 0;
    for (size_t i = 0; i < value.len;) {
        size_t run = kd_utf8_length(value.data + i, value.len - i);
        kd_bytes piece = run > 0 ? kd_bytes_of(value.data + i, run) : kd_bytes_str(KD_UTF8_REPLACEMENT);
        if (out) kd_buf_put(out, piece.data, piece.len);
        len += piece.len;
        i += run > 0 ? run : 1;
    }
    return len;
}

void kd_packed_str(kd_buf *out, kd_bytes value)
{
    msgpack_packer pk = kd_packer_of(out);
    msgpack_pack_str(&pk, packed_clean(value, NULL));
    packed_clean(value, out);
}

void kd_packed_open(kd_buf *out)
{
    kd_buf_put_u8(out, 0);
}

void kd_packed_close(kd_buf *out, size_t at, bool map, uint32_t count)
{
    packed_head head = {.len = 0};
    msgpack_packer pk = {.data = &head, .callback = packed_append_head};
    if (map)
        msgpack_pack_map(&pk, count);
    else
        msgpack_pack_array(&pk, count);
    size_t more = head.len - 1;
    kd_buf_reserve(out, more);
    if (more > 0) memmove(out->data + at + head.len, out->data + at + 1, out->len - at - 1);
    memcpy(out->data + at, head.bytes, head.len);
    out->len += more;
}
