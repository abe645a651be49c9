/*
 * endpoint.h - the API of a program as a table: an endpoint, which is one method of one path, a row. What is matched, what Allow names, what the access
 * log calls a path and what the description of the API tells come from the rows.
 *
 * A path is a template: {collection}/{id} stand for an item, {counter} at the end for a counter of the configuration. Sets and sums have the same
 * template and endpoints of their own. Rows of one path stand behind each other. Where two paths fit a request the first one wins.
 */
#ifndef KUDOS_COMMON_IO_HTTP_ENDPOINT_H
#define KUDOS_COMMON_IO_HTTP_ENDPOINT_H

#include "common/api/route.h"
#include "common/io/http/server/http_server.h"

enum { KD_PATHS_MAX = 24, KD_ALLOW_MAX = 48 };

typedef struct kd_endpoint kd_endpoint;

/* What a request asks for. */
typedef struct {
    const kd_endpoint *endpoint;
    kd_item item;     /* where the path has one */
    uint32_t counter; /* likewise: index into the counters of the program */
} kd_asked;

struct kd_endpoint {
    kd_http_method method; /* GET (which answers HEAD, too), POST or DELETE */
    const char *path;      /* "/v1/{collection}/{id}/counts" */
    kd_counter_kind kind;  /* of {counter}; 0: the path has none */
    uint32_t right;        /* who may ask, from a list of the program */
    bool writes;           /* takes operations, so that overload refuses it last */
    bool body;             /* reads a body; else it is ignored */
    void (*handle)(void *program, kd_http_request *req, const kd_asked *asked); /* answers, now or later */
};

/* Endpoints of one path. */
typedef struct {
    const kd_endpoint *get, *post, *remove; /* NULL: the path has no such method */
    const kd_endpoint *first;               /* of its rows */
    char allow[KD_ALLOW_MAX];               /* "GET, HEAD, POST" */
    kd_route template;
    int item_at; /* index of the segment {collection}; -1: no item is named */
} kd_path;

/* An index of the table: few paths have as many segments as a request, and most of these differ from it in the length of one. */
typedef struct {
    kd_path at[KD_PATHS_MAX];
    uint32_t begin[KD_ROUTE_SEGMENTS_MAX + 2]; /* paths of n segments: from begin[n] to begin[n + 1] */
    kd_path set, sum;                          /* those that end in {counter} */
    char allow[KD_ALLOW_MAX];                  /* what any path has */
} kd_paths;

/* Makes the index; it and `table` are only read afterwards. `options`: OPTIONS is answered, and named by each Allow. */
void kd_paths_init(kd_paths *paths, const kd_endpoint *table, size_t count, bool options);
/* The path that a request names, but for those that end in a counter. NULL: none of these fits. */
const kd_path *kd_paths_find(const kd_paths *paths, const kd_route *route);
/* NULL: the path does not have the method. */
const kd_endpoint *kd_path_endpoint(const kd_path *path, kd_http_method method);

#endif
