/* turn.c - see the header. */
#include "edge/io/shard/turn.h"

#include <event2/event.h>

static void turn_on_event(evutil_socket_t fd, short events, void *arg)
{
    kd_turn *t = arg;
    (void)fd, (void)events;
    t->work(t->arg);
}

void kd_turn_init(kd_turn *t, kd_loop *loop, void (*work)(void *arg), void *arg)
{
    t->work = work;
    t->arg = arg;
    t->event = event_new(kd_loop_base(loop), -1, 0, turn_on_event, t);
}

void kd_turn_wake(kd_turn *t)
{
    if (t->event) event_active(t->event, EV_TIMEOUT, 0);
}

void kd_turn_finish(kd_turn *t)
{
    if (t->event) event_free(t->event);
    t->event = NULL;
}
