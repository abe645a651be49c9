/* base.c - buffers, readers, allocation and the end of the road for our own bugs. */
#include "kudos/base.h"

#include <stdio.h>
#include <stdlib.h>

const char *kd_strerror(int err)
{
    switch (err) {
    case KD_OK:
        return "ok";
#define X(name, value, text)                                                                                 \
    case name:                                                                                               \
        return text;
        KD_ERRORS(X)
#undef X
    default:
        return "unknown error";
    }
}

_Noreturn void kd_bug(const char *file, int line, const char *what)
{
    fprintf(stderr, "kudos: bug at %s:%d: %s\n", file, line, what);
    abort();
}

size_t kd_bytes_shared(kd_bytes a, kd_bytes b)
{
    size_t n = 0, most = KD_MIN(a.len, b.len);
    while (n + 8 <= most) {
        uint64_t left, right;
        memcpy(&left, a.data + n, sizeof left);
        memcpy(&right, b.data + n, sizeof right);
        if (left != right) return n + (size_t)__builtin_ctzll(left ^ right) / 8;
        n += 8;
    }
    while (n < most && a.data[n] == b.data[n]) n++;
    return n;
}

void *kd_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1); /* of 0 bytes it may return NULL, which is no failure */
    if (!p) kd_bug(__FILE__, __LINE__, "out of memory");
    return p;
}

void *kd_realloc(void *p, size_t size)
{
    p = realloc(p, size ? size : 1);
    if (!p) kd_bug(__FILE__, __LINE__, "out of memory");
    return p;
}

void *kd_dup(kd_bytes b)
{
    void *p = kd_alloc(b.len);
    if (b.len) memcpy(p, b.data, b.len);
    return p;
}

void *kd_grow(void *array, size_t len, uint32_t *cap, size_t element)
{
    if (len < *cap) return array;
    *cap = *cap ? *cap * 2 : 8;
    return kd_realloc(array, (size_t)*cap * element);
}

void kd_buf_reserve(kd_buf *b, size_t more)
{
    size_t need = b->len + more;
    if (need <= b->cap) return;
    size_t cap = b->cap ? b->cap * 2 : 64;
    while (cap < need) cap *= 2;
    b->data = kd_realloc(b->data, cap);
    b->cap = cap;
}

void kd_buf_put_varint_long(kd_buf *b, uint64_t v)
{
    uint8_t out[10];
    size_t n = 0;
    while (v >= 0x80) {
        out[n++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    out[n++] = (uint8_t)v;
    kd_buf_put(b, out, n);
}

void kd_buf_finish(kd_buf *b)
{
    free(b->data);
    *b = (kd_buf){0};
}

uint64_t kd_read_varint_long(kd_reader *r)
{
    uint64_t v = 0;
    for (int shift = 0; shift < 70; shift += 7) {
        uint8_t byte = kd_read_u8(r);
        if (r->bad) return 0;
        bool overflow = shift == 63 && byte > 1;
        bool overlong = byte == 0 && shift > 0; /* a last byte of 0 adds nothing: a shorter form exists */
        if (overflow || overlong) break;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return v;
    }
    r->bad = true;
    return 0;
}

int kd_bytes_compare(const void *left, const void *right)
{
    return kd_bytes_cmp(*(const kd_bytes *)left, *(const kd_bytes *)right);
}
