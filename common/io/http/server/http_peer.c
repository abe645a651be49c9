/* http_peer.c - see the header. */
#include "common/io/http/server/http_peer.h"

#include "common/base/forwarded.h"
#include "common/io/http/server/http_address.h"
#include "common/io/http/server/http_request.h"

static kd_bytes peer_bytes(const struct sockaddr_storage *peer)
{
    return http_address_bytes((const struct sockaddr *)peer);
}

bool http_peer_in(const kd_cidrs *blocks, const struct sockaddr_storage *peer)
{
    return kd_cidrs_match(blocks, peer_bytes(peer));
}

void http_peer_set(http_conn *conn, const struct sockaddr_storage *peer, socklen_t len)
{
    const kd_http_config *config = &conn->server->config;
    conn->peer = *peer;
    conn->peer_len = len;
    conn->believed =
        config->forwarded != KD_HTTP_FORWARDED_NONE && config->trusted && http_peer_in(config->trusted, peer);
}

typedef enum { SAYS_NOTHING, SAYS_CLIENT, SAYS_HIDDEN, SAYS_RUBBISH } saying;

/* Walks the lines of a field, the last one first. `at` begins as the peer's address. */
static saying client_by(const http_request *req, const char *name, kd_forwarded_form form, uint8_t at[16])
{
    saying said = SAYS_NOTHING;
    for (uint32_t i = req->header_count; i-- > 0;) {
        const http_header *h = &req->headers[i];
        if (!kd_bytes_eq(h->name, kd_bytes_str(name))) continue;
        kd_forwarded_result result = kd_forwarded_walk(form, h->value, req->conn->server->config.trusted, at);
        if (result == KD_FORWARDED_BAD) return SAYS_RUBBISH;
        if (result == KD_FORWARDED_FOUND) return SAYS_CLIENT;
        if (result == KD_FORWARDED_HIDDEN) return SAYS_HIDDEN;
        if (result == KD_FORWARDED_MORE) said = SAYS_CLIENT;
        if (said == SAYS_NOTHING) said = SAYS_HIDDEN; /* the header is there, and names nobody */
    }
    return said;
}

static bool says_who(saying said)
{
    return said == SAYS_CLIENT || said == SAYS_HIDDEN;
}

void http_peer_read_client(http_request *req)
{
    kd_http_forwarded use = req->conn->server->config.forwarded;
    uint8_t one[16], other[16];
    saying a = SAYS_NOTHING, b = SAYS_NOTHING;
    if (!req->conn->believed) return;
    if (!http_request_has(req, "forwarded") && !http_request_has(req, "x-forwarded-for")) return;
    if (!kd_cidr_widen(peer_bytes(&req->conn->peer), one)) return;
    memcpy(other, one, 16);
    if (use == KD_HTTP_FORWARDED_ANY || use == KD_HTTP_FORWARDED_RFC7239)
        a = client_by(req, "forwarded", KD_FORWARDED, one);
    if (use == KD_HTTP_FORWARDED_ANY || use == KD_HTTP_FORWARDED_X)
        b = client_by(req, "x-forwarded-for", KD_X_FORWARDED_FOR, other);
    bool two = says_who(a) && says_who(b) && memcmp(one, other, 16) != 0;
    if (a == SAYS_RUBBISH) http_request_refuse_field(req, "Forwarded", "a list as RFC 7239 has it is wanted");
    if (b == SAYS_RUBBISH) http_request_refuse_field(req, "X-Forwarded-For", "a list of addresses is wanted");
    if (two) http_request_refuse_field(req, "X-Forwarded-For", "Forwarded names another client");
    if (!says_who(a) && !says_who(b)) return;
    req->pub.client_named = true;
    req->pub.client_hidden = a == SAYS_HIDDEN || b == SAYS_HIDDEN;
    memcpy(req->pub.client_at, says_who(a) ? one : other, sizeof req->pub.client_at);
    req->pub.client = http_address_key_of(kd_bytes_of(req->pub.client_at, sizeof req->pub.client_at));
}
