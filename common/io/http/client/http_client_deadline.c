/*
 * http_client_deadline.c - the deadlines of all open requests: a hashed timer wheel (Varghese and Lauck,
 * 1987).
 *
 *     slot = (deadline / 16 ms) mod 512, each a list; a deadline more than one turn (8 s) away just stays
 * when its slot comes by.
 *
 * Adding and removing cost a few stores, whatever the number of requests. The timer ticks only while there
 * are requests. A deadline fires up to two ticks late, never early.
 */
#include "common/io/http/client/http_client_internal.h"

static void expire_slot(kd_link *slot, uint64_t now_ms)
{
    /* A callback may add requests, also to this slot: those are judged like the others, and their deadline is
     * ahead. */
    kd_link due;
    kd_link_init(&due);
    for (kd_link *l = slot->next, *next; l != slot; l = next) {
        next = l->next;
        if (KD_LINKED(kd_client_request, timed, l)->deadline_at_ms > now_ms) continue;
        kd_link_remove(l);
        kd_link_append(&due, l);
    }
    while (!kd_link_alone(&due)) kd_client_expire(KD_LINKED(kd_client_request, timed, due.next));
}

static void client_deadline_arm(kd_http_client *c)
{
    static const struct timeval tick = {.tv_sec = 0, .tv_usec = KD_WHEEL_TICK_MS * 1000};
    c->wheel.armed = c->wheel.count > 0;
    if (c->wheel.armed) event_add(c->wheel.timer, &tick);
}

static void client_deadline_on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    kd_http_client *c = arg;
    uint64_t now_ms = kd_client_now_ms(), upto = now_ms / KD_WHEEL_TICK_MS;
    /* After a long sleep one turn of the wheel sees everything. */
    if (upto - c->wheel.tick > KD_WHEEL_SLOTS) c->wheel.tick = upto - KD_WHEEL_SLOTS;
    while (c->wheel.tick < upto) {
        c->wheel.tick++;
        expire_slot(&c->wheel.slots[c->wheel.tick % KD_WHEEL_SLOTS], now_ms);
    }
    client_deadline_arm(c);
}

void kd_client_wheel_init(kd_http_client *c)
{
    for (size_t i = 0; i < KD_WHEEL_SLOTS; i++) kd_link_init(&c->wheel.slots[i]);
    c->wheel.timer = evtimer_new(c->base, client_deadline_on_tick, c);
    KD_ASSERT(c->wheel.timer != NULL);
}

void kd_client_wheel_finish(kd_http_client *c)
{
    event_free(c->wheel.timer);
}

void kd_client_wheel_add(kd_client_request *r)
{
    kd_http_client *c = r->client;
    /* One tick later than its own, so that the slot is looked at only when the deadline has passed. */
    uint64_t tick = r->deadline_at_ms / KD_WHEEL_TICK_MS + 1;
    kd_link_append(&c->wheel.slots[tick % KD_WHEEL_SLOTS], &r->timed);
    c->wheel.count++;
    if (c->wheel.armed) return;
    c->wheel.tick = kd_client_now_ms() / KD_WHEEL_TICK_MS;
    client_deadline_arm(c);
}

void kd_client_wheel_remove(kd_client_request *r)
{
    KD_ASSERT(r->client->wheel.count > 0);
    kd_link_remove(&r->timed);
    r->client->wheel.count--;
}
