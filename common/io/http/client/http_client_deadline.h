/*
 * http_client_deadline.h - many deadlines on one timer of the loop.
 */
#ifndef KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_DEADLINE_H
#define KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_DEADLINE_H

#include <event2/event.h>
#include <stdint.h>

#include "common/io/http/client/http_client_list.h"

enum { KD_WHEEL_SLOTS = 512, KD_WHEEL_TICK_MS = 16 };

/* A member of what expires; kd_link_init its link once. */
typedef struct {
    kd_link at; /* in a slot of the wheel */
    uint64_t at_ms;
} kd_client_deadline;

/* Must call kd_client_wheel_remove for the deadline; may add others. */
typedef void (*kd_client_expire)(kd_client_deadline *d);

typedef struct {
    kd_link slots[KD_WHEEL_SLOTS];
    uint64_t tick;  /* the last one whose slot was looked at */
    uint32_t count; /* deadlines on the wheel */
    struct event *timer;
    bool armed;
    kd_client_expire expire;
} kd_client_wheel;

/* CLOCK_MONOTONIC: the time of all deadlines of the client. */
uint64_t kd_client_now_ms(void);
/* `expire` is called from the loop, up to two ticks after a deadline and never before it. */
void kd_client_wheel_init(kd_client_wheel *w, struct event_base *base, kd_client_expire expire);
/* Frees the timer; deadlines that are still on the wheel never expire. */
void kd_client_wheel_finish(kd_client_wheel *w);
/* The deadline, which is on no wheel, expires at at_ms (kd_client_now_ms). */
void kd_client_wheel_add(kd_client_wheel *w, kd_client_deadline *d, uint64_t at_ms);
/* Takes the deadline off the wheel, on which it must be: added, and not removed since. */
void kd_client_wheel_remove(kd_client_wheel *w, kd_client_deadline *d);

#endif
