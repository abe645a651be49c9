/* openapi.c - see the header. */
#include "common/io/openapi/openapi_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/io/daemon/command.h"
#include "common/io/http/etag.h"

/* ---- who may ask ---- */

/* Puts the schemes that `names` lists, each with a list of scopes, which is that of `scope` for the first. */
static void openapi_allow(json_t *security, const char *scheme, const char *scope, bool names_user)
{
    json_t *scopes = scope && *scope ? kd_openapi_pack("[s]", scope) : json_array();
    json_t *one = scheme ? kd_openapi_pack("{s:o}", scheme, scopes) : json_object();
    if (!scheme) json_decref(scopes);
    if (names_user) json_object_set_new(one, "user", json_array());
    json_array_append_new(security, one);
}

static json_t *openapi_security(const kd_openapi *doc, const kd_endpoint *endpoint)
{
    kd_openapi_who who = doc->source->who(endpoint->right);
    json_t *security = json_array();
    if (who.token) openapi_allow(security, "token", who.token, false);
    if (who.gateway) openapi_allow(security, NULL, NULL, true);
    if (who.edges) openapi_allow(security, "edge", NULL, who.names_user);
    if (who.operators) openapi_allow(security, "operator", NULL, who.names_user);
    if (who.edges || who.operators) openapi_allow(security, NULL, NULL, who.names_user);
    if (who.nobody) openapi_allow(security, NULL, NULL, false);
    return security;
}

static json_t *openapi_schemes(const kd_openapi_source *source)
{
    json_t *schemes = kd_openapi_pack(
        "{s:{s:s,s:s,s:s,s:s}, s:{s:s,s:s,s:s,s:s}}", "token", "type", "http", "scheme", "bearer",
        "bearerFormat", "JWT", "description", "A token of the user by the identity provider of [jwt].",
        "user", "type", "apiKey", "in", "header", "name", "X-User-Id", "description",
        "The user, as a peer says that http.trusted_peers or http.trusted_names trust.");
    if (source->edge) return schemes;
    json_object_set_new(schemes, "edge",
                        kd_openapi_pack("{s:s,s:s,s:s}", "type", "http", "scheme", "bearer", "description",
                                        "A token of http.edge_token_file. An address of http.edge_peers or a "
                                        "certificate of http.edge_names needs none."));
    json_object_set_new(schemes, "operator",
                        kd_openapi_pack("{s:s,s:s,s:s}", "type", "http", "scheme", "bearer", "description",
                                        "A token of http.operator_token_file. An address of "
                                        "http.trusted_peers or a certificate of http.operator_names needs "
                                        "none."));
    return schemes;
}

/* ---- operations ---- */

static json_t *openapi_body(kd_openapi *doc, const kd_endpoint *endpoint)
{
    bool required = !endpoint->kind && strcmp(endpoint->body, "Nothing") != 0;
    return kd_openapi_pack("{s:b, s:{s:{s:o}}}", "required", required, "content", "application/json",
                           "schema", kd_openapi_schema(doc, endpoint->body));
}

/* "has" and the counter "like": "has_like". */
static json_t *openapi_id(const kd_openapi_operation *op)
{
    char id[64];
    const char *counter = op->counter ? op->counter->name : "";
    snprintf(id, sizeof id, "%s%s%s", op->endpoint->id, *counter ? "_" : "", counter);
    return json_string(id);
}

/* What the operation does, and the counter that it is about. */
static json_t *openapi_summary(const kd_openapi_operation *op)
{
    char summary[128];
    const char *counter = op->counter ? op->counter->name : "";
    snprintf(summary, sizeof summary, "%s%s%s", op->endpoint->title, *counter ? ": " : "", counter);
    return json_string(summary);
}

static json_t *openapi_operation(kd_openapi *doc, const kd_openapi_operation *op)
{
    const kd_endpoint *endpoint = op->endpoint;
    json_t *one =
        kd_openapi_pack("{s:o, s:o, s:[s], s:o, s:o}", "operationId", openapi_id(op), "summary",
                        openapi_summary(op), "tags", doc->source->name, "security",
                        openapi_security(doc, endpoint), "parameters", kd_openapi_parameters(doc, op));
    if (endpoint->body) json_object_set_new(one, "requestBody", openapi_body(doc, endpoint));
    json_object_set_new(one, "responses", kd_openapi_responses(doc, op));
    return one;
}

/* The template with the counter's name in place of {counter}. */
static void openapi_path(const kd_openapi_operation *op, char *text, size_t size)
{
    const char *path = op->endpoint->path, *at = strstr(path, "{counter}");
    if (op->counter)
        snprintf(text, size, "%.*s%s", (int)(at - path), path, op->counter->name);
    else
        snprintf(text, size, "%s", path);
}

static void openapi_add(kd_openapi *doc, json_t *paths, const kd_openapi_operation *op)
{
    char path[128];
    const kd_http_method method = op->endpoint->method;
    openapi_path(op, path, sizeof path);
    if (!json_object_get(paths, path)) json_object_set_new(paths, path, json_object());
    json_object_set_new(json_object_get(paths, path),
                        method == KD_HTTP_GET    ? "get"
                        : method == KD_HTTP_POST ? "post"
                                                 : "delete",
                        openapi_operation(doc, op));
}

/* A row whose path ends in a counter is one operation for each counter of its kind. */
static json_t *openapi_paths(kd_openapi *doc)
{
    const kd_openapi_source *source = doc->source;
    json_t *paths = json_object();
    for (size_t i = 0; i < source->count; i++) {
        const kd_endpoint *endpoint = &source->table[i];
        if (!endpoint->kind) openapi_add(doc, paths, &(kd_openapi_operation){endpoint, NULL});
        for (uint32_t c = 0; endpoint->kind && c < source->counters->count; c++) {
            const kd_counter *counter = &source->counters->at[c];
            if (counter->kind == endpoint->kind && counter->name[0])
                openapi_add(doc, paths, &(kd_openapi_operation){endpoint, counter});
        }
    }
    return paths;
}

/* ---- the document ---- */

static json_t *openapi_document(const kd_openapi_source *source)
{
    kd_openapi doc = {source, json_object(), json_object(), json_object()};
    json_t *paths = openapi_paths(&doc);
    return kd_openapi_pack(
        "{s:s, s:{s:s,s:s,s:s,s:{s:s,s:s}}, s:[{s:s}], s:[{s:s,s:s}], s:o, s:{s:o,s:o,s:o,s:o}}", "openapi",
        "3.1.0", "info", "title", source->title, "version", KD_PROGRAM_VERSION, "description", source->about,
        "license", "name", "Apache-2.0", "identifier", "Apache-2.0", "servers", "url", "/", "tags", "name",
        source->name, "description", source->title, "paths", paths, "components", "schemas", doc.schemas,
        "responses", doc.responses, "headers", doc.headers, "securitySchemes", openapi_schemes(source));
}

void kd_openapi_write(const kd_openapi_source *source, bool indent, kd_buf *out)
{
    json_t *document = openapi_document(source);
    char *text = json_dumps(document, indent ? JSON_INDENT(1) : JSON_COMPACT);
    KD_ASSERT(text);
    kd_buf_put(out, text, strlen(text));
    free(text);
    json_decref(document);
}

void kd_openapi_respond(kd_openapi_page *page, const kd_openapi_source *source, kd_http_request *req)
{
    char etag[KD_ETAG_MAX];
    if (page->text.len == 0) kd_openapi_write(source, false, &page->text);
    kd_etag_write(kd_buf_view(&page->text), etag);
    const kd_http_field fields[] = {{"etag", kd_bytes_str(etag)},
                                    {"cache-control", kd_bytes_str("public, max-age=60")},
                                    {"content-type", kd_bytes_str("application/json")}};
    if (kd_etag_is_held(req, etag))
        kd_http_respond(req, 304, fields, 2, kd_bytes_of(NULL, 0));
    else
        kd_http_respond(req, 200, fields, KD_COUNT(fields), kd_buf_view(&page->text));
}

void kd_openapi_page_finish(kd_openapi_page *page)
{
    kd_buf_finish(&page->text);
}

int kd_openapi_print(const kd_openapi_source *source, const char *program)
{
    kd_buf text = {0};
    kd_openapi_write(source, true, &text);
    kd_buf_put_u8(&text, '\n');
    fwrite(text.data, 1, text.len, stdout);
    kd_buf_finish(&text);
    return kd_command_end(program, "", KD_EXIT_OK, "");
}
