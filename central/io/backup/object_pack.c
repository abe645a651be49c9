/* object_pack.c - see the header. */
#include "central/io/backup/object_pack.h"

#include <zlib.h>

enum { EFFORT = 1 /* rows are alike: more effort gains little */, STEP = 256 * 1024 };

void kd_object_pack(kd_bytes raw, kd_buf *packed)
{
    uLongf size = compressBound(raw.len);
    kd_buf_clear(packed);
    kd_buf_reserve(packed, size);
    KD_ASSERT(compress2(packed->data, &size, raw.data, raw.len, EFFORT) == Z_OK);
    packed->len = size;
}

size_t kd_object_packed_max(size_t raw)
{
    return compressBound(raw);
}

bool kd_object_unpack(kd_bytes packed, size_t max, kd_buf *raw)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)packed.data, .avail_in = (uInt)packed.len};
    kd_buf_clear(raw);
    if (packed.len > UINT32_MAX || inflateInit(&z) != Z_OK) return false;
    int rc = Z_OK;
    while (rc == Z_OK && raw->len <= max) {
        kd_buf_reserve(raw, STEP);
        z.next_out = raw->data + raw->len;
        z.avail_out = STEP;
        rc = inflate(&z, Z_NO_FLUSH);
        raw->len += STEP - z.avail_out;
    }
    inflateEnd(&z);
    return rc == Z_STREAM_END && z.avail_in == 0 && raw->len <= max;
}
