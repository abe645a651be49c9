/* endpoint.c - see the header. */
#include "common/io/http/endpoint.h"

#include <stdio.h>

static void path_put_method(char *allow, const char *name)
{
    size_t len = strlen(allow);
    int put = snprintf(allow + len, KD_ALLOW_MAX - len, "%s%s", len > 0 ? ", " : "", name);
    KD_ASSERT(put > 0 && len + (size_t)put < KD_ALLOW_MAX);
}

static void path_write_allow(char *allow, bool get, bool post, bool remove, bool options)
{
    allow[0] = '\0';
    if (get) path_put_method(allow, "GET, HEAD");
    if (post) path_put_method(allow, "POST");
    if (remove) path_put_method(allow, "DELETE");
    if (options) path_put_method(allow, "OPTIONS");
}

/* A segment of a template that stands for any text. */
static bool path_is_open(kd_bytes segment)
{
    return segment.data[0] == '{';
}

static void path_init(kd_path *path, const kd_endpoint *first, const kd_route *template)
{
    *path = (kd_path){.first = first, .template = *template, .item_at = -1, .counter_at = -1};
    for (uint32_t i = 0; i < template->count; i++) {
        if (kd_bytes_eq(template->at[i], kd_bytes_str("{collection}"))) path->item_at = (int)i;
        bool alone = path->item_at < 0 && kd_bytes_eq(template->at[i], kd_bytes_str("{counter}"));
        if (alone) path->counter_at = (int)i;
    }
}

static void path_add(kd_path *path, const kd_endpoint *e)
{
    const kd_endpoint **at = e->method == KD_HTTP_GET    ? &path->get
                             : e->method == KD_HTTP_POST ? &path->post
                                                         : &path->remove;
    KD_ASSERT(!*at);
    *at = e;
}

static bool path_begins(const kd_endpoint *table, size_t i)
{
    return i == 0 || table[i].kind != table[i - 1].kind || strcmp(table[i].path, table[i - 1].path) != 0;
}

/* From the row that is its first. */
static void path_read(kd_path *path, const kd_endpoint *table, size_t count, bool options)
{
    kd_route template;
    KD_ASSERT(kd_route_cut(kd_bytes_str(table->path), &template) == KD_OK);
    path_init(path, table, &template);
    for (size_t i = 0; i < count && (i == 0 || !path_begins(table, i)); i++) path_add(path, &table[i]);
    path_write_allow(path->allow, path->get, path->post, path->remove, options);
}

/* Behind those that are there: the paths of `segments` segments. */
static uint32_t paths_gather(kd_paths *paths, uint32_t n, uint32_t segments, const kd_endpoint *table,
                             size_t count, bool options)
{
    for (size_t i = 0; i < count; i++) {
        kd_path path;
        if (!path_begins(table, i)) continue;
        path_read(&path, table + i, count - i, options);
        if (path.template.count != segments) continue;
        if (table[i].kind && path.item_at >= 0) {
            *(table[i].kind == KD_SET ? &paths->set : &paths->sum) = path;
            continue;
        }
        KD_ASSERT(n < KD_PATHS_MAX);
        paths->at[n++] = path;
    }
    return n;
}

void kd_paths_init(kd_paths *paths, const kd_endpoint *table, size_t count, bool options)
{
    bool get = false, post = false, remove = false;
    uint32_t n = 0;
    *paths = (kd_paths){.begin = {0}};
    for (size_t i = 0; i < count; i++) {
        get |= table[i].method == KD_HTTP_GET;
        post |= table[i].method == KD_HTTP_POST;
        remove |= table[i].method == KD_HTTP_DELETE;
    }
    path_write_allow(paths->allow, get, post, remove, options);
    for (uint32_t segments = 0; segments <= KD_ROUTE_SEGMENTS_MAX; segments++) {
        paths->begin[segments] = n;
        n = paths_gather(paths, n, segments, table, count, options);
    }
    paths->begin[KD_ROUTE_SEGMENTS_MAX + 1] = n;
}

static bool path_fits(const kd_path *path, const kd_route *route)
{
    for (uint32_t i = 0; i < route->count; i++)
        if (!path_is_open(path->template.at[i]) && !kd_bytes_eq(path->template.at[i], route->at[i]))
            return false;
    return true;
}

const kd_path *kd_paths_find(const kd_paths *paths, const kd_route *route)
{
    for (uint32_t i = paths->begin[route->count]; i < paths->begin[route->count + 1]; i++)
        if (path_fits(&paths->at[i], route)) return &paths->at[i];
    return NULL;
}

const kd_endpoint *kd_path_endpoint(const kd_path *path, kd_http_method method)
{
    switch (method) {
    case KD_HTTP_GET:
    case KD_HTTP_HEAD:
        return path->get;
    case KD_HTTP_POST:
        return path->post;
    case KD_HTTP_DELETE:
        return path->remove;
    default:
        return NULL;
    }
}
