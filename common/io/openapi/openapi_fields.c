/* openapi_fields.c - the parameters of requests: what is enforced by common/api/route.c, edge/io/http/auth.c and the handlers. */
#include "common/io/openapi/openapi_internal.h"

#include <stdio.h>

#include "common/api/trending.h"

static void field_put(json_t *list, const char *in, const char *name, bool required, json_t *schema,
                      const char *about)
{
    json_array_append_new(list,
                          kd_openapi_pack("{s:s, s:s, s:b, s:o, s:s}", "name", name, "in", in, "required",
                                          required, "schema", schema, "description", about));
}

static json_t *field_text(void)
{
    return kd_openapi_pack("{s:s}", "type", "string");
}

static json_t *field_number(uint64_t initial, uint64_t min, uint64_t max)
{
    return kd_openapi_pack("{s:s, s:I, s:I, s:I}", "type", "integer", "minimum", (json_int_t)min, "maximum",
                           (json_int_t)max, "default", (json_int_t)initial);
}

/* ---- in the path ---- */

static void field_put_path(kd_openapi *doc, json_t *list, const char *path)
{
    if (!strstr(path, "{collection}")) return;
    field_put(list, "path", "collection", true, kd_openapi_schema(doc, "Collection"), "of the item");
    field_put(list, "path", "id", true, kd_openapi_schema(doc, "Id"),
              "of the item; `.` and `..` are refused");
}

/* ---- in the query ---- */

static void field_put_items(kd_openapi *doc, json_t *list)
{
    json_t *schema =
        kd_openapi_pack("{s:s, s:o, s:i, s:i}", "type", "array", "items", kd_openapi_schema(doc, "Item"),
                        "minItems", 1, "maxItems", (int)KD_BULK_ITEMS_MAX);
    json_array_append_new(list, kd_openapi_pack("{s:s, s:s, s:b, s:s, s:b, s:o, s:s}", "name", "items", "in",
                                                "query", "required", 1, "style", "form", "explode", 0,
                                                "schema", schema, "description", "parted by commas"));
}

static json_t *field_windows(void)
{
    json_t *texts = json_array();
    for (uint32_t i = 0; i < KD_TRENDING_WINDOWS; i++)
        json_array_append_new(texts, json_string(kd_trending_windows[i].text));
    return kd_openapi_pack("{s:s, s:o}", "type", "string", "enum", texts);
}

static void field_put_window(json_t *list)
{
    json_t *schema = field_windows();
    json_object_set_new(schema, "default", json_string("10m"));
    field_put(list, "query", "window", false, schema, "in which likes count");
}

static json_t *field_hex(int bytes_min, int bytes_max)
{
    char pattern[64];
    snprintf(pattern, sizeof pattern, "^([0-9a-f]{2}){%d,%d}$", bytes_min, bytes_max);
    return kd_openapi_pack("{s:s, s:s}", "type", "string", "pattern", pattern);
}

static void field_put_seed(json_t *list)
{
    field_put(list, "query", "member", true,
              kd_openapi_pack("{s:s, s:s}", "type", "string", "pattern", "^[a-z0-9][a-z0-9._-]{0,31}$"),
              "the member that asks");
    field_put(list, "query", "seed", false, field_hex(8, 8),
              "the copy that an answer named; without it another one is begun");
    field_put(list, "query", "after", false, field_hex(1, 1024), "the key behind which the chunk begins");
    field_put(list, "query", "digest", false, field_hex(32, 32),
              "of the chunk that the asker has there: one that is the same is not sent");
}

static void field_put_query(kd_openapi *doc, json_t *list, const kd_endpoint *e)
{
    const uint32_t query = e->query;
    if (query & 1u << KD_QUERY_ITEMS) field_put_items(doc, list);
    if (query & 1u << KD_QUERY_ME)
        field_put(list, "query", "me", false, kd_openapi_pack("{s:s}", "type", "boolean"),
                  "whether each item is to have `liked`; needs a user");
    if (query & 1u << KD_QUERY_BY)
        field_put(list, "query", "by", false,
                  kd_openapi_pack("{s:s, s:[s,s]}", "type", "string", "enum", "region", "day"),
                  "parts of each count; needs an edge or an operator");
    if (query & 1u << KD_QUERY_COUNTER)
        field_put(list, "query", "counter", false,
                  kd_openapi_schema(doc, strcmp(e->answer, "Count") == 0 ? "AnyCounter" : "SetCounter"),
                  "the first one when left out");
    if (query & 1u << KD_QUERY_ORDER)
        field_put(list, "query", "order", false,
                  kd_openapi_pack("{s:s, s:[s,s], s:s}", "type", "string", "enum", "key", "newest", "default",
                                  "key"),
                  "key: by the users' ids; newest: the newest like first, where central.index_newest is "
                  "switched on");
    if (query & 1u << KD_QUERY_USER)
        field_put(list, "query", "user", false, kd_openapi_schema(doc, "Id"),
                  "another user than the caller: for whoever may ask for likers");
    if (query & 1u << KD_QUERY_LIMIT)
        field_put(list, "query", "limit", false, field_number(e->page, 1, e->page_max), "of a page");
    if (query & 1u << KD_QUERY_CURSOR)
        field_put(list, "query", "cursor", false,
                  kd_openapi_pack("{s:s, s:s}", "type", "string", "pattern", "^[A-Za-z0-9_-]+$"),
                  "of the page before");
    if (query & 1u << KD_QUERY_EDGE)
        field_put(list, "query", "edge", false,
                  kd_openapi_pack("{s:s, s:s}", "type", "string", "pattern", "^[a-z0-9][a-z0-9._-]{0,31}$"),
                  "the edge that asks");
    if (query & 1u << KD_QUERY_PARTITION)
        field_put(list, "query", "partition", false, field_number(0, 0, doc->source->partitions - 1),
                  "of the likes and counts topics");
    if (query & 1u << KD_QUERY_COLLECTION)
        field_put(list, "query", "collection", true, kd_openapi_schema(doc, "Collection"), "of the items");
    if (query & 1u << KD_QUERY_WINDOW) field_put_window(list);
    if (query & 1u << KD_QUERY_SUMS)
        field_put(list, "query", "sums", false, kd_openapi_pack("{s:s}", "type", "boolean"),
                  "true: lines of sums instead: counter, item, amount, region");
    if (query & 1u << KD_QUERY_SEED) field_put_seed(list);
    if (query & 1u << KD_QUERY_VELOCITY)
        field_put(list, "query", "velocity", false, field_windows(),
                  "each set counter is to have `velocity`: the likes of that time");
}

/* ---- headers ---- */

static json_t *field_key(void)
{
    char pattern[64];
    snprintf(pattern, sizeof pattern, "^([!#-~]{1,%d}|\"[!#-~]{1,%d}\")$", KD_IDEMPOTENCY_KEY_MAX,
             KD_IDEMPOTENCY_KEY_MAX);
    return kd_openapi_pack("{s:s, s:s}", "type", "string", "pattern", pattern);
}

static void field_put_headers(json_t *list, const kd_endpoint *e)
{
    if (e->writes) {
        field_put(list, "header", "Kudos-Session", false,
                  kd_openapi_pack("{s:s, s:s}", "type", "string", "pattern", "^[A-Za-z0-9_-]+$"),
                  "the token of the user's last answer; one that is not good is refused");
        field_put(list, "header", "Idempotency-Key", false, field_key(), "makes a retry safe");
        field_put(list, "header", "X-Idempotency-Key", false, field_key(), "the same under another name");
    }
    if (e->traits & KD_TAKES_SESSION)
        field_put(list, "header", "Kudos-Session", false, field_text(),
                  "the token of the user's last answer; one that is not good counts as none");
    if (e->traits & KD_TAKES_SEEN)
        field_put(list, "header", "Kudos-Seen", false, field_text(), "what an edge knows of other edges");
    if (e->traits & KD_POINTS)
        field_put(list, "header", "Kudos-Ask", false, field_text(),
                  "leader: no follower is to answer; who does not lead answers 421");
    if (e->traits & KD_GIVES_ETAG)
        field_put(list, "header", "If-None-Match", false, field_text(), "an ETag of an earlier answer");
    field_put(list, "header", "traceparent", false, field_text(),
              "of W3C Trace Context; one that is not valid is ignored");
}

json_t *kd_openapi_parameters(kd_openapi *doc, const kd_openapi_operation *op)
{
    json_t *list = json_array();
    field_put_path(doc, list, op->endpoint->path);
    field_put_query(doc, list, op->endpoint);
    field_put_headers(list, op->endpoint);
    return list;
}
