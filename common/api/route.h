/*
 * route.h - paths, items and counters as requests name them: cut, percent-decoded, validated, and refused with a problem of the contract. Pure;
 * shared by edge and central so that both refuse alike.
 *
 * Paths are /v1/{fixed...} or /v1/{collection}/{id}/{tail}. Each program has fixed paths of its own: it asks kd_route_is for these first, then takes
 * a path of three segments for an item's.
 */
#ifndef KUDOS_COMMON_API_ROUTE_H
#define KUDOS_COMMON_API_ROUTE_H

#include "common/conf/options.h"
#include "common/api/problem.h"
#include "kudos/id.h"
#include "kudos/percent.h"

enum { KD_ROUTE_SEGMENTS_MAX = 4 };

/* The segments behind /v1, raw, as views into the path. */
typedef struct {
    kd_bytes at[KD_ROUTE_SEGMENTS_MAX];
    uint32_t count;
} kd_route;

/* Why a request is refused, as kd_http_respond_problem takes it. Texts are static, but for a `field` that lives as long
 * as the kd_body_users at fault; field may be NULL. */
typedef struct {
    kd_problem problem;
    const char *detail;
    const char *field;
} kd_refusal;

/* KD_OK, or KD_ENOTFOUND when the path does not begin with /v1/, has no or too many segments, or ends in a
 * slash. */
int kd_route_cut(kd_bytes path, kd_route *route);
/* Whether the segments are exactly these: "counts", "likes/lookup". No percent-decoding. */
bool kd_route_is(const kd_route *route, const char *segments);

/* The functions below return true, or false with *why filled. `collections` are those of the configuration. Raw: still percent-encoded, as in a path
 * or a query; text: plain, as in JSON. */

/* An item of two raw segments. */
bool kd_route_item(kd_bytes collection, kd_bytes id, const kd_strings *collections, kd_item *item,
                   kd_refusal *why);
/* An item of plain text "collection/id". `field` is named in a refusal. */
bool kd_route_item_text(kd_bytes text, const kd_strings *collections, const char *field, kd_item *item,
                        kd_refusal *why);
/* A raw query value "posts/1,reels/2" of 1 to KD_BULK_ITEMS_MAX items. */
bool kd_route_items(kd_bytes raw, const kd_strings *collections, kd_item items[KD_BULK_ITEMS_MAX],
                    uint32_t *count, kd_refusal *why);
/* Parameters of queries, of both programs. */
#define KD_QUERY_NAMES(X)                                                                                    \
    X(ITEMS, "items")                                                                                        \
    X(ME, "me")                                                                                              \
    X(BY, "by")                                                                                              \
    X(COUNTER, "counter")                                                                                    \
    X(LIMIT, "limit")                                                                                        \
    X(CURSOR, "cursor")                                                                                      \
    X(EDGE, "edge")                                                                                          \
    X(PARTITION, "partition")                                                                                \
    X(ORDER, "order")                                                                                        \
    X(USER, "user")                                                                                          \
    X(COLLECTION, "collection")                                                                              \
    X(WINDOW, "window")                                                                                      \
    X(VELOCITY, "velocity")                                                                                  \
    X(SUMS, "sums")                                                                                          \
    X(SEED, "seed")                                                                                          \
    X(AFTER, "after")                                                                                        \
    X(DIGEST, "digest")                                                                                      \
    X(MEMBER, "member")

typedef enum {
#define X(name, text) KD_QUERY_##name,
    KD_QUERY_NAMES(X)
#undef X
} kd_query;

/* Each parameter of the API that the query names stands there once, has a value, and its name is not percent-encoded. Of two a cache in front might take
 * the first and we the second; an empty one would do something other than its author meant. Others are ignored. */
bool kd_route_query(kd_bytes query, kd_refusal *why);
/* The same of every parameter, whatever its name: for admin ports, which know no parameters of others. */
bool kd_route_query_is_plain(kd_bytes query);
/* A raw segment as counter of that kind; *index into counters->at. */
bool kd_route_counter(kd_bytes raw, const kd_counters *counters, kd_counter_kind kind, uint32_t *index,
                      kd_refusal *why);
/* counter= of a query, of any kind; without it the first counter that is offered. */
bool kd_route_any_counter(kd_bytes query, const kd_counters *counters, uint32_t *index, kd_refusal *why);
/* A number of a query: 1 to 18 decimal digits, from min to max; *value is `initial` when the name is absent. */
bool kd_route_number(kd_bytes query, const char *name, uint64_t initial, uint64_t min, uint64_t max,
                     uint64_t *value, kd_refusal *why);

/* Refuses names of a configuration that a fixed path would hide. A counter is the last segment of a path, where `counts`, `display` and `likers`
 * stand too; a collection is the first of three segments, where central has `snapshots`. KD_OK, or KD_EINVAL with `error` (KD_OPTIONS_ERROR_MAX
 * bytes), which names the option. */
int kd_route_check_names(const kd_strings *collections, const kd_counters *counters, char *error);

#endif
