/* host.c - see the header. */
#include "common/api/host.h"

#include "common/base/cidr.h"

enum { NAME_MAX_BYTES = 253 };

static bool host_digits(kd_bytes b)
{
    for (size_t i = 0; i < b.len; i++)
        if (b.data[i] < '0' || b.data[i] > '9') return false;
    return b.len <= 5;
}

/* Whether `rest`, what stands behind a host, is nothing or a port. */
static bool host_port(kd_bytes rest)
{
    return rest.len == 0 || (rest.data[0] == ':' && host_digits(kd_bytes_of(rest.data + 1, rest.len - 1)));
}

kd_bytes kd_host_of(kd_bytes value)
{
    static const kd_bytes none = {0};
    bool bracketed = value.len > 0 && value.data[0] == '[';
    const uint8_t *end = value.len > 0 ? memchr(value.data, bracketed ? ']' : ':', value.len) : NULL;
    if (bracketed && !end) return none;
    size_t len = end ? (size_t)(end - value.data) : value.len;
    if (!host_port(kd_bytes_of(value.data + len + bracketed, value.len - len - bracketed))) return none;
    return kd_bytes_of(value.data + bracketed, len - bracketed);
}

static uint8_t host_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool host_same(kd_bytes a, kd_bytes b)
{
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++)
        if (host_lower(a.data[i]) != host_lower(b.data[i])) return false;
    return true;
}

static bool host_loopback(kd_bytes host)
{
    static const kd_cidr v4 = {.at = {[10] = 0xff, [11] = 0xff, [12] = 127}, .bits = 104};
    static const kd_cidr v6 = {.at = {[15] = 1}, .bits = 128};
    kd_cidr one;
    if (host_same(host, kd_bytes_str("localhost"))) return true;
    if (memchr(host.data, '/', host.len) || kd_cidr_parse(host, &one) != KD_OK) return false;
    return kd_cidr_match(&v4, kd_bytes_of(one.at, 16)) || kd_cidr_match(&v6, kd_bytes_of(one.at, 16));
}

bool kd_host_local(kd_bytes value, const kd_strings *names)
{
    if (value.len == 0) return true;
    kd_bytes host = kd_host_of(value);
    if (host.len > 0 && host.data[host.len - 1] == '.')
        host.len--; /* the root that a full name may end with */
    if (host.len == 0) return false;
    if (host_loopback(host)) return true;
    for (uint32_t i = 0; i < names->count; i++)
        if (host_same(host, kd_bytes_str(names->at[i]))) return true;
    return false;
}

bool kd_host_valid(kd_bytes name)
{
    if (name.len < 1 || name.len > NAME_MAX_BYTES) return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = host_lower(name.data[i]);
        bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
        if (!good) return false;
    }
    return true;
}
