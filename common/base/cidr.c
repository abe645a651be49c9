/* cidr.c - see the header. Addresses are read strictly (RFC 4291 text forms, decimal IPv4 without
 * leading zeros). */
#include "common/base/cidr.h"

#include <stdlib.h>

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static int parse_decimal(kd_bytes text, uint32_t max, uint32_t *out)
{
    uint32_t n = 0;
    if (text.len == 0 || text.len > 3 || (text.len > 1 && text.data[0] == '0')) return KD_EINVAL;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return KD_EINVAL;
        n = n * 10 + (uint32_t)(text.data[i] - '0');
    }
    *out = n;
    return n <= max ? KD_OK : KD_EINVAL;
}

/* Cuts what stands before the next `mark`; false when the text is used up. */
static bool cidr_cut(kd_bytes *text, char mark, kd_bytes *part)
{
    if (text->data == NULL) return false;
    const uint8_t *at = text->len > 0 ? memchr(text->data, mark, text->len) : NULL;
    size_t len = at != NULL ? (size_t)(at - text->data) : text->len;
    *part = kd_bytes_of(text->data, len);
    *text = at != NULL ? kd_bytes_of(at + 1, text->len - len - 1) : kd_bytes_of(NULL, 0);
    return true;
}

static int parse_v4(kd_bytes text, uint8_t out[4])
{
    kd_bytes part;
    uint32_t n = 0, value;
    for (; cidr_cut(&text, '.', &part); n++) {
        if (n == 4 || parse_decimal(part, 255, &value) != KD_OK) return KD_EINVAL;
        out[n] = (uint8_t)value;
    }
    return n == 4 ? KD_OK : KD_EINVAL;
}

static int parse_group(kd_bytes text, uint8_t out[2])
{
    uint32_t v = 0;
    if (text.len == 0 || text.len > 4) return KD_EINVAL;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i], low = c | 0x20;
        if (c >= '0' && c <= '9')
            v = v << 4 | (uint32_t)(c - '0');
        else if (low >= 'a' && low <= 'f')
            v = v << 4 | (uint32_t)(low - 'a' + 10);
        else
            return KD_EINVAL;
    }
    out[0] = (uint8_t)(v >> 8);
    out[1] = (uint8_t)v;
    return KD_OK;
}

/* Groups on one side of "::", the last one perhaps an IPv4 address; *len bytes of at most 16. */
static int parse_groups(kd_bytes text, uint8_t out[16], size_t *len)
{
    kd_bytes part;
    size_t n = 0;
    *len = 0;
    if (text.len == 0) return KD_OK;
    while (cidr_cut(&text, ':', &part)) {
        bool v4 = text.data == NULL && memchr(part.data, '.', part.len) != NULL;
        if (n + (v4 ? 4 : 2) > 16) return KD_EINVAL;
        if ((v4 ? parse_v4(part, out + n) : parse_group(part, out + n)) != KD_OK) return KD_EINVAL;
        n += v4 ? 4 : 2;
    }
    *len = n;
    return KD_OK;
}

static int parse_v6(kd_bytes text, uint8_t out[16])
{
    uint8_t tail[16];
    size_t head_len, tail_len;
    const uint8_t *gap = memmem(text.data, text.len, "::", 2);
    memset(out, 0, 16);
    if (gap == NULL) return parse_groups(text, out, &head_len) == KD_OK && head_len == 16 ? KD_OK : KD_EINVAL;
    size_t before = (size_t)(gap - text.data);
    if (parse_groups(kd_bytes_of(text.data, before), out, &head_len) != KD_OK) return KD_EINVAL;
    if (parse_groups(kd_bytes_of(gap + 2, text.len - before - 2), tail, &tail_len) != KD_OK) return KD_EINVAL;
    if (head_len + tail_len > 14) return KD_EINVAL;
    memcpy(out + 16 - tail_len, tail, tail_len);
    return KD_OK;
}

int kd_cidr_parse(kd_bytes text, kd_cidr *out)
{
    kd_bytes address;
    kd_cidr c = {.bits = 0};
    if (text.len == 0 || !cidr_cut(&text, '/', &address) || address.len == 0) return KD_EINVAL;
    bool v4 = memchr(address.data, ':', address.len) == NULL;
    uint32_t bits = v4 ? 32 : 128;
    memcpy(c.at, v4_prefix, sizeof(v4_prefix));
    if ((v4 ? parse_v4(address, c.at + 12) : parse_v6(address, c.at)) != KD_OK) return KD_EINVAL;
    if (text.data != NULL && parse_decimal(text, bits, &bits) != KD_OK) return KD_EINVAL;
    c.bits = (uint8_t)(v4 ? 96 + bits : bits);
    *out = c;
    return KD_OK;
}

bool kd_cidr_valid(kd_bytes text)
{
    kd_cidr c;
    return kd_cidr_parse(text, &c) == KD_OK;
}

bool kd_cidr_widen(kd_bytes address, uint8_t at[16])
{
    if (address.len != 4 && address.len != 16) return false;
    memcpy(at, v4_prefix, sizeof(v4_prefix));
    memcpy(at + 16 - address.len, address.data, address.len);
    return true;
}

bool kd_cidr_match(const kd_cidr *c, kd_bytes address)
{
    uint8_t at[16];
    if (!kd_cidr_widen(address, at)) return false;
    uint64_t high = kd_bytes_rank(kd_bytes_of(at, 16), 0) ^ kd_bytes_rank(kd_bytes_of(c->at, 16), 0);
    uint64_t low = kd_bytes_rank(kd_bytes_of(at, 16), 8) ^ kd_bytes_rank(kd_bytes_of(c->at, 16), 8);
    if (c->bits <= 64) return c->bits == 0 || high >> (64 - c->bits) == 0;
    return high == 0 && low >> (128 - c->bits) == 0;
}

static const kd_cidr cidr_loopbacks[] = {{.at = {[10] = 0xff, [11] = 0xff, [12] = 127}, .bits = 104},
                                         {.at = {[15] = 1}, .bits = 128}};

/* Whether a block of so many bits that begins with the address is within a loopback one. */
static bool cidr_in_loopback(kd_bytes address, uint8_t bits)
{
    for (size_t i = 0; i < KD_COUNT(cidr_loopbacks); i++)
        if (bits >= cidr_loopbacks[i].bits && kd_cidr_match(&cidr_loopbacks[i], address)) return true;
    return false;
}

bool kd_cidr_loopback(kd_bytes address)
{
    return cidr_in_loopback(address, 128);
}

bool kd_cidrs_loopback(const kd_cidrs *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (!cidr_in_loopback(kd_bytes_of(list->at[i].at, 16), list->at[i].bits)) return false;
    return true;
}

void kd_cidrs_init(kd_cidrs *list, const kd_strings *texts)
{
    list->count = texts->count;
    list->at = kd_alloc(sizeof(kd_cidr) * KD_MAX(1, texts->count));
    for (uint32_t i = 0; i < texts->count; i++)
        KD_ASSERT(kd_cidr_parse(kd_bytes_str(texts->at[i]), &list->at[i]) == KD_OK);
}

void kd_cidrs_finish(kd_cidrs *list)
{
    free(list->at);
    *list = (kd_cidrs){.at = NULL, .count = 0};
}

bool kd_cidrs_match(const kd_cidrs *list, kd_bytes address)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (kd_cidr_match(&list->at[i], address)) return true;
    return false;
}
