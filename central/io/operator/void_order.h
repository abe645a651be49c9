/*
 * void_order.h - what a void withdraws, as the text that its order carries: a line each.
 *
 *     from US | to US      stamps in us; without `to`: now
 *     counter NAME         without: all counters
 *     dry                  nothing is withdrawn
 *     user ID | item KEY   at least one user; without items: all
 */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_VOID_ORDER_H
#define KUDOS_CENTRAL_IO_OPERATOR_VOID_ORDER_H

#include "kudos/void.h"

typedef struct {
    kd_bytes *users;
    kd_item *items;
    kd_bytes *item_keys; /* views of items */
    uint32_t user_count, user_cap, item_count, item_cap;
    uint64_t from_us, to_us; /* to_us 0: none was given */
    uint8_t counter;         /* wire id; 0: all */
    bool dry;
} kd_void_order;

/* Users and item keys end up sorted, each once; users are views of `text`. KD_OK; KD_EINVAL with `error` (KD_OPTIONS_ERROR_MAX bytes), which names the
 * line. The caller finishes *o in any case. */
int kd_void_order_read(kd_void_order *o, kd_bytes text, const kd_counters *counters, char *error);
void kd_void_order_finish(kd_void_order *o);

#endif
