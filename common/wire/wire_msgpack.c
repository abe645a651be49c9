/* wire_msgpack.c - msgpack values, and the head that all records share. */
#include "common/wire/wire_msgpack.h"

#include "common/base/packer.h"
#include "kudos/wire.h"

enum { DEPTH_MAX = 32 };

void kd_msgpack_put_array(kd_buf *out, size_t elements)
{
    msgpack_packer pk = kd_packer_of(out);
    msgpack_pack_array(&pk, elements);
}

void kd_msgpack_put_uint(kd_buf *out, uint64_t v)
{
    msgpack_packer pk = kd_packer_of(out);
    msgpack_pack_uint64(&pk, v);
}

void kd_msgpack_put_str(kd_buf *out, kd_bytes s)
{
    msgpack_packer pk = kd_packer_of(out);
    msgpack_pack_str(&pk, s.len);
    msgpack_pack_str_body(&pk, s.data, s.len);
}

void kd_msgpack_put_bin(kd_buf *out, kd_bytes b)
{
    msgpack_packer pk = kd_packer_of(out);
    msgpack_pack_bin(&pk, b.len);
    msgpack_pack_bin_body(&pk, b.data, b.len);
}

static uint64_t wire_msgpack_bad(kd_reader *r)
{
    r->bad = true;
    r->p = r->end;
    return 0;
}

/* A big-endian number of 1, 2, 4 or 8 bytes; bad below `least`, where a shorter form could have held it. */
static uint64_t wire_msgpack_number(kd_reader *r, unsigned bytes, uint64_t least)
{
    uint64_t v = bytes == 1   ? kd_read_u8(r)
                 : bytes == 2 ? kd_read_be16(r)
                 : bytes == 4 ? kd_read_be32(r)
                              : kd_read_be64(r);
    return r->bad || v < least ? wire_msgpack_bad(r) : v;
}

uint32_t kd_msgpack_array(kd_reader *r)
{
    uint8_t tag = kd_read_u8(r);
    uint64_t n = 0;
    if ((tag & 0xf0) == 0x90)
        n = tag & 0x0f;
    else if (tag == 0xdc)
        n = wire_msgpack_number(r, 2, 16);
    else if (tag == 0xdd)
        n = wire_msgpack_number(r, 4, 1u << 16);
    else
        return (uint32_t)wire_msgpack_bad(r);
    return n > kd_reader_left(r) ? (uint32_t)wire_msgpack_bad(r) : (uint32_t)n;
}

uint64_t kd_msgpack_uint(kd_reader *r, uint64_t max)
{
    uint8_t tag = kd_read_u8(r);
    uint64_t v = 0;
    if (tag < 0x80)
        v = tag;
    else if (tag == 0xcc)
        v = wire_msgpack_number(r, 1, 1u << 7);
    else if (tag == 0xcd)
        v = wire_msgpack_number(r, 2, 1u << 8);
    else if (tag == 0xce)
        v = wire_msgpack_number(r, 4, 1u << 16);
    else if (tag == 0xcf)
        v = wire_msgpack_number(r, 8, 1ull << 32);
    else
        return wire_msgpack_bad(r);
    return v > max ? wire_msgpack_bad(r) : v;
}

static kd_bytes wire_msgpack_take(kd_reader *r, uint64_t len, size_t max_len)
{
    if (r->bad || len > max_len || len > kd_reader_left(r)) {
        wire_msgpack_bad(r);
        return (kd_bytes){0};
    }
    return kd_read_bytes(r, (size_t)len);
}

kd_bytes kd_msgpack_str(kd_reader *r, size_t max_len)
{
    uint8_t tag = kd_read_u8(r);
    uint64_t len = 0;
    if ((tag & 0xe0) == 0xa0)
        len = tag & 0x1f;
    else if (tag == 0xd9)
        len = wire_msgpack_number(r, 1, 32);
    else if (tag == 0xda)
        len = wire_msgpack_number(r, 2, 1u << 8);
    else if (tag == 0xdb)
        len = wire_msgpack_number(r, 4, 1u << 16);
    else
        wire_msgpack_bad(r);
    return wire_msgpack_take(r, len, max_len);
}

kd_bytes kd_msgpack_bin(kd_reader *r)
{
    uint8_t tag = kd_read_u8(r);
    uint64_t len = 0;
    if (tag == 0xc4)
        len = wire_msgpack_number(r, 1, 0);
    else if (tag == 0xc5)
        len = wire_msgpack_number(r, 2, 1u << 8);
    else if (tag == 0xc6)
        len = wire_msgpack_number(r, 4, 1u << 16);
    else
        wire_msgpack_bad(r);
    return wire_msgpack_take(r, len, SIZE_MAX);
}

static void skip_values(kd_reader *r, uint64_t values, int depth);

/* Skips the rest of a value whose first byte is 0xc0..0xdf. In each group of tags the size of the length doubles: 1, 2, 4 bytes. */
static void skip_tagged(kd_reader *r, uint8_t tag, int depth)
{
    static const uint8_t fixed[] = {
        [0xca - 0xc0] = 4, [0xcb - 0xc0] = 8, [0xcc - 0xc0] = 1, [0xcd - 0xc0] = 2, [0xce - 0xc0] = 4,
        [0xcf - 0xc0] = 8, [0xd0 - 0xc0] = 1, [0xd1 - 0xc0] = 2, [0xd2 - 0xc0] = 4, [0xd3 - 0xc0] = 8,
        [0xd4 - 0xc0] = 2, [0xd5 - 0xc0] = 3, [0xd6 - 0xc0] = 5, [0xd7 - 0xc0] = 9, [0xd8 - 0xc0] = 17,
    };
    bool bin = tag >= 0xc4 && tag <= 0xc6, ext = tag >= 0xc7 && tag <= 0xc9, str = tag >= 0xd9 && tag <= 0xdb;
    if (tag == 0xc1)
        wire_msgpack_bad(r);
    else if (bin)
        wire_msgpack_take(r, wire_msgpack_number(r, 1u << (tag - 0xc4), 0), SIZE_MAX);
    else if (ext)
        wire_msgpack_take(r, wire_msgpack_number(r, 1u << (tag - 0xc7), 0) + 1, SIZE_MAX);
    else if (str)
        wire_msgpack_take(r, wire_msgpack_number(r, 1u << (tag - 0xd9), 0), SIZE_MAX);
    else if (tag >= 0xde)
        skip_values(r, 2 * wire_msgpack_number(r, 2u << (tag - 0xde), 0), depth + 1);
    else if (tag >= 0xdc)
        skip_values(r, wire_msgpack_number(r, 2u << (tag - 0xdc), 0), depth + 1);
    else
        wire_msgpack_take(r, fixed[tag - 0xc0], SIZE_MAX);
}

static void skip_one(kd_reader *r, int depth)
{
    uint8_t tag = kd_read_u8(r);
    if (r->bad || tag < 0x80 || tag >= 0xe0) return;
    if (tag < 0x90)
        skip_values(r, 2u * (tag & 0x0fu), depth + 1);
    else if (tag < 0xa0)
        skip_values(r, tag & 0x0fu, depth + 1);
    else if (tag < 0xc0)
        wire_msgpack_take(r, tag & 0x1fu, SIZE_MAX);
    else
        skip_tagged(r, tag, depth);
}

static void skip_values(kd_reader *r, uint64_t values, int depth)
{
    if (depth > DEPTH_MAX || values > kd_reader_left(r)) wire_msgpack_bad(r);
    for (; values > 0 && !r->bad; values--) skip_one(r, depth);
}

void kd_msgpack_skip(kd_reader *r, uint32_t values)
{
    skip_values(r, values, 0);
}

/* Reads array head, schema and kind. The kind, or KD_EVERSION for a record that a newer program may have written, or KD_EMALFORMED. */
static int wire_msgpack_read_head(kd_reader *r, uint32_t *elements)
{
    *elements = kd_msgpack_array(r);
    uint64_t schema = kd_msgpack_uint(r, UINT64_MAX);
    if (r->bad || *elements < 2 || schema == 0) return KD_EMALFORMED;
    if (schema != KD_WIRE_SCHEMA) return KD_EVERSION;
    uint64_t kind = kd_msgpack_uint(r, UINT64_MAX);
    if (r->bad || kind == 0) return KD_EMALFORMED;
    return kind > KD_RECORD_MARKER ? KD_EVERSION : (int)kind;
}

int kd_record_peek(kd_bytes record)
{
    kd_reader r = kd_reader_of(record);
    uint32_t elements;
    return wire_msgpack_read_head(&r, &elements);
}

int kd_record_open(kd_reader *r, kd_bytes record, size_t max_len, int kind, uint32_t fields, uint32_t *extra)
{
    if (record.len > max_len) return KD_ETOOBIG;
    *r = kd_reader_of(record);
    uint32_t elements;
    int found = wire_msgpack_read_head(r, &elements);
    if (found < 0) return found;
    if (found != kind || elements < fields) return KD_EMALFORMED;
    *extra = elements - fields;
    return KD_OK;
}

int kd_record_close(kd_reader *r, uint32_t extra)
{
    kd_msgpack_skip(r, extra);
    return r->bad || kd_reader_left(r) != 0 ? KD_EMALFORMED : KD_OK;
}
