/* auth.c - see the header. */
#include "edge/io/http/auth.h"

#include "common/io/http/peer.h"

static bool auth_refuse(kd_refusal *why, kd_problem problem, const char *field, const char *detail)
{
    *why = (kd_refusal){.problem = problem, .detail = detail, .field = field};
    return false;
}

static kd_bearer_gates auth_gates(kd_shard *s)
{
    return (kd_bearer_gates){s->jwt, &s->visitors};
}

kd_bearer_end kd_auth_token(kd_shard *s, kd_http_request *req, kd_bearer *who, kd_refusal *why)
{
    const kd_bearer_gates gates = auth_gates(s);
    return kd_bearer_ask(&gates, req, who, why);
}

bool kd_auth_caller(kd_shard *s, kd_http_request *req, kd_bearer *who, kd_refusal *why)
{
    const kd_settings *set = &s->app->settings;
    const kd_peer_trust trust = {&s->app->trusted, &set->host_names, &set->trusted_names};
    const kd_bearer_gates gates = auth_gates(s);
    kd_bearer_end end = kd_auth_token(s, req, who, why);
    if (end != KD_BEARER_NONE) return end == KD_BEARER_GOOD;
    *who = (kd_bearer){.token = false};
    if (kd_peer_user(&trust, req, &who->user, why)) return true;
    if (kd_bearer_taken(&gates) && why->problem == KD_PROBLEM_UNAUTHORIZED) req->challenge = "Bearer";
    return false;
}

bool kd_auth_likers(kd_shard *s, kd_http_request *req, kd_bearer *who, kd_refusal *why)
{
    if (!kd_auth_caller(s, req, who, why)) return false;
    if (who->visitor)
        return auth_refuse(why, KD_PROBLEM_FORBIDDEN, "Authorization", "no token of a visitor opens this");
    return !who->token || (who->rights & KD_SCOPE_LIKERS) || kd_bearer_lacks(req, KD_AUTH_LIKERS, why);
}

#define TAKES_NO_VISITORS "this counter takes no visitors: it wants a user who is known"

const char *kd_auth_forbids(kd_shard *s, const kd_bearer *who, kd_bytes item, uint32_t counter)
{
    const char *name = s->served.known.at[counter].name;
    if (!who->visitor) return kd_bearer_writes(who, kd_key_collection(item), name) ? NULL : KD_BEARER_LACKS;
    if (kd_strings_hold(&s->limits->visitor_counters, kd_bytes_str(name))) return NULL;
    kd_metric_add(&s->base.metrics.visitors_forbidden, 1);
    return TAKES_NO_VISITORS;
}

bool kd_auth_refuse_write(kd_shard *s, kd_http_request *req, const kd_bearer *who, kd_bytes item,
                          uint32_t counter, kd_refusal *why)
{
    if (who->visitor) return auth_refuse(why, KD_PROBLEM_FORBIDDEN, "Authorization", TAKES_NO_VISITORS);
    return kd_bearer_lacks_write(req, kd_key_collection(item), s->served.known.at[counter].name, why);
}

bool kd_auth_write(kd_shard *s, kd_http_request *req, const kd_bearer *who, kd_bytes item, uint32_t counter,
                   kd_refusal *why)
{
    return !kd_auth_forbids(s, who, item, counter) || kd_auth_refuse_write(s, req, who, item, counter, why);
}

bool kd_auth_session(kd_shard *s, kd_http_request *req, kd_bytes user, kd_seen *seen, kd_refusal *why)
{
    kd_bytes token;
    *seen = (kd_seen){.rest_us = 0};
    if (!kd_http_request_header(req, "kudos-session", &token)) return true;
    if (kd_session_decode(&s->app->session_key, token, user, seen) == KD_OK) return true;
    return auth_refuse(why, KD_PROBLEM_INVALID_REQUEST, "Kudos-Session",
                       "not a token of this user and this edge's http.session_secret: another edge may have "
                       "made it, with a secret of its own, "
                       "or an older secret did; repeat the request without this header");
}

bool kd_auth_unlimited(const kd_bearer *who)
{
    return (who->rights & KD_SCOPE_SERVICE) != 0;
}

/* By its RFC draft the value is a quoted string. The quotes are not part of the key, so the same key without them is the same. */
static kd_bytes auth_unquoted(kd_bytes key)
{
    bool quoted = key.len >= 2 && key.data[0] == '"' && key.data[key.len - 1] == '"';
    return quoted ? kd_bytes_of(key.data + 1, key.len - 2) : key;
}

bool kd_auth_key(kd_http_request *req, kd_bytes *key, kd_refusal *why)
{
    kd_bytes other;
    bool named = kd_http_request_header(req, "idempotency-key", key);
    bool also = kd_http_request_header(req, "x-idempotency-key", &other);
    if (!named) *key = other;
    if (!named && !also) return true;
    *key = auth_unquoted(*key);
    if (named && also && !kd_bytes_eq(*key, auth_unquoted(other)))
        return auth_refuse(why, KD_PROBLEM_INVALID_REQUEST, "X-Idempotency-Key",
                           "Idempotency-Key says otherwise");
    bool good = key->len >= 1 && key->len <= KD_IDEMPOTENCY_KEY_MAX;
    for (size_t i = 0; good && i < key->len; i++)
        good = key->data[i] > 0x20 && key->data[i] < 0x7f && key->data[i] != '"';
    return good || auth_refuse(why, KD_PROBLEM_INVALID_REQUEST, "Idempotency-Key",
                               "1 to 128 visible ASCII characters are wanted");
}
