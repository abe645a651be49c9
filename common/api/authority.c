/* authority.c - see the header. */
#include "common/api/authority.h"

#include <strings.h>

#include "common/base/cidr.h"
#include "common/base/text.h"

enum { NAME_MAX_BYTES = 253 };

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
    uint64_t port;
    return text.len == 0 || (kd_text_number(text, &port) && port <= UINT16_MAX);
}

static bool is_v6(kd_bytes text)
{
    if (text.len < 2 || memchr(text.data, '/', text.len)) return false;
    return memchr(text.data, ':', text.len) && kd_cidr_valid(text);
}

/* A host cannot be empty, so an empty view is none. */
kd_bytes kd_authority_host(kd_bytes text)
{
    static const kd_bytes none = {0};
    if (text.len == 0) return none;
    bool bracketed = text.data[0] == '[';
    const uint8_t *end = memchr(text.data, bracketed ? ']' : ':', text.len);
    if (bracketed && !end) return none;
    size_t len = end ? (size_t)(end - text.data) : text.len;
    kd_bytes host = kd_bytes_of(text.data + bracketed, len - bracketed);
    kd_bytes rest = kd_bytes_of(text.data + len + bracketed, text.len - len - bracketed);
    if (bracketed ? !is_v6(host) : !is_name(host)) return none;
    if (rest.len == 0) return host;
    bool port = rest.data[0] == ':' && is_port(kd_bytes_of(rest.data + 1, rest.len - 1));
    return port ? host : none;
}

bool kd_authority_valid(kd_bytes text)
{
    return kd_authority_host(text).len > 0;
}

bool kd_authority_same(kd_bytes a, kd_bytes b)
{
    return a.len == b.len &&
           (a.len == 0 || strncasecmp((const char *)a.data, (const char *)b.data, a.len) == 0);
}

static bool authority_loopback(kd_bytes host)
{
    kd_cidr one;
    if (kd_authority_same(host, kd_bytes_str("localhost"))) return true;
    return kd_cidr_parse(host, &one) == KD_OK && kd_cidr_loopback(kd_bytes_of(one.at, 16));
}

bool kd_authority_local(kd_bytes text, const kd_strings *names)
{
    kd_bytes host = kd_authority_host(text);
    if (host.len > 0 && host.data[host.len - 1] == '.')
        host.len--; /* the root that a full name may end with */
    if (host.len == 0) return false;
    if (authority_loopback(host)) return true;
    for (uint32_t i = 0; i < names->count; i++)
        if (kd_authority_same(host, kd_bytes_str(names->at[i]))) return true;
    return false;
}

bool kd_authority_name_valid(kd_bytes name)
{
    return name.len <= NAME_MAX_BYTES && is_name(name);
}
