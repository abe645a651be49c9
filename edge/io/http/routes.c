/*
 * routes.c - the table of the API:
 *
 *     /v1/{collection}/{id}/counts | display          GET
 *     /v1/{collection}/{id}/{set counter}             POST DELETE GET
 *     /v1/{collection}/{id}/{sum counter}             POST
 *     /v1/counts                                      GET POST
 *     /v1/display                                     GET
 *     /v1/likes                                       POST
 *     /v1/likes/lookup                                POST
 *
 * and OPTIONS everywhere, which is answered before it is asked who asks: a browser sends no user with a preflight.
 */
#include "edge/io/http/routes.h"

#include "common/io/http/strict.h"
#include "edge/io/http/answer.h"
#include "edge/io/http/auth.h"
#include "edge/io/http/likes.h"
#include "edge/io/http/reads.h"

static bool routes_is_get(const kd_http_request *req)
{
    return req->method == KD_HTTP_GET || req->method == KD_HTTP_HEAD;
}

typedef enum {
    TARGET_COUNTS,
    TARGET_DISPLAY,
    TARGET_LIKED,
    TARGET_WRITE,
    TARGET_QUERY,
    TARGET_DISPLAYS,
    TARGET_BULK,
    TARGET_BATCH,
    TARGET_LOOKUP
} routes_kind;

/* What a request asks for, by its path and method. */
typedef struct {
    routes_kind kind;
    kd_verb verb;     /* of TARGET_WRITE */
    uint32_t counter; /* of TARGET_WRITE and TARGET_LIKED */
    kd_item item;     /* of the first four */
} routes_target;

/* The functions that find a target are true, or false when they have answered the request. */

/* `has`: whether the path has the request's method; `allow` names all that it has. */
static bool routes_allow(kd_http_request *req, bool has, const char *allow)
{
    if (has) return true;
    if (req->method == KD_HTTP_OPTIONS)
        kd_http_respond_options(req, allow);
    else
        kd_http_respond_wrong_method(req, allow);
    return false;
}

static bool routes_find_set(kd_http_request *req, routes_target *target)
{
    target->kind = routes_is_get(req) ? TARGET_LIKED : TARGET_WRITE;
    target->verb = req->method == KD_HTTP_POST ? KD_LIKE : KD_UNLIKE;
    bool has = routes_is_get(req) || req->method == KD_HTTP_POST || req->method == KD_HTTP_DELETE;
    return routes_allow(req, has, "GET, HEAD, POST, DELETE, OPTIONS");
}

static bool routes_find_sum(kd_http_request *req, routes_target *target)
{
    target->kind = TARGET_WRITE;
    target->verb = KD_ADD;
    return routes_allow(req, req->method == KD_HTTP_POST, "POST, OPTIONS");
}

static bool routes_find_get(kd_http_request *req, routes_kind kind, routes_target *target)
{
    target->kind = kind;
    if (kind == TARGET_DISPLAYS) req->route = "/v1/display";
    return routes_allow(req, routes_is_get(req), "GET, HEAD, OPTIONS");
}

/* Paths that central serves and an edge does not: their 404 says whom to ask. */
static bool central_alone_has(const kd_route *route)
{
    static const char *const paths[] = {"time", "catalogue", "export", "admin"};
    for (size_t i = 0; i < KD_COUNT(paths); i++)
        if (kd_route_is(route, paths[i])) return true;
    return route->count == 3 && (kd_bytes_eq(route->at[0], kd_bytes_str("snapshots")) ||
                                 kd_bytes_eq(route->at[2], kd_bytes_str("likers")));
}

static void no_such_path(kd_http_request *req, const kd_route *route)
{
    kd_http_respond_problem(req, KD_PROBLEM_NOT_FOUND,
                            central_alone_has(route) ? "an edge does not have this path: ask central"
                                                     : "no such path; the API begins with /v1/",
                            NULL, 0);
}

static bool routes_find_item(kd_shard *s, kd_http_request *req, const kd_route *route, routes_target *target)
{
    const kd_served *served = &s->served;
    kd_bytes tail = route->at[2];
    kd_refusal why;
    bool known = kd_route_item(route->at[0], route->at[1], &served->collections, &target->item, &why);
    if (central_alone_has(route)) {
        no_such_path(req, route);
        return false;
    }
    bool counts = kd_bytes_eq(tail, kd_bytes_str("counts")),
         display = kd_bytes_eq(tail, kd_bytes_str("display"));
    req->route = counts    ? "/v1/{collection}/{id}/counts"
                 : display ? "/v1/{collection}/{id}/display"
                           : "/v1/{collection}/{id}/{counter}";
    if (known && (counts || display))
        return routes_find_get(req, counts ? TARGET_COUNTS : TARGET_DISPLAY, target);
    if (!known && !why.field && why.problem == KD_PROBLEM_INVALID_ID) why.field = "id";
    if (known && kd_route_counter(tail, &served->counters, KD_SET, &target->counter, &why))
        return routes_find_set(req, target);
    if (known && kd_route_counter(tail, &served->counters, KD_SUM, &target->counter, &why))
        return routes_find_sum(req, target);
    kd_answer_refusal(req, &why);
    return false;
}

static bool routes_find_counts(kd_http_request *req, routes_target *target)
{
    req->route = "/v1/counts";
    target->kind = routes_is_get(req) ? TARGET_QUERY : TARGET_BULK;
    bool has = routes_is_get(req) || req->method == KD_HTTP_POST;
    return routes_allow(req, has, "GET, HEAD, POST, OPTIONS");
}

static bool routes_find_post(kd_http_request *req, routes_kind kind, routes_target *target)
{
    req->route = kind == TARGET_BATCH ? "/v1/likes" : "/v1/likes/lookup";
    target->kind = kind;
    return routes_allow(req, req->method == KD_HTTP_POST, "POST, OPTIONS");
}

static bool routes_find(kd_shard *s, kd_http_request *req, routes_target *target)
{
    kd_route route;
    if (kd_bytes_eq(req->path,
                    kd_bytes_str("*"))) /* of the server, not of a path; comes with OPTIONS alone */
        return routes_allow(req, false, "GET, HEAD, POST, DELETE, OPTIONS");
    if (kd_route_cut(req->path, &route) != KD_OK) {
        kd_http_respond_problem(req, KD_PROBLEM_NOT_FOUND, "no such path; the API begins with /v1/", NULL, 0);
        return false;
    }
    kd_refusal why;
    if (!kd_strict_request(req, &why)) {
        kd_answer_refusal(req, &why);
        return false;
    }
    if (route.count == 3) return routes_find_item(s, req, &route, target);
    if (kd_route_is(&route, "counts")) return routes_find_counts(req, target);
    if (kd_route_is(&route, "display")) return routes_find_get(req, TARGET_DISPLAYS, target);
    if (kd_route_is(&route, "likes")) return routes_find_post(req, TARGET_BATCH, target);
    if (kd_route_is(&route, "likes/lookup")) return routes_find_post(req, TARGET_LOOKUP, target);
    no_such_path(req, &route);
    return false;
}

/* Whether a read was refused because of overload. Before a body is held, and before it is asked who the user is: it must cost little. */
static bool routes_shed(kd_shard *s, kd_http_request *req, const routes_target *target)
{
    if (s->level < KD_LEVEL_NO_READS || target->kind == TARGET_WRITE || target->kind == TARGET_BATCH)
        return false;
    kd_metric_add(&s->base.metrics.refused, 1);
    kd_answer_shed(req, s->base.settings->leave_after_us);
    return true;
}

bool kd_routes_begin(kd_http_request *req, void *arg)
{
    kd_shard *s = arg;
    routes_target target;
    kd_bearer who;
    kd_refusal why;
    if (!routes_find(s, req, &target) || routes_shed(s, req, &target)) return true;
    bool writes = target.kind == TARGET_WRITE;
    bool needs_user =
        writes || target.kind == TARGET_BATCH || target.kind == TARGET_LOOKUP || target.kind == TARGET_LIKED;
    if (!needs_user) return false;
    if (kd_auth_caller(s, req, &who, &why) &&
        (!writes || kd_auth_write(s, req, &who, kd_item_key(&target.item), target.counter, &why)))
        return false;
    kd_answer_refusal(req, &why);
    return true;
}

void kd_routes_handle(kd_http_request *req, void *arg)
{
    kd_shard *s = arg;
    routes_target target;
    if (!routes_find(s, req, &target) || routes_shed(s, req, &target)) return;
    switch (target.kind) {
    case TARGET_COUNTS:
        kd_reads_counts(s, req, &target.item);
        break;
    case TARGET_DISPLAY:
        kd_reads_display(s, req, &target.item);
        break;
    case TARGET_LIKED:
        kd_reads_liked(s, req, &target.item, target.counter);
        break;
    case TARGET_WRITE:
        kd_likes_one(s, req, &target.item, target.counter, target.verb);
        break;
    case TARGET_QUERY:
        kd_reads_query(s, req);
        break;
    case TARGET_DISPLAYS:
        kd_reads_displays(s, req);
        break;
    case TARGET_BULK:
        kd_reads_bulk(s, req);
        break;
    case TARGET_BATCH:
        kd_likes_batch(s, req);
        break;
    case TARGET_LOOKUP:
        kd_reads_lookup(s, req);
        break;
    }
}
