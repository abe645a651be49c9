/*
 * auth.c - what the headers of a request say: who asks, what they have seen, and whether they repeat
 * themselves.
 *
 * The user is the X-User-Id of a peer that the configuration trusts. From anyone else the header does not
 * exist: the answer to what needs a user is then 401, whatever it says.
 */
#include <netinet/in.h>

#include "edge/io/routes.h"

static bool refuse(kd_refusal *why, kd_problem problem, const char *field, const char *detail)
{
    *why = (kd_refusal){.problem = problem, .detail = detail, .field = field};
    return false;
}

static bool peer_trusted(const kd_shard *s, const kd_http_request *req)
{
    kd_bytes address = {0};
    if (req->peer->sa_family == AF_INET)
        address = kd_bytes_of(&((const struct sockaddr_in *)(const void *)req->peer)->sin_addr, 4);
    else if (req->peer->sa_family == AF_INET6)
        address = kd_bytes_of(&((const struct sockaddr_in6 *)(const void *)req->peer)->sin6_addr, 16);
    return kd_cidrs_match(&s->app->trusted, address);
}

bool kd_auth_user(kd_shard *s, kd_http_request *req, kd_bytes *user, kd_refusal *why)
{
    kd_bytes raw;
    if (!peer_trusted(s, req) || !kd_http_request_header(req, "x-user-id", &raw))
        return refuse(why, KD_PROBLEM_UNAUTHORIZED, NULL,
                      "no gateway that is trusted here says who is asking");
    *user = raw;
    if (raw.len && memchr(raw.data, '%', raw.len)) {
        uint8_t *decoded = kd_http_request_alloc(req, KD_ID_MAX);
        size_t len = 0; /* of what cannot be decoded: no valid id */
        kd_percent_decode(raw, decoded, KD_ID_MAX, &len);
        *user = kd_bytes_of(decoded, len);
    }
    if (kd_id_valid(*user)) return true;
    return refuse(why, KD_PROBLEM_INVALID_ID, "X-User-Id",
                  "a user id is 1 to 128 bytes of [A-Za-z0-9._~:@=+-]");
}

bool kd_auth_session(kd_shard *s, kd_http_request *req, kd_bytes user, uint64_t *token_us, kd_refusal *why)
{
    kd_bytes token;
    *token_us = 0;
    if (!kd_http_request_header(req, "kudos-session", &token)) return true;
    if (kd_session_decode(&s->app->session_key, token, user, token_us) == KD_OK) return true;
    return refuse(why, KD_PROBLEM_INVALID_REQUEST, "Kudos-Session",
                  "not a session token of this service and user");
}

bool kd_auth_key(kd_http_request *req, kd_bytes *key, kd_refusal *why)
{
    *key = kd_bytes_of(NULL, 0);
    if (!kd_http_request_header(req, "idempotency-key", key) &&
        !kd_http_request_header(req, "x-idempotency-key", key))
        return true;
    if (key->len >= 2 && key->data[0] == '"' && key->data[key->len - 1] == '"')
        *key = kd_bytes_of(key->data + 1, key->len - 2);
    bool good = key->len >= 1 && key->len <= KD_IDEMPOTENCY_KEY_MAX;
    for (size_t i = 0; good && i < key->len; i++)
        good = key->data[i] > 0x20 && key->data[i] < 0x7f && key->data[i] != '"';
    return good || refuse(why, KD_PROBLEM_INVALID_REQUEST, "Idempotency-Key",
                          "1 to 128 visible ASCII characters are wanted");
}
