/* trace.c - see the header. Hex digits are lower case alone: a reader that took "4B" for "4b" would join what others hold for two traces. */
#include "common/base/trace.h"

enum { FLAGS_KNOWN = 3 };

static int trace_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* So many bytes from twice as many digits. */
static bool trace_hex(const uint8_t *text, uint8_t *out, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        int high = trace_digit(text[2 * i]), low = trace_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool trace_empty(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != 0) return false;
    return true;
}

static bool trace_fields(const uint8_t *text, kd_trace *t)
{
    if (text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
    return trace_hex(text + 3, t->id, sizeof t->id) && trace_hex(text + 36, t->parent, sizeof t->parent) &&
           trace_hex(text + 53, &t->flags, 1) && !trace_empty(t->id, sizeof t->id) &&
           !trace_empty(t->parent, sizeof t->parent);
}

bool kd_trace_parse(kd_bytes value, kd_trace *t)
{
    uint8_t version;
    kd_trace read = {.known = true};
    *t = (kd_trace){.known = false};
    if (value.len < KD_TRACE_TEXT || !trace_hex(value.data, &version, 1) || version == 0xff) return false;
    /* A later version may have more fields behind those of version 00. */
    if (value.len > KD_TRACE_TEXT && (version == 0 || value.data[KD_TRACE_TEXT] != '-')) return false;
    if (!trace_fields(value.data, &read)) return false;
    read.flags &= FLAGS_KNOWN;
    *t = read;
    return true;
}

kd_trace kd_trace_child(const kd_trace *t, uint64_t random)
{
    kd_trace child = *t;
    if (random == 0) random = 1; /* a parent id of zeros is not valid */
    memcpy(child.parent, &random, sizeof child.parent);
    return child;
}

void kd_trace_text(const kd_trace *t, char out[KD_TRACE_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[26] = {0};
    KD_ASSERT(t->known);
    memcpy(bytes + 1, t->id, sizeof t->id);
    memcpy(bytes + 17, t->parent, sizeof t->parent);
    bytes[25] = t->flags;
    for (size_t i = 0, at = 0; i < sizeof bytes; i++) {
        if (i == 1 || i == 17 || i == 25) out[at++] = '-';
        out[at++] = digits[bytes[i] >> 4];
        out[at++] = digits[bytes[i] & 15];
    }
}
