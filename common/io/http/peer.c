/* peer.c - see the header. */
#include "common/io/http/peer.h"

#include <netinet/in.h>

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

bool kd_peer_user(const kd_cidrs *trusted, kd_http_request *req, kd_bytes *user, kd_refusal *why)
{
    kd_bytes raw;
    if (!kd_peer_trusted(trusted, req->peer) || !kd_http_request_header(req, "x-user-id", &raw))
        return peer_refuse(why, KD_PROBLEM_UNAUTHORIZED, NULL,
                           "no gateway that is trusted here says who is asking");
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
