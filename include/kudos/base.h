/*
 * base.h - what every file may use: byte views, growable buffers, errors, assertions.
 *
 * Two kinds of trouble are kept apart. The world's errors (bad input, a failing disk, a lost peer) are values of
 * kd_err and are handled. A broken invariant of our own is a bug: KD_ASSERT aborts with a message, in release too.
 * Memory exhaustion counts as a crash (the protocol survives crashes), so allocation never returns NULL.
 */
#ifndef KUDOS_BASE_H
#define KUDOS_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* One list of errors; 0 is success, all others are negative. */
#define KD_ERRORS(X)                                                                                         \
    X(KD_EINVAL, -1, "invalid argument")                                                                     \
    X(KD_ENOTFOUND, -2, "not found")                                                                         \
    X(KD_EIO, -3, "storage error")                                                                           \
    X(KD_EMALFORMED, -4, "malformed")                                                                        \
    X(KD_ETOOBIG, -5, "limit exceeded")                                                                      \
    X(KD_EVERSION, -6, "unknown schema version")                                                             \
    X(KD_EFULL, -7, "outbox full")                                                                           \
    X(KD_EAGAIN, -8, "not now")                                                                              \
    X(KD_EREUSED, -9, "idempotency key reused for another request")                                          \
    X(KD_EINFLIGHT, -10, "request with this idempotency key is in flight")                                   \
    X(KD_ECLOCK, -11, "clock outside the drift bound")                                                       \
    X(KD_EFENCED, -12, "fenced by a higher claim")                                                           \
    X(KD_EMISMATCH, -13, "does not fit what is stored")                                                      \
    X(KD_ETIMEOUT, -14, "deadline passed")                                                                   \
    X(KD_EUNAVAILABLE, -15, "peer unavailable")                                                              \
    X(KD_EIDENTITY, -16, "identity in doubt")                                                                \
    X(KD_EOVERLOADED, -17, "overloaded")                                                                     \
    X(KD_EUNTRUSTED, -18, "the certificate of this peer cannot be verified")                                 \
    X(KD_ERETIRED, -19, "this edge was retired at central")                                                  \
    X(KD_EUNBUILT, -20, "the index is being built")                                                          \
    X(KD_ENOTLOGGED, -21, "not known to be in the log")                                                      \
    X(KD_ECLOSED, -22, "the item is closed")                                                                 \
    X(KD_EELSEWHERE, -23, "another central leads it")

typedef enum {
    KD_OK = 0,
#define X(name, value, text) name = (value),
    KD_ERRORS(X)
#undef X
} kd_err;

/* Static text for an error; never NULL. */
const char *kd_strerror(int err);

/* A view of bytes that somebody else owns. */
typedef struct {
    const uint8_t *data;
    size_t len;
} kd_bytes;

static inline kd_bytes kd_bytes_of(const void *data, size_t len)
{
    return (kd_bytes){.data = (const uint8_t *)data, .len = len};
}
static inline kd_bytes kd_bytes_str(const char *s)
{
    return kd_bytes_of(s, strlen(s));
}
static inline bool kd_bytes_eq(kd_bytes a, kd_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}
/* memcmp order, the shorter first on a tie. */
static inline int kd_bytes_cmp(kd_bytes a, kd_bytes b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.data, b.data, n) : 0;
    if (order != 0) return order;
    return a.len < b.len ? -1 : a.len > b.len;
}
/* The same of the kd_bytes that are pointed to, for qsort and bsearch. */
int kd_bytes_compare(const void *left, const void *right);
/* Length of the prefix that both share. */
size_t kd_bytes_shared(kd_bytes a, kd_bytes b);
/* The eight bytes from `at` on as a number; missing bytes count as 0. Views that share their first `at` bytes and have different ranks order by rank
 * as by kd_bytes_cmp. Sorting by rank first saves most calls of kd_bytes_cmp. */
static inline uint64_t kd_bytes_rank(kd_bytes b, size_t at)
{
    uint64_t word = 0;
    if (b.len >= at + sizeof word)
        memcpy(&word, b.data + at, sizeof word);
    else if (b.len > at)
        memcpy(&word, b.data + at, b.len - at);
    return __builtin_bswap64(word);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "big-endian numbers are made by swapping bytes");

/* A growable buffer that owns its bytes. Zero-initialise it, finish it with kd_buf_finish. Any put may move `data`: views of it are invalid then. */
typedef struct {
    uint8_t *data;
    size_t len;
    size_t cap;
} kd_buf;

/* Makes room for `more` bytes behind those that are there; `len` stays. */
void kd_buf_reserve(kd_buf *b, size_t more);
/* Inline, because encoders and JSON are made of these. */
static inline void kd_buf_put(kd_buf *b, const void *data, size_t len)
{
    if (len == 0) return;
    if (len > b->cap - b->len) kd_buf_reserve(b, len);
    memcpy(b->data + b->len, data, len);
    b->len += len;
}
static inline void kd_buf_put_u8(kd_buf *b, uint8_t v)
{
    if (b->len == b->cap) kd_buf_reserve(b, 1);
    b->data[b->len++] = v;
}
static inline void kd_buf_put_be16(kd_buf *b, uint16_t v)
{
    v = __builtin_bswap16(v);
    kd_buf_put(b, &v, sizeof v);
}
static inline void kd_buf_put_be32(kd_buf *b, uint32_t v)
{
    v = __builtin_bswap32(v);
    kd_buf_put(b, &v, sizeof v);
}
static inline void kd_buf_put_be64(kd_buf *b, uint64_t v)
{
    v = __builtin_bswap64(v);
    kd_buf_put(b, &v, sizeof v);
}
/* The part of kd_buf_put_varint for values of two bytes and more; takes all values. */
void kd_buf_put_varint_long(kd_buf *b, uint64_t v);
/* LEB128, at most 10 bytes. */
static inline void kd_buf_put_varint(kd_buf *b, uint64_t v)
{
    if (v < 0x80)
        kd_buf_put_u8(b, (uint8_t)v);
    else
        kd_buf_put_varint_long(b, v);
}
/* Frees the bytes. The buffer is empty then and can be used again. */
void kd_buf_finish(kd_buf *b);
/* Empties the buffer and keeps its memory. */
static inline void kd_buf_clear(kd_buf *b)
{
    b->len = 0;
}
static inline kd_bytes kd_buf_view(const kd_buf *b)
{
    return kd_bytes_of(b->data, b->len);
}

/* A cursor over foreign bytes. Reading past the end sets `bad`, yields 0 and stays bad: check once at the end. */
typedef struct {
    const uint8_t *p;
    const uint8_t *end;
    bool bad;
} kd_reader;

static inline kd_reader kd_reader_of(kd_bytes b)
{
    return (kd_reader){b.data, b.len ? b.data + b.len : b.data, false};
}
static inline size_t kd_reader_left(const kd_reader *r)
{
    return (size_t)(r->end - r->p);
}
/* Inline, because decoders are made of these. */
static inline kd_bytes kd_read_bytes(kd_reader *r, size_t len)
{
    if (r->bad || kd_reader_left(r) < len) {
        r->bad = true;
        return (kd_bytes){0};
    }
    kd_bytes b = kd_bytes_of(r->p, len);
    r->p += len;
    return b;
}
static inline uint8_t kd_read_u8(kd_reader *r)
{
    kd_bytes b = kd_read_bytes(r, 1);
    return b.len ? b.data[0] : 0;
}
static inline uint16_t kd_read_be16(kd_reader *r)
{
    uint16_t v = 0;
    kd_bytes b = kd_read_bytes(r, sizeof v);
    if (b.len) memcpy(&v, b.data, sizeof v);
    return __builtin_bswap16(v);
}
static inline uint32_t kd_read_be32(kd_reader *r)
{
    uint32_t v = 0;
    kd_bytes b = kd_read_bytes(r, sizeof v);
    if (b.len) memcpy(&v, b.data, sizeof v);
    return __builtin_bswap32(v);
}
static inline uint64_t kd_read_be64(kd_reader *r)
{
    uint64_t v = 0;
    kd_bytes b = kd_read_bytes(r, sizeof v);
    if (b.len) memcpy(&v, b.data, sizeof v);
    return __builtin_bswap64(v);
}
/* The part of kd_read_varint for values of two bytes and more. */
uint64_t kd_read_varint_long(kd_reader *r);
/* LEB128 below 2^64 in its shortest form; any other sets `bad`. Most are one byte. */
static inline uint64_t kd_read_varint(kd_reader *r)
{
    if (!r->bad && r->p < r->end && *r->p < 0x80) return *r->p++;
    return kd_read_varint_long(r);
}

/* Signed numbers as unsigned ones whose size follows the magnitude: 0, -1, 1, -2 become 0, 1, 2, 3. */
static inline uint64_t kd_zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
}
static inline int64_t kd_unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* Zeroed memory; aborts when there is none. `size` may be 0. Free it with free(). */
void *kd_alloc(size_t size);
/* realloc that aborts when there is no memory; new bytes are not zeroed. `p` may be NULL. */
void *kd_realloc(void *p, size_t size);
/* A copy of the bytes, without a NUL behind them. Free it with free(). */
void *kd_dup(kd_bytes b);
/* Makes room for element number `len` of a growing array whose capacity is *cap elements. Returns the array, which may have moved; new elements are
 * not zeroed. */
void *kd_grow(void *array, size_t len, uint32_t *cap, size_t element);

/* Reports a bug of our own on stderr and aborts. For KD_ASSERT. */
_Noreturn void kd_bug(const char *file, int line, const char *what);
#define KD_ASSERT(cond)                                                                                      \
    do {                                                                                                     \
        if (__builtin_expect(!(cond), 0)) kd_bug(__FILE__, __LINE__, #cond);                                 \
    } while (0)

/* Arguments are evaluated twice: give no calls with side effects. */
#define KD_MIN(a, b) ((a) < (b) ? (a) : (b))
#define KD_MAX(a, b) ((a) > (b) ? (a) : (b))
#define KD_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The struct that embeds `member` at this address. */
#define KD_CONTAINER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* The next number of a sequence that `*state`, at first a seed, determines (SplitMix64, Steele et al. 2014). For jitter and simulated chance; not for
 * secrets. */
static inline uint64_t kd_random_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

#endif
