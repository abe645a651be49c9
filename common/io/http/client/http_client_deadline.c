/*
 * http_client_deadline.c - a hashed timer wheel (Varghese and Lauck, 1987).
 *
 *     slot = (deadline / 16 ms) mod 512, each a list
 *
 * A deadline more than one turn of the wheel (8 s) away stays in its list when its slot comes by. Adding and removing cost a few stores, whatever the
 * number of deadlines. The timer runs only while there are some.
 */
#include "common/io/http/client/http_client_deadline.h"

#include <time.h>

#include "kudos/base.h"

uint64_t kd_client_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void expire_slot(kd_client_wheel *w, kd_link *slot, uint64_t now_ms)
{
    /* A callback may add deadlines to this very slot. So those that are due are taken out first: the walk along the slot ends before any callback. */
    kd_link due;
    kd_link_init(&due);
    for (kd_link *l = slot->next, *next; l != slot; l = next) {
        next = l->next;
        if (KD_LINKED(kd_client_deadline, at, l)->at_ms > now_ms) continue;
        kd_link_remove(l);
        kd_link_append(&due, l);
    }
    while (!kd_link_alone(&due)) w->expire(KD_LINKED(kd_client_deadline, at, due.next));
}

static void wheel_arm(kd_client_wheel *w)
{
    static const struct timeval tick = {.tv_sec = 0, .tv_usec = KD_WHEEL_TICK_MS * 1000};
    w->armed = w->count > 0;
    if (w->armed) event_add(w->timer, &tick);
}

static void wheel_on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    kd_client_wheel *w = arg;
    uint64_t now_ms = kd_client_now_ms(), upto = now_ms / KD_WHEEL_TICK_MS;
    /* After a long sleep one turn of the wheel sees every slot once. */
    if (upto - w->tick > KD_WHEEL_SLOTS) w->tick = upto - KD_WHEEL_SLOTS;
    while (w->tick < upto) {
        w->tick++;
        expire_slot(w, &w->slots[w->tick % KD_WHEEL_SLOTS], now_ms);
    }
    wheel_arm(w);
}

void kd_client_wheel_init(kd_client_wheel *w, struct event_base *base, kd_client_expire expire)
{
    for (size_t i = 0; i < KD_WHEEL_SLOTS; i++) kd_link_init(&w->slots[i]);
    w->expire = expire;
    w->timer = evtimer_new(base, wheel_on_tick, w);
    KD_ASSERT(w->timer);
}

void kd_client_wheel_finish(kd_client_wheel *w)
{
    event_free(w->timer);
}

void kd_client_wheel_add(kd_client_wheel *w, kd_client_deadline *d, uint64_t at_ms)
{
    d->at_ms = at_ms;
    /* The slot behind its own: when that one is looked at, the deadline has passed. In its own it could be found some ms too early,
     * and would wait for a whole turn. */
    uint64_t tick = at_ms / KD_WHEEL_TICK_MS + 1;
    kd_link_append(&w->slots[tick % KD_WHEEL_SLOTS], &d->at);
    w->count++;
    if (w->armed) return;
    w->tick = kd_client_now_ms() / KD_WHEEL_TICK_MS;
    wheel_arm(w);
}

void kd_client_wheel_remove(kd_client_wheel *w, kd_client_deadline *d)
{
    KD_ASSERT(w->count > 0);
    kd_link_remove(&d->at);
    w->count--;
}
