/* ask.c - see the header. */
#include "common/io/loop/ask.h"

#include <errno.h>

#include "common/io/loop/clock.h"

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

static void ask_answer(kd_post *post)
{
    kd_ask *a = KD_CONTAINER(post, kd_ask, post);
    a->work(a);
    pthread_mutex_lock(&a->lock);
    a->done = true;
    pthread_cond_signal(&a->answered);
    pthread_mutex_unlock(&a->lock);
    kd_ask_let_go(a);
}

static void ask_init(kd_ask *a)
{
    a->post.fn = ask_answer;
    a->holders = 2;
    a->done = false;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->answered, NULL);
}

/* Waits by the monotonic clock: a step of the wall clock must neither end nor prolong the wait. */
bool kd_ask_run(kd_ask *a, kd_loop *loop, uint32_t timeout_ms)
{
    const struct timespec until = kd_clock_wait_until(timeout_ms);
    ask_init(a);
    kd_loop_post(loop, &a->post);
    pthread_mutex_lock(&a->lock);
    while (!a->done && pthread_cond_clockwait(&a->answered, &a->lock, CLOCK_MONOTONIC, &until) != ETIMEDOUT)
        continue;
    bool done = a->done;
    pthread_mutex_unlock(&a->lock);
    return done;
}
