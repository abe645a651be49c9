/*
 * ask.h - one GET to a process of the drill, past the proxy: is it ready, what does it count, what does it show.
 *
 * A connection of its own each, given up after ask's deadline; the answer is called exactly once, never from within sim_ask_get. One thread.
 */
#ifndef KUDOS_SIM_DRILL_ASK_H
#define KUDOS_SIM_DRILL_ASK_H

#include <event2/event.h>

#include "kudos/base.h"

/* status 0: no answer. The body lives during the call. */
typedef void (*ask_fn)(void *arg, int status, kd_bytes body);

void sim_ask_get(struct event_base *base, uint16_t port, const char *path, const char *user,
                 uint32_t deadline_ms, ask_fn fn, void *arg);
/* How many have not been answered: the base outlives them. */
uint32_t sim_ask_open(void);

/* The value of a series of a Prometheus text, summed over all rows whose name begins with `series` and goes on with '{' or ' ';
 * with labels in `series` up to that label. */
double sim_ask_metric(kd_bytes text, const char *series);

/* "2026-01-02T03:04:05.678Z" in microseconds; 0: NULL, or something else. */
uint64_t sim_ask_moment(const char *text);

#endif
