/*
 * routes.c - the table of the API, and the way of a request to its row.
 *
 * OPTIONS is answered everywhere, before it is asked who asks: a browser sends no user with a preflight.
 */
#include "edge/io/http/routes.h"

#include "common/io/http/strict.h"
#include "edge/io/http/answer.h"
#include "edge/io/http/auth.h"
#include "edge/io/http/likes.h"
#include "edge/io/http/reads.h"
#include "edge/io/http/user_lists.h"
#include "edge/io/http/trending.h"
#include "edge/io/http/visitors.h"

/* ---- the table ---- */

static void routes_counts(void *s, kd_http_request *req, const kd_asked *asked)
{
    kd_reads_counts(s, req, &asked->item);
}

static void routes_without(void *s, kd_http_request *req, const kd_asked *asked)
{
    kd_user_lists_without(s, req, &asked->item);
}

static void routes_among(void *s, kd_http_request *req, const kd_asked *asked)
{
    kd_user_lists_among(s, req, &asked->item);
}

static void routes_count(void *s, kd_http_request *req, const kd_asked *asked)
{
    kd_reads_count(s, req, &asked->item);
}

static void routes_display(void *s, kd_http_request *req, const kd_asked *asked)
{
    kd_reads_display(s, req, &asked->item);
}

static void routes_liked(void *s, kd_http_request *req, const kd_asked *asked)
{
    kd_reads_liked(s, req, &asked->item, asked->counter);
}

static void routes_like(void *s, kd_http_request *req, const kd_asked *asked)
{
    kd_likes_one(s, req, &asked->item, asked->counter, KD_LIKE);
}

static void routes_unlike(void *s, kd_http_request *req, const kd_asked *asked)
{
    kd_likes_one(s, req, &asked->item, asked->counter, KD_UNLIKE);
}

static void routes_add(void *s, kd_http_request *req, const kd_asked *asked)
{
    kd_likes_one(s, req, &asked->item, asked->counter, KD_ADD);
}

static void routes_query(void *s, kd_http_request *req, const kd_asked *asked)
{
    (void)asked;
    kd_reads_query(s, req);
}

static void routes_live(void *s, kd_http_request *req, const kd_asked *asked)
{
    (void)asked;
    kd_reads_live(s, req);
}

static void routes_bulk(void *s, kd_http_request *req, const kd_asked *asked)
{
    (void)asked;
    kd_reads_bulk(s, req);
}

static void routes_displays(void *s, kd_http_request *req, const kd_asked *asked)
{
    (void)asked;
    kd_reads_displays(s, req);
}

static void routes_batch(void *s, kd_http_request *req, const kd_asked *asked)
{
    (void)asked;
    kd_likes_batch(s, req);
}

static void routes_lookup(void *s, kd_http_request *req, const kd_asked *asked)
{
    (void)asked;
    kd_reads_lookup(s, req);
}

static void routes_trending(void *s, kd_http_request *req, const kd_asked *asked)
{
    (void)asked;
    kd_trending_get(s, req);
}

static void routes_visitors(void *s, kd_http_request *req, const kd_asked *asked)
{
    (void)asked;
    kd_visitors_post(s, req);
}

static void routes_openapi(void *shard, kd_http_request *req, const kd_asked *asked);

/* Who may ask: kd_endpoint.right. ROUTES_ALSO_USER: anybody, but what is told of a user needs to know him (`me`). ROUTES_VISITOR:
 * anybody, and a visitor by its token. ROUTES_LIKERS: a user who may know who likes what (kd_auth_likers). */
enum { ROUTES_ANYBODY, ROUTES_ALSO_USER, ROUTES_VISITOR, ROUTES_USER, ROUTES_LIKERS };

#define ROUTES_NAMES (KD_MAY(INVALID_ID) | KD_MAY(UNKNOWN_COLLECTION))
#define ROUTES_OWN (KD_MAY(UNAUTHORIZED) | KD_MAY(FORBIDDEN) | KD_MAY(RATE_LIMITED))
#define ROUTES_WRITES                                                                                        \
    (ROUTES_NAMES | ROUTES_OWN | KD_MAY(UNKNOWN_COUNTER) | KD_MAY(KEY_REUSED) | KD_MAY(KEY_IN_FLIGHT) |      \
     KD_MAY(OUTBOX_FULL) | KD_MAY(CLOCK_OUT_OF_BOUNDS) | KD_MAY(STORAGE_FAILED) | KD_MAY(EDGE_RETIRED) |     \
     KD_MAY(LOG_UNCONFIRMED) | KD_MAY(ITEM_CLOSED))
#define ROUTES_COUNTER .path = "/v1/{collection}/{id}/{counter}", .right = ROUTES_USER

static const kd_endpoint routes_table[] = {
    {KD_HTTP_GET, "/v1/{collection}/{id}/counts", "counts", "All counters of an item",
     .may = ROUTES_NAMES | KD_MAY(STORAGE_FAILED), .answer = "Counts", .handle = routes_counts},
    {KD_HTTP_POST, "/v1/{collection}/{id}/counts", "counts_without",
     "All counters of an item without some users", .right = ROUTES_LIKERS,
     .may = ROUTES_NAMES | ROUTES_OWN | KD_MAY(STORAGE_FAILED) | KD_MAY(CENTRAL_UNAVAILABLE),
     .body = "AskWithout", .answer = "CountsWithout", .handle = routes_without},
    {KD_HTTP_POST, "/v1/{collection}/{id}/likers/among", "among", "Who of some users likes an item",
     .right = ROUTES_LIKERS,
     .may = ROUTES_NAMES | ROUTES_OWN | KD_MAY(UNKNOWN_COUNTER) | KD_MAY(STORAGE_FAILED) |
            KD_MAY(CENTRAL_UNAVAILABLE),
     .body = "AskAmong", .answer = "Among", .handle = routes_among},
    {KD_HTTP_GET, "/v1/{collection}/{id}/display", "display", "The display forms of an item, for caches",
     .may = ROUTES_NAMES | KD_MAY(STORAGE_FAILED), .traits = KD_GIVES_ETAG | KD_GIVES_AS_OF,
     .answer = "Display", .handle = routes_display},
    {KD_HTTP_GET, "/v1/{collection}/{id}/count", "count", "One number of an item, for caches",
     .may = ROUTES_NAMES | KD_MAY(UNKNOWN_COUNTER) | KD_MAY(STORAGE_FAILED), .query = KD_READS(COUNTER),
     .traits = KD_GIVES_ETAG | KD_GIVES_AS_OF, .answer = "Count", .handle = routes_count},
    {KD_HTTP_GET, ROUTES_COUNTER, .kind = KD_SET, .id = "has", .title = "Whether the user likes the item",
     .may = ROUTES_NAMES | ROUTES_OWN | KD_MAY(UNKNOWN_COUNTER) | KD_MAY(STORAGE_FAILED),
     .traits = KD_TAKES_SESSION, .answer = "Liked", .handle = routes_liked},
    {KD_HTTP_POST, ROUTES_COUNTER, .kind = KD_SET, .id = "set", .title = "Like the item",
     .may = ROUTES_WRITES, .writes = true, .body = "Nothing", .answer = "Said", .handle = routes_like},
    {KD_HTTP_DELETE, ROUTES_COUNTER, .kind = KD_SET, .id = "unset", .title = "Take it back",
     .may = ROUTES_WRITES, .writes = true, .body = "Nothing", .answer = "Said", .handle = routes_unlike},
    {KD_HTTP_POST, ROUTES_COUNTER, .kind = KD_SUM, .id = "add", .title = "Add to a sum", .may = ROUTES_WRITES,
     .writes = true, .body = "Amount", .answer = "Added", .handle = routes_add},
    {KD_HTTP_GET, "/v1/counts", "counts_of", "Counters of many items", .right = ROUTES_ALSO_USER,
     .may = ROUTES_NAMES | ROUTES_OWN | KD_MAY(UNKNOWN_COUNTER) | KD_MAY(STORAGE_FAILED),
     .query = KD_READS(ITEMS) | KD_READS(ME) | KD_READS(VELOCITY), .traits = KD_TAKES_SESSION,
     .answer = "CountsForList", .handle = routes_query},
    {KD_HTTP_POST, "/v1/counts", "ask_counts", "Counters of many items, in a body", .right = ROUTES_ALSO_USER,
     .may = ROUTES_NAMES | ROUTES_OWN | KD_MAY(UNKNOWN_COUNTER) | KD_MAY(STORAGE_FAILED),
     .query = KD_READS(VELOCITY), .traits = KD_TAKES_SESSION, .body = "AskCounts",
     .answer = "CountsForMeList", .handle = routes_bulk},
    {KD_HTTP_GET, "/v1/display", "displays", "The display forms of many items, for caches",
     .may = ROUTES_NAMES | KD_MAY(STORAGE_FAILED), .query = KD_READS(ITEMS),
     .traits = KD_GIVES_ETAG | KD_GIVES_AS_OF | KD_REDIRECTS, .answer = "DisplayList",
     .handle = routes_displays},
    {KD_HTTP_POST, "/v1/likes", "batch", "Likes and unlikes of one user", .right = ROUTES_USER,
     .may = ROUTES_WRITES, .writes = true, .body = "Operations", .answer = "Results", .handle = routes_batch},
    {KD_HTTP_POST, "/v1/likes/lookup", "lookup", "Whether the user likes these items", .right = ROUTES_USER,
     .may = ROUTES_NAMES | ROUTES_OWN | KD_MAY(UNKNOWN_COUNTER) | KD_MAY(STORAGE_FAILED),
     .traits = KD_TAKES_SESSION, .body = "AskLiked", .answer = "LikedList", .handle = routes_lookup},
    {KD_HTTP_GET, "/v1/live", "live", "Counters of many items, and what changes of them",
     .right = ROUTES_ALSO_USER,
     .may = ROUTES_NAMES | ROUTES_OWN | KD_MAY(UNKNOWN_COUNTER) | KD_MAY(STORAGE_FAILED),
     .query = KD_READS(ITEMS) | KD_READS(ME), .traits = KD_TAKES_SESSION, .answer = "Events",
     .type = "text/event-stream", .handle = routes_live},
    {KD_HTTP_GET, "/v1/trending", "trending", "Items that gain likes fastest, for caches",
     .may = KD_MAY(UNKNOWN_COLLECTION) | KD_MAY(UNKNOWN_COUNTER) | KD_MAY(NOT_FOUND) |
            KD_MAY(CENTRAL_UNAVAILABLE),
     .page = KD_TRENDING_LIMIT, .page_max = KD_TRENDING_ITEMS_MAX,
     .query = KD_READS(COLLECTION) | KD_READS(COUNTER) | KD_READS(WINDOW) | KD_READS(LIMIT),
     .traits = KD_GIVES_AGE, .answer = "Trending", .handle = routes_trending},
    {KD_HTTP_GET, "/v1/openapi.json", "openapi", "This description", .traits = KD_GIVES_ETAG,
     .answer = "OpenApi", .type = "application/json", .handle = routes_openapi},
    {KD_HTTP_POST, "/v1/visitors", "visitor", "A pseudonym for somebody without an account",
     .right = ROUTES_VISITOR, .may = ROUTES_OWN, .writes = true, .body = "Nothing", .answer = "Visitor",
     .handle = routes_visitors},
};

void kd_routes_init(kd_paths *paths)
{
    kd_paths_init(paths, routes_table, KD_COUNT(routes_table), true);
}

/* ---- the description ---- */

static kd_openapi_who routes_who(uint32_t right)
{
    bool known = right != ROUTES_ANYBODY;
    const char *scope = right == ROUTES_LIKERS ? KD_AUTH_LIKERS : "";
    return (kd_openapi_who){.gateway = known && right != ROUTES_VISITOR,
                            .token = known ? scope : NULL,
                            .nobody = right == ROUTES_ALSO_USER || right == ROUTES_VISITOR};
}

kd_openapi_source kd_routes_source(const kd_strings *collections, const kd_counters *counters)
{
    return (kd_openapi_source){.title = "Kudos, an edge",
                               .about = "Takes likes and answers reads. docs/api.md tells more.",
                               .name = "edge",
                               .edge = true,
                               .table = routes_table,
                               .count = KD_COUNT(routes_table),
                               .collections = collections,
                               .counters = counters,
                               .who = routes_who};
}

/* Of what this edge offers now. */
static void routes_openapi(void *shard, kd_http_request *req, const kd_asked *asked)
{
    kd_served *served = &((kd_shard *)shard)->served;
    const kd_openapi_source source = kd_routes_source(&served->collections, &served->counters);
    (void)asked;
    kd_openapi_respond(&served->description, &source, req);
}

/* ---- from a request to its row ---- */

/* The functions that find a row are true, or false when they have answered the request. */

/* `path` NULL: of the server, not of a path. */
static bool routes_pick(kd_http_request *req, const kd_path *path, const char *allow, kd_asked *asked)
{
    asked->endpoint = path ? kd_path_endpoint(path, req->method) : NULL;
    if (asked->endpoint) return true;
    if (req->method == KD_HTTP_OPTIONS)
        kd_http_respond_options(req, allow);
    else
        kd_http_respond_wrong_method(req, allow);
    return false;
}

/* Paths that central serves and an edge does not: their 404 says whom to ask. */
static bool central_alone_has(const kd_route *route)
{
    static const char *const paths[] = {"time", "catalogue", "members", "export", "seed", "admin"};
    for (size_t i = 0; i < KD_COUNT(paths); i++)
        if (kd_route_is(route, paths[i])) return true;
    if (route->count == 2 && kd_bytes_eq(route->at[0], kd_bytes_str("me"))) return true;
    return route->count >= 3 && (kd_bytes_eq(route->at[0], kd_bytes_str("snapshots")) ||
                                 kd_bytes_eq(route->at[2], kd_bytes_str("likers")));
}

static bool no_such_path(kd_shard *s, kd_http_request *req, const kd_route *route)
{
    static const char nobody_has[] = "no such path; the API begins with /v1/",
                      central_has[] = "an edge does not have this path: ask central";
    const char *url = s->base.settings->central_public_url;
    bool central = central_alone_has(route);
    kd_buf_clear(&s->out);
    kd_buf_put(&s->out, central_has, sizeof central_has - 1);
    if (url) kd_buf_put(&s->out, ": ", 2), kd_buf_put(&s->out, url, strlen(url));
    kd_buf_put_u8(&s->out, 0);
    kd_http_respond_problem(req, KD_PROBLEM_NOT_FOUND, central ? (const char *)s->out.data : nobody_has, NULL,
                            0);
    return false;
}

/* NULL: `tail` names no counter, and *why is filled. */
static const kd_path *routes_find_counter(kd_shard *s, kd_bytes tail, uint32_t *counter, kd_refusal *why)
{
    const kd_paths *paths = &s->app->paths;
    const kd_counters *counters = &s->served.counters;
    if (kd_route_counter(tail, counters, KD_SET, counter, why)) return &paths->set;
    return kd_route_counter(tail, counters, KD_SUM, counter, why) ? &paths->sum : NULL;
}

/* `path` NULL: one that ends in a counter, if any. */
static bool routes_find_item(kd_shard *s, kd_http_request *req, const kd_route *route, const kd_path *path,
                             kd_asked *asked)
{
    kd_refusal why;
    const kd_path *found = path;
    bool known = kd_route_item(route->at[0], route->at[1], &s->served.collections, &asked->item, &why);
    if (known && !path) found = routes_find_counter(s, route->at[2], &asked->counter, &why);
    bool refused = !known || !found;
    if (refused && !path && central_alone_has(route)) return no_such_path(s, req, route);
    req->route = (path ? path : &s->app->paths.set)->first->path;
    if (!refused) return routes_pick(req, found, found->allow, asked);
    kd_answer_refusal(req, &why);
    return false;
}

static bool routes_find(kd_shard *s, kd_http_request *req, kd_asked *asked)
{
    const kd_paths *paths = &s->app->paths;
    kd_route route;
    if (kd_bytes_eq(req->path, kd_bytes_str("*"))) /* comes with OPTIONS alone */
        return routes_pick(req, NULL, paths->allow, asked);
    if (kd_route_cut(req->path, &route) != KD_OK) {
        kd_http_respond_problem(req, KD_PROBLEM_NOT_FOUND, "no such path; the API begins with /v1/", NULL, 0);
        return false;
    }
    kd_refusal why;
    if (!kd_strict_request(req, &why)) {
        kd_answer_refusal(req, &why);
        return false;
    }
    const kd_path *path = kd_paths_find(paths, &route);
    if (route.count == 3 || (path && path->item_at >= 0))
        return routes_find_item(s, req, &route, path, asked);
    if (!path) return no_such_path(s, req, &route);
    req->route = path->first->path;
    return routes_pick(req, path, path->allow, asked);
}

/* Whether a read was refused because of overload. Before a body is held, and before it is asked who the user is: it must cost little. */
static bool routes_shed(kd_shard *s, kd_http_request *req, const kd_endpoint *endpoint)
{
    if (s->level < KD_LEVEL_NO_READS || endpoint->writes) return false;
    kd_metric_add(&s->base.metrics.refused, 1);
    kd_answer_shed(req, s->base.settings->leave_after_us);
    return true;
}

bool kd_routes_begin(kd_http_request *req, void *arg)
{
    kd_shard *s = arg;
    kd_asked asked;
    kd_bearer who;
    kd_refusal why;
    if (!routes_find(s, req, &asked) || routes_shed(s, req, asked.endpoint)) return true;
    bool one =
        asked.endpoint->writes && asked.endpoint->kind; /* a batch is looked at operation by operation */
    bool likers = asked.endpoint->right == ROUTES_LIKERS;
    if (asked.endpoint->right != ROUTES_USER && !likers) return false;
    if ((likers ? kd_auth_likers : kd_auth_caller)(s, req, &who, &why) &&
        (!one || kd_auth_write(s, req, &who, kd_item_key(&asked.item), asked.counter, &why)))
        return false;
    kd_answer_refusal(req, &why);
    return true;
}

void kd_routes_handle(kd_http_request *req, void *arg)
{
    kd_shard *s = arg;
    kd_asked asked;
    if (routes_find(s, req, &asked) && !routes_shed(s, req, asked.endpoint))
        asked.endpoint->handle(s, req, &asked);
}
