/* openapi_answers.c - what an endpoint may answer: its own statuses, the problems of its row, and what the server refuses before it. */
#include "common/io/openapi/openapi_internal.h"

#include <stdio.h>

enum { STATUS_MAX = 600, KEY_MAX = 400 };

/* Slugs of one status, as bits: those of a row, and those of the server. */
typedef struct {
    const char *slugs[KD_PROBLEM_COUNT];
    uint32_t count;
} answer_slugs;

static void answer_add_slug(answer_slugs *s, const char *slug)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (strcmp(s->slugs[i], slug) == 0) return;
    s->slugs[s->count++] = slug;
}

static answer_slugs answer_slugs_of(const kd_endpoint *endpoint, uint32_t status)
{
    answer_slugs s = {.count = 0};
    size_t n;
    const kd_problem_text *server = kd_http_refusals(&n);
    const uint32_t may = endpoint->may | KD_MAY_ANY;
    for (kd_problem p = 0; p < KD_PROBLEM_COUNT; p++)
        if (may & 1u << p && kd_problem_status(p) == status) answer_add_slug(&s, kd_problem_slug(p));
    for (size_t i = 0; i < n; i++) /* 405 is of methods that no path has */
        if (server[i].status == status && status != 405) answer_add_slug(&s, server[i].slug);
    return s;
}

/* ---- headers ---- */

static const struct {
    const char *name, *pattern, *about;
} answer_fields[] = {
    {"ETag", "^\"[0-9a-f]{16}\"$", "of this body"},
    {"Cache-Control", NULL, "how long caches may keep it"},
    {"Vary", NULL, "JSON and MessagePack have one URL"},
    {"Location", NULL, "where to ask instead"},
    {"Kudos-Leader", NULL, "URL of the central that leads what is asked for; absent: unknown, or several"},
    {"Kudos-As-Of", NULL, "every like acknowledged anywhere before it is in the numbers; absent: unknown"},
    {"Kudos-Session", "^[A-Za-z0-9_-]+$", "the user's token, for the next request"},
    {"Kudos-Level", "^[1-4]$", "of overload; absent at level 0"},
    {"Kudos-Cursor", "^[A-Za-z0-9_-]*$", "for the next page; empty at the end"},
    {"Kudos-Partitions", "^[0-9]+$", "how many there are"},
    {"RateLimit-Policy", NULL, "the user's limits; absent where there is none"},
    {"RateLimit", NULL, "what is left of them"},
    {"Retry-After", "^[0-9]+$", "seconds"},
    {"WWW-Authenticate", NULL, "what token is wanted; absent where none is taken"},
};

static void answer_put_field(kd_openapi *doc, json_t *headers, const char *name, bool required)
{
    char key[64], ref[128];
    size_t i = 0;
    while (strcmp(answer_fields[i].name, name) != 0) i++;
    snprintf(key, sizeof key, "%s%s", name, required ? "" : "-optional");
    snprintf(ref, sizeof ref, "#/components/headers/%s", key);
    if (!json_object_get(doc->headers, key)) {
        json_t *schema = kd_openapi_pack("{s:s}", "type", "string");
        if (answer_fields[i].pattern)
            json_object_set_new(schema, "pattern", json_string(answer_fields[i].pattern));
        json_object_set_new(doc->headers, key,
                            kd_openapi_pack("{s:s, s:b, s:o}", "description", answer_fields[i].about,
                                            "required", required, "schema", schema));
    }
    json_object_set_new(headers, name, kd_openapi_pack("{s:s}", "$ref", ref));
}

/* Of every answer of the program, and of those of this endpoint that reach its limits. */
static json_t *answer_fields_of(kd_openapi *doc, const kd_endpoint *e, bool limits)
{
    json_t *headers = json_object();
    if (doc->source->edge) answer_put_field(doc, headers, "Kudos-Level", false);
    if (e->writes && limits) {
        answer_put_field(doc, headers, "RateLimit-Policy", false);
        answer_put_field(doc, headers, "RateLimit", false);
    }
    return headers;
}

static void answer_put_etag(kd_openapi *doc, json_t *headers, const kd_endpoint *e)
{
    if (e->traits & KD_GIVES_ETAG) answer_put_field(doc, headers, "ETag", true);
    if (e->traits & (KD_GIVES_ETAG | KD_GIVES_AGE)) answer_put_field(doc, headers, "Cache-Control", true);
    if (e->traits & (KD_GIVES_AS_OF | KD_GIVES_AGE)) answer_put_field(doc, headers, "Vary", true);
    if (!(e->traits & KD_GIVES_AS_OF)) return;
    answer_put_field(doc, headers, "Kudos-As-Of", false);
}

/* The same content in JSON and MessagePack; takes the schema over. */
static json_t *answer_media(json_t *schema, bool problem)
{
    json_t *content = json_object();
    for (kd_media media = KD_MEDIA_JSON; media <= KD_MEDIA_VND_MSGPACK; media++)
        json_object_set_new(content, problem ? kd_media_problem_type(media) : kd_media_type(media),
                            kd_openapi_pack("{s:O}", "schema", schema));
    json_decref(schema);
    return content;
}

/* ---- answers that are no problems ---- */

static json_t *answer_content(kd_openapi *doc, const kd_endpoint *e)
{
    json_t *schema = kd_openapi_schema(doc, e->answer);
    return e->type ? kd_openapi_pack("{s:{s:o}}", e->type, "schema", schema) : answer_media(schema, false);
}

static void answer_put_good(kd_openapi *doc, json_t *responses, const kd_endpoint *e)
{
    json_t *headers = answer_fields_of(doc, e, true);
    answer_put_etag(doc, headers, e);
    if (e->writes) answer_put_field(doc, headers, "Kudos-Session", false);
    if (e->traits & KD_GIVES_PAGE) {
        answer_put_field(doc, headers, "Kudos-Cursor", true);
        answer_put_field(doc, headers, "Kudos-Partitions", true);
    }
    json_object_set_new(responses, "200",
                        kd_openapi_pack("{s:s, s:o, s:o}", "description", e->title, "headers", headers,
                                        "content", answer_content(doc, e)));
}

static void answer_put_not_modified(kd_openapi *doc, json_t *responses, const kd_endpoint *e)
{
    if (!(e->traits & KD_GIVES_ETAG)) return;
    json_t *headers = answer_fields_of(doc, e, false);
    answer_put_etag(doc, headers, e);
    json_object_set_new(
        responses, "304",
        kd_openapi_pack("{s:s, s:o}", "description", "as If-None-Match has it", "headers", headers));
}

static void answer_put_redirect(kd_openapi *doc, json_t *responses, const kd_endpoint *e, const char *status,
                                const char *about)
{
    json_t *headers = answer_fields_of(doc, e, false);
    answer_put_field(doc, headers, "Location", true);
    answer_put_field(doc, headers, "Cache-Control", true);
    json_object_set_new(responses, status,
                        kd_openapi_pack("{s:s, s:o}", "description", about, "headers", headers));
}

/* ---- problems ---- */

/*
 * Narrows the members type and status of a Problem. Each says its type again: generators that join the parts of an allOf into one class
 * (openapi-python-client) leave an answer out when they cannot tell that a part narrows the other.
 */
static json_t *answer_problem_schema(kd_openapi *doc, const answer_slugs *s, uint32_t status)
{
    char type[64];
    json_t *types = json_array(), *schema = kd_openapi_schema(doc, "Problem");
    for (uint32_t i = 0; i < s->count; i++) {
        snprintf(type, sizeof type, "urn:kudos:%s", s->slugs[i]);
        json_array_append_new(types, json_string(type));
    }
    json_t *members = kd_openapi_pack("{s:{s:s,s:o}, s:{s:s,s:[i]}}", "type", "type", "string", "enum", types,
                                      "status", "type", "integer", "enum", (int)status);
    return kd_openapi_pack("{s:[o, {s:o}]}", "allOf", schema, "properties", members);
}

static json_t *answer_problem(kd_openapi *doc, const kd_endpoint *e, const answer_slugs *s, uint32_t status)
{
    char text[KEY_MAX] = "";
    json_t *headers = answer_fields_of(doc, e, true);
    if (status == 409 || status == 429 || status == 503) answer_put_field(doc, headers, "Retry-After", true);
    if (status == 421) answer_put_field(doc, headers, "Kudos-Leader", false);
    if (status == 401 || status == 403) answer_put_field(doc, headers, "WWW-Authenticate", false);
    for (uint32_t i = 0; i < s->count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i > 0 ? ", " : "", s->slugs[i]);
    return kd_openapi_pack("{s:s, s:o, s:o}", "description", text, "headers", headers, "content",
                           answer_media(answer_problem_schema(doc, s, status), true));
}

/* Equal responses of several operations stand once, among the components. */
static void answer_put_problem(kd_openapi *doc, json_t *responses, const kd_endpoint *e, uint32_t status)
{
    char key[KEY_MAX], ref[KEY_MAX + 32], number[8];
    answer_slugs s = answer_slugs_of(e, status);
    if (s.count == 0) return;
    snprintf(number, sizeof number, "%u", status);
    snprintf(key, sizeof key, "%u%s", status, e->writes ? "-limits" : "");
    for (uint32_t i = 0; i < s.count; i++)
        snprintf(key + strlen(key), sizeof key - strlen(key), ".%s", s.slugs[i]);
    if (!json_object_get(doc->responses, key))
        json_object_set_new(doc->responses, key, answer_problem(doc, e, &s, status));
    snprintf(ref, sizeof ref, "#/components/responses/%s", key);
    json_object_set_new(responses, number, kd_openapi_pack("{s:s}", "$ref", ref));
}

json_t *kd_openapi_responses(kd_openapi *doc, const kd_openapi_operation *op)
{
    json_t *responses = json_object();
    answer_put_good(doc, responses, op->endpoint);
    answer_put_not_modified(doc, responses, op->endpoint);
    if (op->endpoint->traits & KD_POINTS)
        answer_put_redirect(doc, responses, op->endpoint, "307", "to the central that leads the item");
    if (op->endpoint->traits & KD_REDIRECTS)
        answer_put_redirect(doc, responses, op->endpoint, "308", "to the canonical URL");
    for (uint32_t status = 400; status < STATUS_MAX; status++)
        answer_put_problem(doc, responses, op->endpoint, status);
    return responses;
}
