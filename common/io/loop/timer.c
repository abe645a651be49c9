/* timer.c - one-shot timers on a loop (common/io/loop/loop.h). */
#include "common/io/loop/loop.h"

#include <event2/event.h>

static void timer_on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    kd_timer *t = arg;
    t->fn(t->arg);
}

void kd_timer_init(kd_timer *t, kd_loop *loop, void (*fn)(void *arg), void *arg)
{
    *t = (kd_timer){.fn = fn, .arg = arg};
    t->event = evtimer_new(kd_loop_base(loop), timer_on_timer, t);
    KD_ASSERT(t->event != NULL); /* fails for want of memory only */
}

void kd_timer_set(kd_timer *t, uint64_t delay_us)
{
    struct timeval delay = {.tv_sec = (time_t)(delay_us / 1000000),
                            .tv_usec = (suseconds_t)(delay_us % 1000000)};
    int err = evtimer_add(t->event, &delay);
    KD_ASSERT(err == 0);
}

void kd_timer_cancel(kd_timer *t)
{
    if (t->event != NULL) evtimer_del(t->event);
}

bool kd_timer_armed(const kd_timer *t)
{
    return t->event != NULL && evtimer_pending(t->event, NULL) != 0;
}

void kd_timer_finish(kd_timer *t)
{
    if (t->event != NULL) event_free(t->event);
    t->event = NULL;
}
