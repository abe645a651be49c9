/* openapi_internal.h - the parts of the description. Each function returns a new reference, which the caller gives away. */
#ifndef KUDOS_COMMON_IO_OPENAPI_OPENAPI_INTERNAL_H
#define KUDOS_COMMON_IO_OPENAPI_OPENAPI_INTERNAL_H

#include <jansson.h>

#include "common/io/openapi/openapi.h"

/* A document in the making. */
typedef struct {
    const kd_openapi_source *source;
    json_t *schemas, *responses, *headers; /* of `components`: those that were named */
} kd_openapi;

/* An endpoint of one counter, or of none. */
typedef struct {
    const kd_endpoint *endpoint;
    const kd_counter *counter; /* NULL: the path has none */
} kd_openapi_operation;

/* json_pack (openapi_json.c), which must not fail: a wrong format is a mistake of ours. */
json_t *kd_openapi_pack(const char *format, ...);
/* {"$ref": ...} to a schema of that name, which is added to the document. */
json_t *kd_openapi_schema(kd_openapi *doc, const char *name);
/* The list of parameters of an operation. */
json_t *kd_openapi_parameters(kd_openapi *doc, const kd_openapi_operation *op);
/* The object of its responses. */
json_t *kd_openapi_responses(kd_openapi *doc, const kd_openapi_operation *op);

#endif
