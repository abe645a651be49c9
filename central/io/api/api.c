/* api.c - from a path to its handler. */
#include "central/io/api/api.h"

#include "central/io/api/api_counts.h"
#include "central/io/api/api_members.h"
#include "central/io/api/read.h"
#include "common/io/loop/clock.h"
#include "common/io/http/strict.h"

int kd_api_init(kd_api *api, const kd_central_settings *settings, kd_loop *home, kd_worker *workers,
                char *error)
{
    *api = (kd_api){.settings = settings, .home = home, .workers = workers};
    kd_cidrs_init(&api->balancers, &settings->proxy_peers);
    return kd_access_init(&api->access, settings, error);
}

void kd_api_finish(kd_api *api)
{
    kd_access_finish(&api->access);
    kd_cidrs_finish(&api->balancers);
}

/* Answers 200, and frees the body. */
static void api_answer_body(kd_http_request *req, kd_buf *body)
{
    const char *type = kd_media_type(kd_http_request_media(req));
    const kd_http_field fields[] = {{"content-type", kd_bytes_str(type)},
                                    {"cache-control", kd_bytes_str("no-store")}};
    kd_http_respond(req, 200, fields, KD_COUNT(fields), kd_buf_view(body));
    kd_buf_finish(body);
}

/* An object of one number. */
static void api_answer_number(kd_http_request *req, const char *key, uint64_t value)
{
    kd_buf out = {.data = NULL};
    kd_json j = kd_media_writer(kd_http_request_media(req), &out);
    kd_json_object(&j);
    kd_json_put_u64(&j, key, value);
    kd_json_end_object(&j);
    api_answer_body(req, &out);
}

static void api_answer_time(kd_api *api, kd_http_request *req)
{
    (void)api;
    api_answer_number(req, "now_us", kd_clock_wall_us());
}

/* Names, wire ids and kinds: an edge compares its own configuration with them. */
static void api_write_catalogue(const kd_central_settings *s, kd_json *j)
{
    kd_json_object(j);
    kd_json_key(j, "collections");
    kd_json_array(j);
    for (uint32_t i = 0; i < s->collections.count; i++) kd_json_cstr(j, s->collections.at[i]);
    kd_json_end_array(j);
    kd_json_key(j, "counters");
    kd_json_array(j);
    for (uint32_t i = 0; i < s->counters.count; i++) {
        const kd_counter *c = &s->counters.at[i];
        kd_json_object(j);
        kd_json_put_str(j, "name", kd_bytes_str(c->name));
        kd_json_put_u64(j, "id", c->id);
        kd_json_put_str(j, "kind", kd_bytes_str(c->kind == KD_SET ? "set" : "sum"));
        kd_json_end_object(j);
    }
    kd_json_end_array(j);
    kd_json_end_object(j);
}

static void api_answer_catalogue(kd_api *api, kd_http_request *req)
{
    kd_buf out = {.data = NULL};
    kd_json j = kd_media_writer(kd_http_request_media(req), &out);
    api_write_catalogue(api->settings, &j);
    api_answer_body(req, &out);
}

/* An operator's command that was given the address of this port learns here where the admin port is. */
static void api_answer_admin(kd_api *api, kd_http_request *req)
{
    api_answer_number(req, "admin_port", api->admin_port);
}

static bool api_is_get(const kd_http_request *req)
{
    return req->method == KD_HTTP_GET || req->method == KD_HTTP_HEAD;
}

typedef void (*fixed_handler)(kd_api *api, kd_http_request *req);

enum { API_PREFIX = sizeof("/v1/") - 1 };

static const struct {
    const char *route; /* the path, with its prefix */
    kd_right right;
    fixed_handler get, post;
} fixed[] = {
    {"/v1/counts", KD_RIGHT_COUNTS, kd_api_counts_query, kd_api_counts_body},
    {"/v1/likes/lookup", KD_RIGHT_LIKED, NULL, kd_api_lookup},
    {"/v1/time", KD_RIGHT_TIME, api_answer_time, NULL},
    {"/v1/catalogue", KD_RIGHT_CATALOGUE, api_answer_catalogue, NULL},
    {"/v1/export", KD_RIGHT_EXPORT, kd_api_export, NULL},
    {"/v1/admin", KD_RIGHT_ADMIN, api_answer_admin, NULL},
};

/* True when the caller may go on; else the request has been answered. */
static bool api_may(kd_api *api, kd_http_request *req, kd_right right)
{
    kd_refusal why;
    bool may = kd_access_may(&api->access, req, right, &why);
    if (!may) kd_api_read_refuse(req, &why);
    return may;
}

static bool api_handle_fixed(kd_api *api, kd_http_request *req, const kd_route *route)
{
    for (size_t i = 0; i < KD_COUNT(fixed); i++) {
        if (!kd_route_is(route, fixed[i].route + API_PREFIX)) continue;
        req->route = fixed[i].route;
        if (!api_may(api, req, fixed[i].right)) return true;
        if (fixed[i].get && api_is_get(req))
            fixed[i].get(api, req);
        else if (fixed[i].post && req->method == KD_HTTP_POST)
            fixed[i].post(api, req);
        else
            kd_http_respond_wrong_method(req, !fixed[i].get    ? "POST"
                                              : !fixed[i].post ? "GET, HEAD"
                                                               : "GET, HEAD, POST");
        return true;
    }
    return false;
}

static const kd_refusal edges_alone_have = {KD_PROBLEM_NOT_FOUND,
                                            "central does not have this path: ask an edge", NULL};

typedef enum { TAIL_COUNTS, TAIL_LIKERS, TAIL_COUNTER } item_tail;

/* The last part of /v1/{collection}/{id}/TAIL; *counter is set for TAIL_COUNTER. False with *why filled. */
static bool api_read_tail(const kd_api *api, kd_bytes tail, item_tail *which, uint32_t *counter,
                          kd_refusal *why)
{
    *which = kd_bytes_eq(tail, kd_bytes_str("counts"))   ? TAIL_COUNTS
             : kd_bytes_eq(tail, kd_bytes_str("likers")) ? TAIL_LIKERS
                                                         : TAIL_COUNTER;
    if (*which != TAIL_COUNTER) return true;
    if (!kd_bytes_eq(tail, kd_bytes_str("display")))
        return kd_route_counter(tail, &api->settings->counters, KD_SET, counter, why);
    *why = edges_alone_have;
    return false;
}

static void api_answer_tail(kd_api *api, kd_http_request *req, const kd_item *item, item_tail which,
                            uint32_t counter)
{
    if (which == TAIL_COUNTS)
        kd_api_counts(api, req, item);
    else if (which == TAIL_LIKERS)
        kd_api_likers(api, req, item);
    else
        kd_api_liked(api, req, item, counter);
}

/* For the access log. */
static const char *api_item_route(const kd_route *route)
{
    if (kd_bytes_eq(route->at[0], kd_bytes_str("snapshots"))) return "/v1/snapshots/{collection}/{id}";
    if (kd_bytes_eq(route->at[2], kd_bytes_str("likers"))) return "/v1/{collection}/{id}/likers";
    if (kd_bytes_eq(route->at[2], kd_bytes_str("counts"))) return "/v1/{collection}/{id}/counts";
    return "/v1/{collection}/{id}/{counter}";
}

static kd_right api_item_right(const kd_http_request *req, const kd_route *route)
{
    kd_bytes by;
    if (kd_bytes_eq(route->at[0], kd_bytes_str("snapshots"))) return KD_RIGHT_SNAPSHOT;
    if (kd_bytes_eq(route->at[2], kd_bytes_str("likers"))) return KD_RIGHT_LIKERS;
    if (!kd_bytes_eq(route->at[2], kd_bytes_str("counts"))) return KD_RIGHT_LIKED;
    return kd_query_find(req->query, "by", &by) ? KD_RIGHT_PARTS : KD_RIGHT_COUNTS;
}

/* False with *why filled. A path that does not exist is refused as such, whatever its method. */
static bool api_handle_item(kd_api *api, kd_http_request *req, const kd_route *route, kd_refusal *why)
{
    kd_item item;
    item_tail which = TAIL_COUNTS;
    uint32_t counter = 0;
    bool snapshot = kd_bytes_eq(route->at[0], kd_bytes_str("snapshots"));
    kd_bytes collection = route->at[snapshot ? 1 : 0], id = route->at[snapshot ? 2 : 1];
    req->route = api_item_route(route);
    if (!kd_access_may(&api->access, req, api_item_right(req, route), why)) return false;
    if (!kd_route_item(collection, id, &api->settings->collections, &item, why)) return false;
    if (!snapshot && !api_read_tail(api, route->at[2], &which, &counter, why)) return false;
    if (!api_is_get(req))
        kd_http_respond_wrong_method(req, "GET, HEAD");
    else if (snapshot)
        kd_api_snapshot(api, req, &item);
    else
        api_answer_tail(api, req, &item, which, counter);
    return true;
}

/* The path's row in `fixed` that reads a body of this method; -1: none does. */
static int api_reads_body(const kd_http_request *req, const kd_route *route)
{
    for (size_t i = 0; i < KD_COUNT(fixed); i++) {
        if (fixed[i].post && req->method == KD_HTTP_POST && kd_route_is(route, fixed[i].route + API_PREFIX))
            return (int)i;
    }
    return -1;
}

bool kd_api_begin(kd_http_request *req, void *arg)
{
    kd_api *api = arg;
    kd_route route;
    kd_bytes user;
    kd_refusal why;
    int row = kd_route_cut(req->path, &route) == KD_OK ? api_reads_body(req, &route) : -1;
    if (row < 0) {
        if (api_is_get(req)) return false; /* a body is allowed, and ignored */
        kd_api_handle(req, api);           /* it refuses at once */
        return true;
    }
    req->route = fixed[row].route;
    if (!api_may(api, req, fixed[row].right)) return true;
    if (fixed[row].right != KD_RIGHT_LIKED || kd_api_read_user(api, req, &user, &why)) return false;
    kd_api_read_refuse(req, &why);
    return true;
}

void kd_api_handle(kd_http_request *req, void *arg)
{
    kd_api *api = arg;
    kd_route route;
    kd_refusal why = {KD_PROBLEM_NOT_FOUND, "no such path; the API begins with /v1/", NULL};
    if (kd_route_cut(req->path, &route) == KD_OK && kd_strict_request(req, &why)) {
        if (api_handle_fixed(api, req, &route)) return;
        if (kd_route_is(&route, "likes") || kd_route_is(&route, "display")) why = edges_alone_have;
        if (route.count == 3 && api_handle_item(api, req, &route, &why)) return;
    }
    kd_api_read_refuse(req, &why);
}
