/* access.c - see the header. */
#include "central/io/api/access.h"

#include "common/api/edge_san.h"

/* The table of docs/api.md ("Who may ask central what"); a test compares them. */
static const struct {
    const char *asked; /* as the document names it */
    kd_caller least;
    bool opens;       /* http.public_counts opens it to everybody */
    const char *user; /* what a user's token may ask: "no", "yes", or the scope that it needs */
} access_rights[] = {
    [KD_RIGHT_COUNTS] = {"counts", KD_CALLER_EDGE, true, "yes"},
    [KD_RIGHT_PARTS] = {"counts by region or day", KD_CALLER_EDGE, false, "no"},
    [KD_RIGHT_LIKED] = {"has this user liked it", KD_CALLER_EDGE, false, "yes"},
    [KD_RIGHT_TIME] = {"time", KD_CALLER_EDGE, false, "no"},
    [KD_RIGHT_CATALOGUE] = {"catalogue", KD_CALLER_EDGE, false, "no"},
    [KD_RIGHT_MEMBERS] = {"members", KD_CALLER_EDGE, false, "no"},
    [KD_RIGHT_SNAPSHOT] = {"snapshots", KD_CALLER_EDGE, false, "no"},
    [KD_RIGHT_LIKERS] = {"likers", KD_CALLER_OPERATOR, false, "kudos:likers"},
    [KD_RIGHT_USERS] = {"some users", KD_CALLER_EDGE, false, "kudos:likers"},
    [KD_RIGHT_EXPORT] = {"export", KD_CALLER_OPERATOR, false, "no"},
    [KD_RIGHT_SEED] = {"copies of partitions", KD_CALLER_OPERATOR, false, "no"},
    [KD_RIGHT_ADMIN] = {"admin", KD_CALLER_OPERATOR, false, "no"},
    [KD_RIGHT_OPENAPI] = {"description", KD_CALLER_PUBLIC, true, "yes"},
};

kd_openapi_who kd_access_who(uint32_t right)
{
    const char *user = access_rights[right].user;
    kd_caller least = access_rights[right].least;
    if (least == KD_CALLER_PUBLIC) return (kd_openapi_who){.edges = false};
    return (kd_openapi_who){.edges = least == KD_CALLER_EDGE,
                            .operators = true,
                            .names_user = right == KD_RIGHT_LIKED,
                            .token = strcmp(user, "no") == 0    ? NULL
                                     : strcmp(user, "yes") == 0 ? ""
                                                                : user};
}

int kd_access_init(kd_access *a, const kd_central_settings *settings, char *error)
{
    *a = (kd_access){.settings = settings};
    kd_cidrs_init(&a->operators, &settings->trusted_peers);
    kd_cidrs_init(&a->edges, &settings->edge_peers);
    int err =
        kd_tokens_read(&a->operator_tokens, "http.operator_token_file", settings->operator_token_file, error);
    if (err != KD_OK) return err;
    return kd_tokens_read(&a->edge_tokens, "http.edge_token_file", settings->edge_token_file, error);
}

void kd_access_finish(kd_access *a)
{
    kd_cidrs_finish(&a->operators);
    kd_cidrs_finish(&a->edges);
    kd_jwt_gate_destroy(a->jwt);
    a->jwt = NULL;
}

/* ---- who asks ---- */

static bool access_refuse(kd_refusal *why, kd_problem problem, const char *field, const char *detail)
{
    *why = (kd_refusal){.problem = problem, .detail = detail, .field = field};
    return false;
}

/* Whether a name of its certificate is that of an edge by http.edge_san: of this one, or of any where `edge` is empty. */
static bool access_certified(const kd_access *a, const kd_http_request *req, kd_bytes edge)
{
    const char *form = a->settings->edge_san;
    for (uint32_t i = 0; form && i < req->peer_names->count; i++) {
        kd_bytes named = kd_edge_san_edge(kd_bytes_str(form), kd_bytes_str(req->peer_names->at[i]));
        if (named.len > 0 && (edge.len == 0 || kd_bytes_eq(named, edge))) return true;
    }
    return false;
}

/* By address and certificate. KD_CALLER_PUBLIC with *elsewhere set: Host alone is why. */
static kd_caller access_stands(const kd_access *a, const kd_http_request *req, bool *elsewhere)
{
    const kd_central_settings *s = a->settings;
    const kd_peer_trust operators = {&a->operators, &s->host_names, &s->operator_names};
    const kd_peer_trust edges = {&a->edges, &s->host_names, &s->edge_names};
    kd_peer_standing as_operator = kd_peer_client_stands(&operators, req);
    kd_peer_standing as_edge = kd_peer_client_stands(&edges, req);
    *elsewhere = as_operator == KD_PEER_ELSEWHERE || as_edge == KD_PEER_ELSEWHERE;
    if (as_operator == KD_PEER_TRUSTED) return KD_CALLER_OPERATOR;
    bool edge = as_edge == KD_PEER_TRUSTED || access_certified(a, req, kd_bytes_of(NULL, 0));
    return edge ? KD_CALLER_EDGE : KD_CALLER_PUBLIC;
}

/* False: a token was shown that nobody has here. */
static bool access_token(const kd_access *a, const kd_http_request *req, kd_caller *caller)
{
    kd_bytes value;
    if (!kd_http_request_header(req, "authorization", &value)) return true;
    kd_bytes token = kd_bearer_token(value);
    bool operators = kd_tokens_hold(&a->operator_tokens, token);
    bool edges = kd_tokens_hold(&a->edge_tokens, token);
    if (operators) *caller = KD_CALLER_OPERATOR;
    if (edges) *caller = KD_MAX(*caller, KD_CALLER_EDGE);
    return operators || edges;
}

/* What the scopes of a user's token allow; a visitor's has none. */
static bool access_judge_user(const kd_bearer *who, kd_http_request *req, kd_right right, kd_refusal *why)
{
    uint32_t has = 0;
    const char *user = access_rights[right].user;
    if (strcmp(user, "yes") == 0) return true;
    if (who->visitor)
        return access_refuse(why, KD_PROBLEM_FORBIDDEN, "Authorization", "no token of a visitor opens this");
    if (strcmp(user, "no") == 0)
        return access_refuse(
            why, KD_PROBLEM_FORBIDDEN, "Authorization",
            "no token of a user opens this: only edges or operators of this central may ask");
    KD_ASSERT(kd_jwt_scope_read(kd_bytes_str(user), &has));
    return (who->rights & has) == has || kd_bearer_lacks(req, user, why);
}

/* By a token of the files, an address or a certificate. */
static bool access_judge_class(const kd_access *a, kd_http_request *req, kd_right right, kd_refusal *why)
{
    bool elsewhere, open = access_rights[right].opens && a->settings->public_counts;
    kd_caller least = open ? KD_CALLER_PUBLIC : access_rights[right].least;
    kd_caller caller = access_stands(a, req, &elsewhere);
    if (!access_token(a, req, &caller))
        return access_refuse(why, KD_PROBLEM_UNAUTHORIZED, "Authorization", "this token is not known here");
    if (caller >= least) return true;
    if (elsewhere) return kd_peer_elsewhere(why);
    if (least == KD_CALLER_OPERATOR)
        return access_refuse(why, KD_PROBLEM_FORBIDDEN, NULL, "only operators of this central may ask");
    return access_refuse(why, KD_PROBLEM_UNAUTHORIZED, NULL,
                         "only edges and operators of this central may ask");
}

/* A token of the files is known before it is taken for a user's or a visitor's. */
static kd_bearer_end access_user_asks(kd_access *a, kd_http_request *req, kd_bearer *who, kd_refusal *why)
{
    kd_caller caller = KD_CALLER_PUBLIC;
    const kd_bearer_gates gates = {a->jwt, &a->visitors};
    return access_token(a, req, &caller) ? KD_BEARER_NONE : kd_bearer_ask(&gates, req, who, why);
}

static bool access_judge(kd_access *a, kd_http_request *req, kd_right right, kd_refusal *why)
{
    kd_bearer who;
    kd_bearer_end end = access_user_asks(a, req, &who, why);
    if (end == KD_BEARER_GOOD) return access_judge_user(&who, req, right, why);
    if (end == KD_BEARER_REFUSED) return false;
    if (access_judge_class(a, req, right, why)) return true;
    if ((a->jwt || a->visitors.keys) && why->problem == KD_PROBLEM_UNAUTHORIZED) req->challenge = "Bearer";
    return false;
}

bool kd_access_user(kd_access *a, kd_http_request *req, kd_bytes *user, kd_refusal *why)
{
    kd_bearer who;
    if (!kd_access_may(a, req, KD_RIGHT_LIKED, why)) return false;
    if (access_user_asks(a, req, &who, why) != KD_BEARER_GOOD) return kd_peer_named(req, true, user, why);
    *user = who.user;
    return true;
}

bool kd_access_detail(kd_access *a, kd_http_request *req)
{
    kd_bearer who;
    kd_refusal why;
    bool elsewhere;
    kd_bearer_end end = access_user_asks(a, req, &who, &why);
    if (end != KD_BEARER_NONE) return end == KD_BEARER_GOOD && (who.rights & KD_SCOPE_LIKERS_DETAIL);
    kd_caller caller = access_stands(a, req, &elsewhere);
    return access_token(a, req, &caller) && caller == KD_CALLER_OPERATOR;
}

bool kd_access_may(kd_access *a, kd_http_request *req, kd_right right, kd_refusal *why)
{
    bool may = access_rights[right].least == KD_CALLER_PUBLIC || access_judge(a, req, right, why);
    a->refused += !may;
    return may;
}

bool kd_access_may_as(kd_access *a, const kd_http_request *req, kd_bytes edge, kd_refusal *why)
{
    bool elsewhere;
    if (!a->settings->edge_san || access_certified(a, req, edge)) return true;
    kd_caller caller = access_stands(a, req, &elsewhere);
    if (access_token(a, req, &caller) && caller == KD_CALLER_OPERATOR) return true;
    a->refused++;
    return access_refuse(why, KD_PROBLEM_FORBIDDEN, "edge",
                         "the client's certificate is not that of this edge (http.edge_san)");
}
