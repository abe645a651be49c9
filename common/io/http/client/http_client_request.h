/*
 * http_client_request.h - request objects, their pool, and the answers that they gather.
 */
#ifndef KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_REQUEST_H
#define KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_REQUEST_H

#include "common/io/http/client/http_client_internal.h"

/* A request out of the pool, or a new one, in no list and without a deadline. */
kd_client_request *kd_client_request_take(kd_http_client *c);
/* Takes the request out of its list and puts it into the pool. Its cb must be NULL, nghttp2 must not refer to it any more. */
void kd_client_request_release(kd_client_request *r);
/* Copies head and body into the request. KD_EINVAL: more than KD_HTTP_CLIENT_FIELDS_MAX fields, or a head of more than KD_HEADER_BYTES_MAX. */
int kd_client_request_fill(kd_client_request *r, const char *method, kd_bytes path,
                           const kd_http_client_field *fields, size_t field_count, kd_bytes body);
/* Empties an answer, for a request that is sent again, or after an interim answer (1xx). */
void kd_client_response_reset(kd_http_response *p);
/* Adds a field, or takes the status out of :status. Beyond KD_HEADERS_MAX fields or KD_HEADER_BYTES_MAX it sets too_big instead. */
void kd_client_response_field(kd_http_response *p, kd_bytes name, kd_bytes value);
/* Appends to the body; beyond max bytes it sets too_big instead. */
void kd_client_response_data(kd_http_response *p, kd_bytes data, uint32_t max);
/* Frees the pool. */
void kd_client_pool_finish(kd_http_client *c);

#endif
