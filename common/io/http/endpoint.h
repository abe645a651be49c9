/*
 * endpoint.h - the API of a program as a table: an endpoint, which is one method of one path, a row. What is matched, what Allow names, what the access
 * log calls a path and what the description of the API tells come from the rows.
 *
 * A path is a template: {collection}/{id} stand for an item, {counter} at the end for a counter of the configuration. Behind an item, sets and sums have
 * the same template and endpoints of their own. Rows of one path stand behind each other. Where two paths fit a request the first one wins.
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

/* A problem that a row may answer, in kd_endpoint.may. */
#define KD_MAY(problem) (1u << KD_PROBLEM_##problem)
/* Those of every row: what is read in two ways, a body of another media type, too much to do. */
#define KD_MAY_ANY (KD_MAY(INVALID_REQUEST) | KD_MAY(UNSUPPORTED_MEDIA_TYPE) | KD_MAY(OVERLOADED))
/* A parameter that a row reads, in kd_endpoint.query. */
#define KD_READS(name) (1u << KD_QUERY_##name)

_Static_assert(KD_PROBLEM_COUNT <= 32, "kd_endpoint.may has a bit for each problem");

/* kd_endpoint.traits: headers of requests and answers. Rows that write have Kudos-Session, Idempotency-Key and RateLimit anyway. */
enum {
    KD_TAKES_SESSION = 1, /* Kudos-Session; one that is not good counts as none */
    KD_TAKES_SEEN = 2,    /* Kudos-Seen */
    KD_GIVES_ETAG = 4,    /* ETag and Cache-Control, and 304 to If-None-Match */
    KD_GIVES_AS_OF = 8,   /* besides: Kudos-As-Of */
    KD_GIVES_PAGE = 16,   /* Kudos-Cursor, Kudos-Partitions */
    KD_REDIRECTS = 32,    /* 308 to the canonical URL */
    KD_POINTS = 128,      /* 307 to who leads the item, and Kudos-Ask */
    KD_GIVES_AGE = 64,    /* Cache-Control and Vary, without an ETag */
};

struct kd_endpoint {
    kd_http_method method; /* GET (which answers HEAD, too), POST or DELETE */
    const char *path;      /* "/v1/{collection}/{id}/counts" */
    const char *id;    /* its name in the description; that of the counter follows, where the path has one */
    const char *title; /* what it does, likewise */
    kd_counter_kind kind; /* of {counter}; 0: the path has none */
    uint32_t right;       /* who may ask, from a list of the program */
    uint32_t may;         /* problems that it may answer, besides KD_MAY_ANY */
    uint32_t query;       /* parameters that it reads */
    uint32_t traits;
    uint32_t page, page_max; /* of the parameter limit: without it, and at most */
    bool writes;             /* takes operations, or gives what they need: overload refuses it last */
    const char *body;        /* the schema of the body that it reads; NULL: a body is ignored */
    const char *answer;      /* the schema of its 200 */
    const char *type;        /* the content type of that; NULL: JSON or MessagePack */
    void (*handle)(void *program, kd_http_request *req, const kd_asked *asked); /* answers, now or later */
};

/* Endpoints of one path. */
typedef struct {
    const kd_endpoint *get, *post, *remove; /* NULL: the path has no such method */
    const kd_endpoint *first;               /* of its rows */
    char allow[KD_ALLOW_MAX];               /* "GET, HEAD, POST" */
    kd_route template;
    int item_at;    /* index of the segment {collection}; -1: no item is named */
    int counter_at; /* of the segment {counter}, where no item is named; -1: there is none */
} kd_path;

/* An index of the table: few paths have as many segments as a request, and most of these differ from it in the length of one. */
typedef struct {
    kd_path at[KD_PATHS_MAX];
    uint32_t begin[KD_ROUTE_SEGMENTS_MAX + 2]; /* paths of n segments: from begin[n] to begin[n + 1] */
    kd_path set, sum;                          /* those of an item that end in {counter} */
    char allow[KD_ALLOW_MAX];                  /* what any path has */
} kd_paths;

/* Makes the index; it and `table` are only read afterwards. `options`: OPTIONS is answered, and named by each Allow. */
void kd_paths_init(kd_paths *paths, const kd_endpoint *table, size_t count, bool options);
/* The path that a request names, but for those of an item that end in a counter. NULL: none of these fits. */
const kd_path *kd_paths_find(const kd_paths *paths, const kd_route *route);
/* NULL: the path does not have the method. */
const kd_endpoint *kd_path_endpoint(const kd_path *path, kd_http_method method);

#endif
