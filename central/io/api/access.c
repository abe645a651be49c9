/* access.c - see the header. */
#include "central/io/api/access.h"

#include <stdio.h>

/* The table of docs/api.md ("Who may ask central what"); a test compares them. */
static const struct {
    const char *asked; /* as the document names it */
    kd_caller least;
    bool opens; /* http.public_counts opens it to everybody */
} access_rights[] = {
    [KD_RIGHT_COUNTS] = {"counts", KD_CALLER_EDGE, true},
    [KD_RIGHT_PARTS] = {"counts by region or day", KD_CALLER_EDGE, false},
    [KD_RIGHT_LIKED] = {"has this user liked it", KD_CALLER_EDGE, false},
    [KD_RIGHT_TIME] = {"time", KD_CALLER_EDGE, false},
    [KD_RIGHT_CATALOGUE] = {"catalogue", KD_CALLER_EDGE, false},
    [KD_RIGHT_SNAPSHOT] = {"snapshots", KD_CALLER_EDGE, false},
    [KD_RIGHT_LIKERS] = {"likers", KD_CALLER_OPERATOR, false},
    [KD_RIGHT_EXPORT] = {"export", KD_CALLER_OPERATOR, false},
    [KD_RIGHT_ADMIN] = {"admin", KD_CALLER_OPERATOR, false},
};

int kd_access_init(kd_access *a, const kd_central_settings *settings, char *error)
{
    *a = (kd_access){.settings = settings};
    kd_cidrs_init(&a->operators, &settings->trusted_peers);
    kd_cidrs_init(&a->edges, &settings->edge_peers);
    return kd_access_reload(a, error);
}

static int access_read(kd_tokens *tokens, const char *option, const char *path, char *error)
{
    const char *fault;
    if (!path || kd_tokens_read(tokens, path, &fault) == KD_OK) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%s: %s", option, fault);
    return KD_EINVAL;
}

int kd_access_reload(kd_access *a, char *error)
{
    const kd_central_settings *s = a->settings;
    int err = access_read(&a->operator_tokens, "http.operator_token_file", s->operator_token_file, error);
    int other = access_read(&a->edge_tokens, "http.edge_token_file", s->edge_token_file, error);
    return err == KD_OK ? other : err;
}

void kd_access_finish(kd_access *a)
{
    kd_cidrs_finish(&a->operators);
    kd_cidrs_finish(&a->edges);
}

/* ---- who asks ---- */

static bool access_refuse(kd_refusal *why, kd_problem problem, const char *field, const char *detail)
{
    *why = (kd_refusal){.problem = problem, .detail = detail, .field = field};
    return false;
}

/* By address and certificate. KD_CALLER_PUBLIC with *elsewhere set: Host alone is why. */
static kd_caller access_stands(const kd_access *a, const kd_http_request *req, bool *elsewhere)
{
    const kd_central_settings *s = a->settings;
    const kd_peer_trust operators = {&a->operators, &s->host_names, &s->operator_names};
    const kd_peer_trust edges = {&a->edges, &s->host_names, &s->edge_names};
    kd_peer_standing as_operator = kd_peer_stands(&operators, req), as_edge = kd_peer_stands(&edges, req);
    *elsewhere = as_operator == KD_PEER_ELSEWHERE || as_edge == KD_PEER_ELSEWHERE;
    if (as_operator == KD_PEER_TRUSTED) return KD_CALLER_OPERATOR;
    return as_edge == KD_PEER_TRUSTED ? KD_CALLER_EDGE : KD_CALLER_PUBLIC;
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

static bool access_judge(const kd_access *a, const kd_http_request *req, kd_right right, kd_refusal *why)
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

bool kd_access_may(kd_access *a, const kd_http_request *req, kd_right right, kd_refusal *why)
{
    bool may = access_judge(a, req, right, why);
    a->refused += !may;
    return may;
}
