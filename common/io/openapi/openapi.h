/*
 * openapi.h - the description of a program's API (OpenAPI 3.1), made from its table of endpoints.
 *
 *     openapi.c            the document: paths, operations, security
 *     openapi_answers.c    what an endpoint may answer: statuses, headers, problems
 *     openapi_fields.c     parameters of requests
 *     openapi_schemas.c    bodies and answers
 *     openapi_json.c       values of JSON
 *
 * It is made when the program runs, not when it is built: it names the collections and counters of the configuration, and each of these counters has
 * paths of its own, so that sums and sets are told apart. Limits are the constants that the code enforces.
 */
#ifndef KUDOS_COMMON_IO_OPENAPI_OPENAPI_H
#define KUDOS_COMMON_IO_OPENAPI_OPENAPI_H

#include "common/io/http/endpoint.h"

/* Who may ask for an endpoint, and how he shows that. All false: anybody, and nothing that he shows is looked at. */
typedef struct {
    bool edges, operators; /* by tokens of files, certificates or addresses */
    bool names_user;       /* X-User-Id of those names the user */
    bool gateway;          /* X-User-Id of a trusted peer is enough */
    bool nobody;           /* so is nothing at all, for a part of what may be asked */
    const char *token; /* a user's token: NULL: is not enough; else the scope that it needs, "" for none */
} kd_openapi_who;

typedef struct {
    const char *title, *about;
    const char *name; /* "edge": what `source` of its answers says at best */
    bool edge;        /* edge: numbers may be unknown, answers tell levels of overload */
    const kd_endpoint *table;
    size_t count;
    const kd_strings *collections;
    const kd_counters *counters;
    uint64_t partitions; /* 0: no endpoint names one */
    kd_openapi_who (*who)(uint32_t right);
} kd_openapi_source;

/* The description as JSON, appended to *out; with `indent` for people. */
void kd_openapi_write(const kd_openapi_source *source, bool indent, kd_buf *out);

/* The description as it is served: made at the first request for it. Zero-initialised: not made. */
typedef struct {
    kd_buf text;
} kd_openapi_page;

/* Answers with the description, or 304. */
void kd_openapi_respond(kd_openapi_page *page, const kd_openapi_source *source, kd_http_request *req);
/* It is made anew for the next request. */
void kd_openapi_page_finish(kd_openapi_page *page);
/* For a command line: prints the description for people. The exit code. */
int kd_openapi_print(const kd_openapi_source *source, const char *program);

#endif
