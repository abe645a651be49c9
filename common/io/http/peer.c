/* peer.c - see the header. */
#include "common/io/http/peer.h"

#include <netinet/in.h>

#include "common/api/host.h"
#include "kudos/percent.h"

kd_bytes kd_peer_address(const struct sockaddr *peer)
{
    if (peer && peer->sa_family == AF_INET)
        return kd_bytes_of(&((const struct sockaddr_in *)(const void *)peer)->sin_addr, 4);
    if (peer && peer->sa_family == AF_INET6)
        return kd_bytes_of(&((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, 16);
    return kd_bytes_of(NULL, 0);
}

bool kd_peer_trusted(const kd_cidrs *trusted, const struct sockaddr *peer)
{
    return kd_cidrs_match(trusted, kd_peer_address(peer));
}

static bool peer_refuse(kd_refusal *why, kd_problem problem, const char *field, const char *detail)
{
    *why = (kd_refusal){.problem = problem, .detail = detail, .field = field};
    return false;
}

static bool peer_loopback(const struct sockaddr *peer)
{
    static const uint8_t v6[16] = {[15] = 1}, mapped[13] = {[10] = 0xff, [11] = 0xff, [12] = 127};
    kd_bytes at = kd_peer_address(peer);
    if (at.len == 4) return at.data[0] == 127;
    return at.len == 16 && (memcmp(at.data, v6, 16) == 0 || memcmp(at.data, mapped, 13) == 0);
}

kd_peer_standing kd_peer_stands(const kd_peer_trust *trust, const kd_http_request *req)
{
    kd_bytes host;
    if (req->peer_name && kd_strings_hold(trust->names, kd_bytes_str(req->peer_name))) return KD_PEER_TRUSTED;
    if (!kd_peer_trusted(trust->peers, req->peer)) return KD_PEER_STRANGER;
    if (!peer_loopback(req->peer)) return KD_PEER_TRUSTED;
    kd_http_request_header(req, "host", &host);
    return kd_host_local(host, trust->hosts) ? KD_PEER_TRUSTED : KD_PEER_ELSEWHERE;
}

bool kd_peer_elsewhere(kd_refusal *why)
{
    return peer_refuse(
        why, KD_PROBLEM_FORBIDDEN, "Host",
        "Host names another machine than this loopback address: a name that gateways here pass "
        "on stands in http.host_names");
}

static bool peer_unknown(kd_refusal *why)
{
    return peer_refuse(why, KD_PROBLEM_UNAUTHORIZED, NULL,
                       "no gateway that is trusted here says who is asking");
}

bool kd_peer_user(const kd_peer_trust *trust, kd_http_request *req, kd_bytes *user, kd_refusal *why)
{
    kd_bytes raw;
    if (!kd_http_request_header(req, "x-user-id", &raw)) return peer_unknown(why);
    kd_peer_standing standing = kd_peer_stands(trust, req);
    if (standing == KD_PEER_STRANGER) return peer_unknown(why);
    return standing == KD_PEER_ELSEWHERE ? kd_peer_elsewhere(why) : kd_peer_named(req, user, why);
}

bool kd_peer_named(kd_http_request *req, kd_bytes *user, kd_refusal *why)
{
    kd_bytes raw;
    if (!kd_http_request_header(req, "x-user-id", &raw)) return peer_unknown(why);
    *user = raw;
    if (raw.len && memchr(raw.data, '%', raw.len)) {
        uint8_t *decoded = kd_http_request_alloc(req, KD_ID_MAX);
        size_t len = 0; /* stays 0 when it cannot be decoded: an empty id is not valid */
        kd_percent_decode(raw, decoded, KD_ID_MAX, &len);
        *user = kd_bytes_of(decoded, len);
    }
    if (kd_id_valid(*user)) return true;
    return peer_refuse(why, KD_PROBLEM_INVALID_ID, "X-User-Id",
                       "a user id is 1 to 128 bytes of [A-Za-z0-9._~:@=+-]");
}
