/*
 * routes.c - the table of the API:
 *
 *     /v1/{collection}/{id}/counts | display          GET
 *     /v1/{collection}/{id}/{set counter}             POST DELETE GET
 *     /v1/{collection}/{id}/{sum counter}             POST
 *     /v1/counts                                      GET POST
 *     /v1/likes                                       POST
 *     /v1/likes/lookup                                POST
 */
#include "edge/io/http/routes.h"

#include "edge/io/http/answer.h"
#include "edge/io/http/likes.h"
#include "edge/io/http/reads.h"

static bool routes_is_get(const kd_http_request *req)
{
    return req->method == KD_HTTP_GET || req->method == KD_HTTP_HEAD;
}

static void handle_set(kd_shard *s, kd_http_request *req, const kd_item *item, uint32_t counter)
{
    if (req->method == KD_HTTP_POST)
        kd_likes_one(s, req, item, counter, KD_LIKE);
    else if (req->method == KD_HTTP_DELETE)
        kd_likes_one(s, req, item, counter, KD_UNLIKE);
    else if (routes_is_get(req))
        kd_reads_liked(s, req, item, counter);
    else
        kd_http_respond_wrong_method(req, "GET, HEAD, POST, DELETE");
}

static void handle_view(kd_shard *s, kd_http_request *req, const kd_item *item, kd_bytes tail)
{
    if (!routes_is_get(req))
        kd_http_respond_wrong_method(req, "GET, HEAD");
    else if (kd_bytes_eq(tail, kd_bytes_str("counts")))
        kd_reads_counts(s, req, item);
    else
        kd_reads_display(s, req, item);
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

static void routes_handle_item(kd_shard *s, kd_http_request *req, const kd_route *route)
{
    const kd_served *served = &s->served;
    kd_bytes tail = route->at[2];
    kd_item item;
    kd_refusal why;
    uint32_t counter;
    bool known = kd_route_item(route->at[0], route->at[1], &served->collections, &item, &why);
    if (central_alone_has(route)) {
        no_such_path(req, route);
    } else if (!known) {
        if (!why.field && why.problem == KD_PROBLEM_INVALID_ID) why.field = "id";
        kd_answer_refusal(req, &why);
    } else if (kd_bytes_eq(tail, kd_bytes_str("counts")) || kd_bytes_eq(tail, kd_bytes_str("display"))) {
        handle_view(s, req, &item, tail);
    } else if (kd_route_counter(tail, &served->counters, KD_SET, &counter, &why)) {
        handle_set(s, req, &item, counter);
    } else if (!kd_route_counter(tail, &served->counters, KD_SUM, &counter, &why)) {
        kd_answer_refusal(req, &why);
    } else if (req->method != KD_HTTP_POST) {
        kd_http_respond_wrong_method(req, "POST");
    } else {
        kd_likes_one(s, req, &item, counter, KD_ADD);
    }
}

static void handle_counts(kd_shard *s, kd_http_request *req)
{
    if (routes_is_get(req))
        kd_reads_query(s, req);
    else if (req->method == KD_HTTP_POST)
        kd_reads_bulk(s, req);
    else
        kd_http_respond_wrong_method(req, "GET, HEAD, POST");
}

void kd_routes_handle(kd_http_request *req, void *arg)
{
    kd_shard *s = arg;
    kd_route route;
    bool post = req->method == KD_HTTP_POST;
    if (kd_route_cut(req->path, &route) != KD_OK)
        kd_http_respond_problem(req, KD_PROBLEM_NOT_FOUND, "no such path; the API begins with /v1/", NULL, 0);
    else if (route.count == 3)
        routes_handle_item(s, req, &route);
    else if (kd_route_is(&route, "counts"))
        handle_counts(s, req);
    else if (kd_route_is(&route, "likes"))
        post ? kd_likes_batch(s, req) : kd_http_respond_wrong_method(req, "POST");
    else if (kd_route_is(&route, "likes/lookup"))
        post ? kd_reads_lookup(s, req) : kd_http_respond_wrong_method(req, "POST");
    else
        no_such_path(req, &route);
}
