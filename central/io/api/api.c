/* api.c - the table of the API, and from a path to its row. */
#include "central/io/api/api.h"

#include <sodium.h>

#include "central/io/api/api_counts.h"
#include "central/io/api/api_me.h"
#include "central/io/api/api_members.h"
#include "central/io/api/api_seed.h"
#include "central/io/api/api_standing.h"
#include "central/io/api/api_trending.h"
#include "central/io/api/api_users.h"
#include "central/io/api/read.h"
#include "common/api/trending.h"
#include "common/io/loop/clock.h"
#include "common/io/http/strict.h"

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

static void api_answer_time(void *arg, kd_http_request *req, const kd_asked *asked)
{
    (void)arg, (void)asked;
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

static void api_answer_catalogue(void *arg, kd_http_request *req, const kd_asked *asked)
{
    const kd_api *api = arg;
    kd_buf out = {.data = NULL};
    (void)asked;
    kd_json j = kd_media_writer(kd_http_request_media(req), &out);
    api_write_catalogue(api->settings, &j);
    api_answer_body(req, &out);
}

/* An operator's command that was given the address of this port learns here where the admin port is. */
static void api_answer_admin(void *arg, kd_http_request *req, const kd_asked *asked)
{
    const kd_api *api = arg;
    (void)asked;
    api_answer_number(req, "admin_port", api->admin_port);
}

/* ---- the table ---- */

static void api_counts(void *api, kd_http_request *req, const kd_asked *asked)
{
    kd_api_counts(api, req, &asked->item);
}

static void api_count(void *api, kd_http_request *req, const kd_asked *asked)
{
    kd_api_count(api, req, &asked->item);
}

static void api_likers(void *api, kd_http_request *req, const kd_asked *asked)
{
    kd_api_likers(api, req, &asked->item);
}

static void api_among(void *api, kd_http_request *req, const kd_asked *asked)
{
    kd_api_among(api, req, &asked->item);
}

static void api_without(void *api, kd_http_request *req, const kd_asked *asked)
{
    kd_api_without(api, req, &asked->item);
}

static void api_liked(void *api, kd_http_request *req, const kd_asked *asked)
{
    kd_api_liked(api, req, &asked->item, asked->counter);
}

static void api_me(void *api, kd_http_request *req, const kd_asked *asked)
{
    kd_api_me(api, req, asked->counter);
}

static void api_snapshot(void *api, kd_http_request *req, const kd_asked *asked)
{
    kd_api_snapshot(api, req, &asked->item);
}

static void api_counts_query(void *api, kd_http_request *req, const kd_asked *asked)
{
    (void)asked;
    kd_api_counts_query(api, req);
}

static void api_counts_body(void *api, kd_http_request *req, const kd_asked *asked)
{
    (void)asked;
    kd_api_counts_body(api, req);
}

static void api_lookup(void *api, kd_http_request *req, const kd_asked *asked)
{
    (void)asked;
    kd_api_lookup(api, req);
}

static void api_trending(void *api, kd_http_request *req, const kd_asked *asked)
{
    (void)asked;
    kd_api_trending(api, req);
}

static void api_export(void *api, kd_http_request *req, const kd_asked *asked)
{
    (void)asked;
    kd_api_export(api, req);
}

static void api_seed(void *api, kd_http_request *req, const kd_asked *asked)
{
    (void)asked;
    kd_api_seed(api, req);
}

static void api_standing(void *api, kd_http_request *req, const kd_asked *asked)
{
    (void)asked;
    kd_api_standing(api, req);
}

/* Of what this central has now. */
static void api_openapi(void *arg, kd_http_request *req, const kd_asked *asked)
{
    kd_api *api = arg;
    const kd_openapi_source source = kd_api_source(api->settings);
    (void)asked;
    kd_openapi_respond(&api->description, &source, req);
}

#define API_ASKED (KD_MAY(UNAUTHORIZED) | KD_MAY(FORBIDDEN) | KD_MAY(RATE_LIMITED))
#define API_READS (API_ASKED | KD_MAY(STORAGE_FAILED) | KD_MAY(MISDIRECTED) | KD_MAY(CENTRAL_UNAVAILABLE))
#define API_INDEX (KD_MAY(INDEX_OFF) | KD_MAY(INDEX_BUILDING))
#define API_NAMES (API_READS | KD_MAY(INVALID_ID) | KD_MAY(UNKNOWN_COLLECTION))

/* Snapshots first: an item of theirs may be called counts. */
static const kd_endpoint api_table[] = {
    {KD_HTTP_GET, "/v1/snapshots/{collection}/{id}", "snapshot", "An item as a record, for edges",
     .right = KD_RIGHT_SNAPSHOT, .may = API_NAMES, .query = KD_READS(EDGE), .answer = "Record",
     .type = "application/msgpack", .handle = api_snapshot},
    {KD_HTTP_GET, "/v1/{collection}/{id}/counts", "counts", "All counters of an item",
     .right = KD_RIGHT_COUNTS, .may = API_NAMES, .query = KD_READS(BY), .answer = "Counts",
     .traits = KD_POINTS, .handle = api_counts},
    {KD_HTTP_POST, "/v1/{collection}/{id}/counts", "counts_without",
     "All counters of an item without some users", .right = KD_RIGHT_USERS, .may = API_NAMES,
     .body = "AskWithout", .answer = "CountsWithout", .traits = KD_POINTS, .handle = api_without},
    {KD_HTTP_GET, "/v1/{collection}/{id}/count", "count", "One number of an item", .right = KD_RIGHT_COUNTS,
     .may = API_NAMES | KD_MAY(UNKNOWN_COUNTER), .query = KD_READS(COUNTER), .answer = "Count",
     .traits = KD_POINTS, .handle = api_count},
    {KD_HTTP_GET, "/v1/{collection}/{id}/likers", "likers", "Who likes an item", .right = KD_RIGHT_LIKERS,
     .may = API_NAMES | API_INDEX | KD_MAY(UNKNOWN_COUNTER), .page = KD_LIKERS_PAGE,
     .page_max = KD_LIKERS_PAGE_MAX,
     .query = KD_READS(COUNTER) | KD_READS(ORDER) | KD_READS(LIMIT) | KD_READS(CURSOR), .answer = "Likers",
     .traits = KD_POINTS, .handle = api_likers},
    {KD_HTTP_POST, "/v1/{collection}/{id}/likers/among", "among", "Who of some users likes an item",
     .right = KD_RIGHT_USERS, .may = API_NAMES | KD_MAY(UNKNOWN_COUNTER), .body = "AskAmong",
     .answer = "Among", .traits = KD_POINTS, .handle = api_among},
    {KD_HTTP_GET, "/v1/{collection}/{id}/{counter}", "has", "Whether the user likes the item", KD_SET,
     KD_RIGHT_LIKED, .may = API_NAMES, .traits = KD_POINTS | KD_TAKES_SEEN, .answer = "Liked",
     .handle = api_liked},
    {KD_HTTP_GET, "/v1/me/{counter}", "mine", "What the user likes, the newest like first", KD_SET,
     KD_RIGHT_LIKED, .may = API_READS | API_INDEX | KD_MAY(INVALID_ID), .page = KD_ME_PAGE,
     .page_max = KD_ME_PAGE_MAX, .query = KD_READS(USER) | KD_READS(LIMIT) | KD_READS(CURSOR),
     .answer = "Mine", .handle = api_me},
    {KD_HTTP_GET, "/v1/counts", "counts_of", "Counters of many items", .right = KD_RIGHT_COUNTS,
     .may = API_NAMES, .query = KD_READS(ITEMS) | KD_READS(VELOCITY), .answer = "CountsList",
     .handle = api_counts_query},
    {KD_HTTP_POST, "/v1/counts", "ask_counts", "Counters of many items, in a body", .right = KD_RIGHT_COUNTS,
     .may = API_NAMES | KD_MAY(UNKNOWN_COUNTER), .query = KD_READS(VELOCITY), .body = "AskCounts",
     .answer = "CountsForMeList", .handle = api_counts_body},
    {KD_HTTP_POST, "/v1/likes/lookup", "lookup", "Whether the user likes these items",
     .right = KD_RIGHT_LIKED, .may = API_NAMES | KD_MAY(UNKNOWN_COUNTER), .traits = KD_TAKES_SEEN,
     .body = "AskLiked", .answer = "LikedList", .handle = api_lookup},
    {KD_HTTP_GET, "/v1/trending", "trending", "Items that gain likes fastest", .right = KD_RIGHT_COUNTS,
     .may = API_READS | KD_MAY(UNKNOWN_COLLECTION) | KD_MAY(UNKNOWN_COUNTER) | KD_MAY(NOT_FOUND),
     .page = KD_TRENDING_LIMIT, .page_max = KD_TRENDING_ITEMS_MAX,
     .query = KD_READS(COLLECTION) | KD_READS(COUNTER) | KD_READS(WINDOW) | KD_READS(LIMIT),
     .answer = "Trending", .handle = api_trending},
    {KD_HTTP_GET, "/v1/time", "time", "Central's clock", .right = KD_RIGHT_TIME, .may = API_ASKED,
     .answer = "Time", .handle = api_answer_time},
    {KD_HTTP_GET, "/v1/catalogue", "catalogue", "Collections and counters", .right = KD_RIGHT_CATALOGUE,
     .may = API_ASKED, .answer = "Catalogue", .handle = api_answer_catalogue},
    {KD_HTTP_GET, "/v1/members", "members", "Who leads each partition", .right = KD_RIGHT_MEMBERS,
     .may = API_ASKED, .answer = "Members", .handle = api_standing},
    {KD_HTTP_GET, "/v1/export", "export", "All who like, by partition", .right = KD_RIGHT_EXPORT,
     .may = API_READS, .page = KD_EXPORT_PAGE, .page_max = KD_EXPORT_PAGE_MAX,
     .query = KD_READS(PARTITION) | KD_READS(LIMIT) | KD_READS(CURSOR) | KD_READS(SUMS),
     .traits = KD_POINTS | KD_GIVES_PAGE, .answer = "Lines", .type = "text/tab-separated-values",
     .handle = api_export},
    {KD_HTTP_GET, "/v1/seed", "seed", "A chunk of a partition, for a member that lacks its state",
     .right = KD_RIGHT_SEED,
     .may = API_ASKED | KD_MAY(NOT_FOUND) | KD_MAY(STORAGE_FAILED) | KD_MAY(CENTRAL_UNAVAILABLE),
     .query = KD_READS(PARTITION) | KD_READS(MEMBER) | KD_READS(SEED) | KD_READS(AFTER) | KD_READS(DIGEST),
     .answer = "SeedChunk", .type = "application/octet-stream", .handle = api_seed},
    {KD_HTTP_GET, "/v1/admin", "admin", "The admin port", .right = KD_RIGHT_ADMIN, .may = API_ASKED,
     .answer = "Admin", .handle = api_answer_admin},
    {KD_HTTP_GET, "/v1/openapi.json", "openapi", "This description", .right = KD_RIGHT_OPENAPI,
     .traits = KD_GIVES_ETAG, .answer = "OpenApi", .type = "application/json", .handle = api_openapi},
};

kd_openapi_source kd_api_source(const kd_central_settings *settings)
{
    return (kd_openapi_source){.title = "Kudos, central",
                               .about = "Answers reads about everything. docs/api.md tells who may ask.",
                               .name = "central",
                               .table = api_table,
                               .count = KD_COUNT(api_table),
                               .collections = &settings->collections,
                               .counters = &settings->counters,
                               .partitions = settings->partitions,
                               .who = kd_access_who};
}

int kd_api_init(kd_api *api, const kd_central_settings *settings, kd_loop *home, kd_worker *workers,
                char *error)
{
    uint64_t seed;
    *api = (kd_api){.settings = settings, .home = home, .workers = workers};
    randombytes_buf(&seed, sizeof seed);
    kd_api_windows_init(&api->windows, seed);
    kd_cidrs_init(&api->balancers, &settings->proxy_peers);
    kd_paths_init(&api->paths, api_table, KD_COUNT(api_table), false);
    return kd_access_init(&api->access, settings, error);
}

void kd_api_finish(kd_api *api)
{
    kd_access_finish(&api->access);
    kd_openapi_page_finish(&api->description);
    kd_cidrs_finish(&api->balancers);
}

/* ---- from a request to its row ---- */

/* True when the caller may go on; else the request has been answered. */
static bool api_may(kd_api *api, kd_http_request *req, kd_right right)
{
    kd_refusal why;
    bool may = kd_access_may(&api->access, req, right, &why);
    if (!may) kd_api_read_refuse(req, &why);
    return may;
}

static const kd_refusal edges_alone_have = {KD_PROBLEM_NOT_FOUND,
                                            "central does not have this path: ask an edge", NULL};
static const kd_refusal nobody_has = {KD_PROBLEM_NOT_FOUND, "no such path; the API begins with /v1/", NULL};

/* A method that the path does not have is refused to whoever may ask for its first row. */
static kd_right api_right(const kd_http_request *req, const kd_path *path)
{
    kd_bytes by;
    const kd_endpoint *asked = kd_path_endpoint(path, req->method);
    kd_right right = asked ? asked->right : path->first->right;
    bool parts = path->item_at >= 0 && right == KD_RIGHT_COUNTS && kd_query_find(req->query, "by", &by);
    return parts ? KD_RIGHT_PARTS : right;
}

static bool api_find_counter(const kd_api *api, kd_bytes tail, uint32_t *counter, kd_refusal *why)
{
    if (!kd_bytes_eq(tail, kd_bytes_str("display")))
        return kd_route_counter(tail, &api->settings->counters, KD_SET, counter, why);
    *why = edges_alone_have;
    return false;
}

/* The path that the request names, and of *asked what it is about; NULL with *why filled: there is none, or the caller may not ask. A path that does
 * not exist is refused as such, whatever its method. */
static const kd_path *api_find(kd_api *api, kd_http_request *req, const kd_route *route, kd_asked *asked,
                               kd_refusal *why)
{
    const kd_path *named = kd_paths_find(&api->paths, route);
    const kd_path *path = !named && route->count == 3 ? &api->paths.set : named;
    if (!path) {
        bool edges = kd_route_is(route, "likes") || kd_route_is(route, "display") ||
                     kd_route_is(route, "live") || kd_route_is(route, "visitors");
        *why = edges ? edges_alone_have : nobody_has;
        return NULL;
    }
    req->route = path->first->path;
    if (!kd_access_may(&api->access, req, api_right(req, path), why)) return NULL;
    if (path->counter_at >= 0)
        return kd_route_counter(route->at[path->counter_at], &api->settings->counters, KD_SET,
                                &asked->counter, why)
                   ? path
                   : NULL;
    if (path->item_at < 0) return path;
    const kd_bytes *item = &route->at[path->item_at];
    bool good = kd_route_item(item[0], item[1], &api->settings->collections, &asked->item, why) &&
                (named || api_find_counter(api, route->at[2], &asked->counter, why));
    return good ? path : NULL;
}

bool kd_api_begin(kd_http_request *req, void *arg)
{
    kd_api *api = arg;
    kd_route route;
    kd_bytes user;
    kd_refusal why;
    const kd_path *path =
        kd_route_cut(req->path, &route) == KD_OK ? kd_paths_find(&api->paths, &route) : NULL;
    const kd_endpoint *endpoint = path ? kd_path_endpoint(path, req->method) : NULL;
    if (!endpoint || !endpoint->body) {
        if (req->method == KD_HTTP_GET || req->method == KD_HTTP_HEAD)
            return false;        /* a body is allowed, and ignored */
        kd_api_handle(req, api); /* it refuses at once */
        return true;
    }
    req->route = endpoint->path;
    if (!api_may(api, req, endpoint->right)) return true;
    if (endpoint->right != KD_RIGHT_LIKED || kd_api_read_user(api, req, &user, &why)) return false;
    kd_api_read_refuse(req, &why);
    return true;
}

void kd_api_handle(kd_http_request *req, void *arg)
{
    kd_api *api = arg;
    kd_route route;
    kd_asked asked;
    kd_refusal why = nobody_has;
    const kd_path *path = NULL;
    if (kd_route_cut(req->path, &route) == KD_OK && kd_strict_request(req, &why))
        path = api_find(api, req, &route, &asked, &why);
    asked.endpoint = path ? kd_path_endpoint(path, req->method) : NULL;
    if (asked.endpoint)
        asked.endpoint->handle(api, req, &asked);
    else if (path)
        kd_http_respond_wrong_method(req, path->allow);
    else
        kd_api_read_refuse(req, &why);
}
