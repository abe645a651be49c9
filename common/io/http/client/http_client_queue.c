/* http_client_queue.c - see the header. */
#include "common/io/http/client/http_client_queue.h"

#include "common/io/http/client/http_client_request.h"
#include "common/io/http/client/http_client_retry.h"

static void queue_count(kd_http_client *c, int result)
{
    if (result == KD_OK || result == KD_ETOOBIG) {
        c->stats.answers++;
        kd_client_retry_answered(c);
        return;
    }
    if (result == KD_ETIMEOUT)
        c->stats.timeouts++;
    else
        c->stats.failures++;
    kd_client_retry_failed(c);
}

void kd_client_report(kd_client_request *r, int result)
{
    kd_http_client *c = r->client;
    kd_http_client_cb cb = r->cb;
    r->cb = NULL;
    kd_client_wheel_remove(&c->wheel, &r->deadline);
    c->open--;
    queue_count(c, result);
    /* The stream that ended has left room on its connection. */
    if (c->queued > 0) kd_client_wake(c);
    cb(r->arg, result, result == KD_OK ? r->response.status : 0, result == KD_OK ? &r->response : NULL);
}

static kd_link *queue_of(const kd_client_request *r)
{
    return &r->client->queue[r->first ? 0 : 1];
}

void kd_client_queue_append(kd_client_request *r)
{
    kd_link_append(queue_of(r), &r->at);
    r->client->queued++;
}

kd_client_request *kd_client_queue_take(kd_http_client *c)
{
    const kd_link *queue = &c->queue[kd_link_alone(&c->queue[0]) ? 1 : 0];
    kd_client_request *r = KD_LINKED(kd_client_request, at, queue->next);
    kd_client_queue_remove(r);
    return r;
}

void kd_client_queue_put_back(kd_client_request *r)
{
    kd_link_append(queue_of(r)->next, &r->at);
    r->client->queued++;
}

void kd_client_queue_remove(kd_client_request *r)
{
    kd_link_remove(&r->at);
    r->client->queued--;
}

void kd_client_requeue(kd_client_request *r)
{
    r->replays++;
    kd_client_response_reset(&r->response);
    kd_client_queue_put_back(r);
    kd_client_wake(r->client);
}

void kd_client_queue_fail(kd_http_client *c, int result)
{
    kd_link lost[2];
    for (int i = 0; i < 2; i++) kd_link_move_all(&c->queue[i], &lost[i]);
    c->queued = 0;
    for (int i = 0; i < 2; i++)
        while (!kd_link_alone(&lost[i])) {
            kd_client_request *r = KD_LINKED(kd_client_request, at, lost[i].next);
            kd_client_report(r, result);
            kd_client_request_release(r);
        }
}
