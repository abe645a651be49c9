/* http_client_url.c - see the header. Only scheme, host and port are taken: a path, a query or a user is refused. */
#include "common/io/http/client/http_client_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static bool port_valid(const char *s, size_t len)
{
    if (len == 0 || len > 5 || strspn(s, "0123456789") < len) return false;
    long port = strtol(s, NULL, 10);
    return port >= 1 && port <= 65535;
}

/* Splits "host", "host:port", "[v6]" or "[v6]:port" into views of s: *host has *host_len bytes, *port goes on to the end of s, or is NULL without a
 * port. */
static bool client_url_split(const char *s, size_t len, const char **host, size_t *host_len,
                             const char **port)
{
    const char *end = s + len;
    const char *after;
    if (len > 0 && s[0] == '[') {
        const char *close = memchr(s, ']', len);
        if (!close) return false;
        *host = s + 1;
        *host_len = (size_t)(close - s - 1);
        after = close + 1;
    } else {
        const char *colon = memchr(s, ':', len);
        *host = s;
        *host_len = colon ? (size_t)(colon - s) : len;
        after = s + *host_len;
    }
    *port = after < end ? after + 1 : NULL;
    return *host_len > 0 && (after == end || *after == ':');
}

int kd_client_url_parse(kd_client_url *url, const char *text)
{
    memset(url, 0, sizeof *url);
    url->tls = strncmp(text, "https://", 8) == 0;
    if (!url->tls && strncmp(text, "http://", 7) != 0) return KD_EINVAL;
    text += url->tls ? 8 : 7;
    size_t len = strlen(text);
    if (len > 0 && text[len - 1] == '/') len--;
    for (size_t i = 0; i < len; i++) {
        if (text[i] <= ' ' || text[i] == 0x7f || strchr("/?#@\"\\", text[i])) return KD_EINVAL;
    }
    const char *host, *port;
    size_t host_len;
    if (!client_url_split(text, len, &host, &host_len, &port) || host_len >= sizeof url->host)
        return KD_EINVAL;
    if (port && !port_valid(port, (size_t)(text + len - port))) return KD_EINVAL;
    memcpy(url->host, host, host_len);
    if (port) {
        memcpy(url->port, port, (size_t)(text + len - port));
    } else {
        snprintf(url->port, sizeof url->port, "%s", url->tls ? "443" : "80");
    }
    if (len >= sizeof url->authority) return KD_EINVAL;
    memcpy(url->authority, text, len);
    return KD_OK;
}

int kd_http_client_check_url(const char *url)
{
    kd_client_url parsed;
    return kd_client_url_parse(&parsed, url);
}

bool kd_http_client_same_url(const char *a, kd_bytes b)
{
    kd_client_url one, other;
    char text[sizeof other.authority + sizeof "https://"];
    if (b.len >= sizeof text || (b.len > 0 && memchr(b.data, '\0', b.len))) return false;
    if (b.len > 0) memcpy(text, b.data, b.len);
    text[b.len] = '\0';
    return kd_client_url_parse(&one, a) == KD_OK && kd_client_url_parse(&other, text) == KD_OK &&
           one.tls == other.tls && strcasecmp(one.host, other.host) == 0 &&
           atoi(one.port) == atoi(other.port);
}
