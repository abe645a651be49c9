/* authority.c - see the header. */
#include "common/api/authority.h"

#include <strings.h>

#include "common/base/cidr.h"

enum { PORT_MAX = 65535 };

/* What stands in names of machines. RFC 3986 lets a name have %41 and $&'()*+,;=!~ besides, which no name has and not every reader takes. */
static bool is_name(kd_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        bool letter = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!letter && c != '.' && c != '-' && c != '_') return false;
    }
    return text.len > 0;
}

static bool is_port(kd_bytes text)
{
    uint32_t port = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        port = port * 10 + (uint32_t)(text.data[i] - '0');
        if (port > PORT_MAX) return false;
    }
    return true;
}

/* "[address]": *len bytes of the text, the brackets included. */
static bool is_bracketed(kd_bytes text, size_t *len)
{
    const uint8_t *end = memchr(text.data, ']', text.len);
    if (!end) return false;
    *len = (size_t)(end - text.data) + 1;
    kd_bytes inside = kd_bytes_of(text.data + 1, *len - 2);
    if (inside.len < 2 || memchr(inside.data, '/', inside.len)) return false;
    return memchr(inside.data, ':', inside.len) && kd_cidr_valid(inside);
}

bool kd_authority_valid(kd_bytes text)
{
    size_t host;
    if (text.len == 0) return false;
    if (text.data[0] == '[') {
        if (!is_bracketed(text, &host)) return false;
    } else {
        const uint8_t *colon = memchr(text.data, ':', text.len);
        host = colon ? (size_t)(colon - text.data) : text.len;
        if (!is_name(kd_bytes_of(text.data, host))) return false;
    }
    if (host == text.len) return true;
    return text.data[host] == ':' && is_port(kd_bytes_of(text.data + host + 1, text.len - host - 1));
}

bool kd_authority_same(kd_bytes a, kd_bytes b)
{
    return a.len == b.len &&
           (a.len == 0 || strncasecmp((const char *)a.data, (const char *)b.data, a.len) == 0);
}
