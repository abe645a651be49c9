/*
 * http_client_queue.h - requests that wait for a stream, and the end of a request for its caller.
 */
#ifndef KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_QUEUE_H
#define KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_QUEUE_H

#include "common/io/http/client/http_client_internal.h"

/* Calls the caller's callback, once, and takes the deadline off the wheel; counts the outcome for the breaker. The request stays in its list, for the
 * caller of this to release. KD_OK: r->response is a whole answer. */
void kd_client_report(kd_client_request *r, int result);
/* Appends a request; the queue may exceed queue_max, which is its caller's to check. */
void kd_client_queue_append(kd_client_request *r);
/* Takes a request out: the oldest of those that go first, or where there is none of the others. The queue must not be empty. */
kd_client_request *kd_client_queue_take(kd_http_client *c);
/* Puts it back to the front: it was not sent. */
void kd_client_queue_put_back(kd_client_request *r);
/* Takes a request out of the middle: its deadline has passed. */
void kd_client_queue_remove(kd_client_request *r);
/* The peer refused a stream without having touched the request: it waits again, at the front, and counts as one replay. Its deadline stays. */
void kd_client_requeue(kd_client_request *r);
/* Reports this result for all that wait, and releases them. Requests that their callbacks make are not among them. */
void kd_client_queue_fail(kd_http_client *c, int result);

#endif
