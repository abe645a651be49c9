/*
 * http_client_retry.h - failures, and when to try again: the back-off between connections, and the circuit breaker.
 */
#ifndef KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_RETRY_H
#define KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_RETRY_H

#include "common/io/http/client/http_client_internal.h"

/* A look-up or a connection failed, or an answer is late: counted by reason, and kept with a copy of the text until an answer comes. */
void kd_client_trouble(kd_http_client *c, kd_reason reason, const char *text);
/* A request ended without an answer: the breaker_failures-th failure in a row opens the breaker. */
void kd_client_retry_failed(kd_http_client *c);
/* An answer came: closes the breaker, forgets failures and the last trouble. */
void kd_client_retry_answered(kd_http_client *c);
/* A connection ended, or could not be made; the next one waits for a back-off. `useful`: the connection had given an answer, or was closed in order,
 * so its end is no failure. */
void kd_client_retry_conn_lost(kd_http_client *c, bool useful);
/* Whether any connection is open, or being made. */
bool kd_client_retry_connected(const kd_http_client *c);
/* Whether there is no connection, none is being made, and no request may wait for one. */
bool kd_client_retry_hopeless(const kd_http_client *c);
/* Whether a new request is to be refused: the breaker is open, and no probe may be made yet; or, with
 * options.fail_fast, no connection. */
bool kd_client_retry_refuses(const kd_http_client *c, uint64_t now_ms);
/* Call it for each request that is taken. While the breaker is open the request is a probe, and the next probe must wait for a back-off. */
void kd_client_retry_taken(kd_http_client *c, uint64_t now_ms);

#endif
