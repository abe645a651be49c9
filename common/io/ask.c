/* common/io/ask.c - see the header. */
#include "common/io/ask.h"

#include <errno.h>
#include <time.h>

void kd_ask_let_go(kd_ask *a)
{
    pthread_mutex_lock(&a->lock);
    bool last = --a->holders == 0;
    pthread_mutex_unlock(&a->lock);
    if (!last) return;
    pthread_cond_destroy(&a->answered);
    pthread_mutex_destroy(&a->lock);
    a->dispose(a);
}

static void answer(kd_post *post)
{
    kd_ask *a = KD_CONTAINER(post, kd_ask, post);
    a->work(a);
    pthread_mutex_lock(&a->lock);
    a->done = true;
    pthread_cond_signal(&a->answered);
    pthread_mutex_unlock(&a->lock);
    kd_ask_let_go(a);
}

static void init(kd_ask *a)
{
    pthread_condattr_t monotonic;
    a->post.fn = answer;
    a->holders = 2;
    a->done = false;
    pthread_mutex_init(&a->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&a->answered, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

bool kd_ask_run(kd_ask *a, kd_loop *loop, uint32_t timeout_ms)
{
    struct timespec until;
    init(a);
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t ns = (uint64_t)until.tv_nsec + (uint64_t)(timeout_ms % 1000) * 1000000;
    until.tv_sec += (time_t)(timeout_ms / 1000 + ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    kd_loop_post(loop, &a->post);
    pthread_mutex_lock(&a->lock);
    while (!a->done && pthread_cond_timedwait(&a->answered, &a->lock, &until) != ETIMEDOUT) continue;
    bool done = a->done;
    pthread_mutex_unlock(&a->lock);
    return done;
}
