/* percent.c - percent-decoding and query strings. */
#include "kudos/percent.h"

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int kd_percent_decode(kd_bytes in, uint8_t *out, size_t cap, size_t *len)
{
    size_t n = 0;
    for (size_t i = 0; i < in.len; i++, n++) {
        uint8_t c = in.data[i];
        if (c == '%') {
            int high = i + 2 < in.len ? hex(in.data[i + 1]) : -1;
            int low = i + 2 < in.len ? hex(in.data[i + 2]) : -1;
            if (high < 0 || low < 0) return KD_EMALFORMED;
            c = (uint8_t)(high * 16 + low);
            i += 2;
        }
        if (n == cap) return KD_ETOOBIG;
        out[n] = c;
    }
    *len = n;
    return KD_OK;
}

static kd_bytes percent_cut(kd_bytes *rest, char separator)
{
    const uint8_t *at = rest->len > 0 ? memchr(rest->data, separator, rest->len) : NULL;
    size_t n = at != NULL ? (size_t)(at - rest->data) : rest->len;
    kd_bytes piece = kd_bytes_of(rest->data, n);
    size_t skip = at != NULL ? n + 1 : n;
    *rest = kd_bytes_of(rest->len > 0 ? rest->data + skip : NULL, rest->len - skip);
    return piece;
}

bool kd_query_find(kd_bytes query, const char *name, kd_bytes *value)
{
    kd_bytes wanted = kd_bytes_str(name);
    while (query.len > 0) {
        kd_bytes pair = percent_cut(&query, '&');
        kd_bytes key = percent_cut(&pair, '=');
        if (!kd_bytes_eq(key, wanted)) continue;
        *value = pair;
        return true;
    }
    return false;
}
