/* cors.c - see the header. */
#include "common/api/cors.h"

#include <stdio.h>

#include "common/api/authority.h"
#include "common/conf/options.h"

static bool cors_scheme(kd_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        bool letter = c >= 'a' && c <= 'z';
        bool more = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!letter && (i == 0 || !more)) return false;
    }
    return text.len > 0;
}

/* A browser writes no port that its scheme implies, no empty one and no zeros before it. `port` is what stands behind the colon. */
static bool cors_port(kd_bytes scheme, kd_bytes port)
{
    if (port.len == 0 || port.data[0] == '0') return false;
    if (kd_bytes_eq(scheme, kd_bytes_str("http"))) return !kd_bytes_eq(port, kd_bytes_str("80"));
    if (kd_bytes_eq(scheme, kd_bytes_str("https"))) return !kd_bytes_eq(port, kd_bytes_str("443"));
    return true;
}

static bool cors_authority(kd_bytes scheme, kd_bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] >= 'A' && text.data[i] <= 'Z') return false;
    if (!kd_authority_valid(text)) return false;
    size_t port = text.len;
    while (port > 0 && text.data[port - 1] >= '0' && text.data[port - 1] <= '9') port--;
    if (port == 0 || text.data[port - 1] != ':') return true;
    return cors_port(scheme, kd_bytes_of(text.data + port, text.len - port));
}

bool kd_cors_listable(kd_bytes origin)
{
    if (kd_bytes_eq(origin, kd_bytes_str("*")) || kd_bytes_eq(origin, kd_bytes_str("null"))) return true;
    if (origin.len == 0 || origin.len > KD_ORIGIN_MAX) return false;
    const uint8_t *mark = memmem(origin.data, origin.len, "://", 3);
    if (!mark) return false;
    kd_bytes scheme = kd_bytes_of(origin.data, (size_t)(mark - origin.data));
    kd_bytes rest = kd_bytes_of(mark + 3, origin.len - scheme.len - 3);
    return cors_scheme(scheme) && cors_authority(scheme, rest);
}

bool kd_cors_open(const kd_strings *origins)
{
    return kd_strings_hold(origins, kd_bytes_str("*"));
}

int kd_cors_check(const kd_strings *origins, char *error)
{
    if (origins->count < 2 || !kd_cors_open(origins)) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "http.cors_origins: * is every origin, and stands alone");
    return KD_EINVAL;
}

const char *kd_cors_allow(const kd_strings *origins, kd_bytes origin)
{
    if (kd_cors_open(origins)) return "*";
    for (uint32_t i = 0; i < origins->count; i++)
        if (kd_bytes_eq(kd_bytes_str(origins->at[i]), origin)) return origins->at[i];
    return NULL;
}
