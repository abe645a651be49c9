/* worker_post.c - messages to a worker's loop, from any thread. */
#include "central/io/worker/worker_internal.h"

void kd_worker_send(kd_worker *w, void (*fn)(kd_post *post))
{
    kd_worker_post *p = kd_alloc(sizeof(*p));
    p->worker = w;
    p->post.fn = fn;
    kd_loop_post(w->loop, &p->post);
}
