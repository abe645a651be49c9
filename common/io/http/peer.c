/* peer.c - see the header. */
#include "common/io/http/peer.h"

#include "common/api/authority.h"
#include "common/io/http/server/http_address.h"
#include "common/io/loop/log.h"
#include "kudos/percent.h"

static bool peer_refuse(kd_refusal *why, kd_problem problem, const char *field, const char *detail)
{
    *why = (kd_refusal){.problem = problem, .detail = detail, .field = field};
    return false;
}

/* Whether one of the names of its certificate is listed. */
static bool peer_certified(const kd_peer_trust *trust, const kd_http_request *req)
{
    for (uint32_t i = 0; i < req->peer_names->count; i++)
        if (kd_strings_hold(trust->names, kd_bytes_str(req->peer_names->at[i]))) return true;
    return false;
}

kd_peer_standing kd_peer_stands(const kd_peer_trust *trust, const kd_http_request *req)
{
    kd_bytes host, address = http_address_bytes(req->peer);
    if (peer_certified(trust, req)) return KD_PEER_TRUSTED;
    if (!kd_cidrs_match(trust->peers, address)) return KD_PEER_STRANGER;
    if (!kd_cidr_loopback(address)) return KD_PEER_TRUSTED;
    kd_http_request_header(req, "host", &host);
    return kd_authority_local(host, trust->hosts) ? KD_PEER_TRUSTED : KD_PEER_ELSEWHERE;
}

kd_peer_standing kd_peer_client_stands(const kd_peer_trust *trust, const kd_http_request *req)
{
    kd_bytes client = kd_bytes_of(req->client_at, sizeof req->client_at);
    bool known = !req->client_hidden && kd_cidrs_match(trust->peers, client);
    if (req->client_named && !peer_certified(trust, req) && !known) return KD_PEER_STRANGER;
    return kd_peer_stands(trust, req);
}

bool kd_peer_elsewhere(kd_refusal *why)
{
    return peer_refuse(
        why, KD_PROBLEM_FORBIDDEN, "Host",
        "Host does not name this loopback address: a name that gateways here pass on stands in "
        "http.host_names");
}

static bool peer_unknown(kd_refusal *why)
{
    return peer_refuse(why, KD_PROBLEM_UNAUTHORIZED, NULL,
                       "no bearer token and no gateway that is trusted here says who is asking");
}

/* As kd_peer_stands. Kept with the connection while its requests have the same host: its address and its certificate stay. */
static kd_peer_standing peer_standing(const kd_peer_trust *trust, kd_http_request *req)
{
    uint8_t *kept = kd_http_request_host_note(req);
    if (kept && *kept) return (kd_peer_standing)(*kept - 1);
    kd_peer_standing standing = kd_peer_stands(trust, req);
    if (kept) *kept = (uint8_t)(1 + standing);
    return standing;
}

/* The user whom the field X-User-Id names. */
static bool peer_user_of(kd_http_request *req, kd_bytes raw, bool visitors, kd_bytes *user, kd_refusal *why)
{
    *user = raw;
    if (raw.len && memchr(raw.data, '%', raw.len)) {
        uint8_t *decoded = kd_http_request_alloc(req, KD_ID_MAX);
        size_t len = 0; /* stays 0 when it cannot be decoded: an empty id is not valid */
        kd_percent_decode(raw, decoded, KD_ID_MAX, &len);
        *user = kd_bytes_of(decoded, len);
    }
    if (kd_id_valid(*user) && (visitors || !kd_id_visitor(*user))) return true;
    if (kd_id_valid(*user))
        return peer_refuse(why, KD_PROBLEM_INVALID_ID, "X-User-Id",
                           "ids that begin with " KD_VISITOR_PREFIX
                           " are those of visitors: their tokens alone name them");
    return peer_refuse(why, KD_PROBLEM_INVALID_ID, "X-User-Id", "a user id is " KD_ID_FORM);
}

bool kd_peer_named(kd_http_request *req, bool visitors, kd_bytes *user, kd_refusal *why)
{
    kd_bytes raw;
    if (!kd_http_request_header(req, "x-user-id", &raw)) return peer_unknown(why);
    return peer_user_of(req, raw, visitors, user, why);
}

bool kd_peer_user(const kd_peer_trust *trust, kd_http_request *req, kd_bytes *user, kd_refusal *why)
{
    kd_bytes raw;
    if (!kd_http_request_header(req, "x-user-id", &raw)) return peer_unknown(why);
    kd_peer_standing standing = peer_standing(trust, req);
    if (standing == KD_PEER_STRANGER) return peer_unknown(why);
    return standing == KD_PEER_ELSEWHERE ? kd_peer_elsewhere(why) : peer_user_of(req, raw, false, user, why);
}

void kd_peer_warn_forwarded(uint32_t forwarded, const kd_cidrs *trusted)
{
    if (forwarded != KD_HTTP_FORWARDED_ANY || kd_cidrs_loopback(trusted)) return;
    KD_LOG(KD_WARN, "forwarded-any",
           KD_STR("cause",
                  "http.forwarded is any, and http.trusted_peers are on other machines: a gateway that hands "
                  "on a client's Forwarded or X-Forwarded-For lets the client choose its address; set "
                  "http.forwarded to the header that the gateways write, or none"));
}
