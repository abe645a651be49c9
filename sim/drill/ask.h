/*
 * ask.h - one question to a process of the drill, past the proxy: is it ready, what does it count, what does it show.
 *
 * A connection of its own each, given up after ask's deadline; the answer is called exactly once, never from within sim_ask_get or sim_ask_post. One thread.
 */
#ifndef KUDOS_SIM_DRILL_ASK_H
#define KUDOS_SIM_DRILL_ASK_H

#include <event2/event.h>

#include "kudos/base.h"

/* The answer, or its absence: status 0 when the process could not be reached or the deadline passed. The body lives during the call. */
typedef void (*ask_fn)(void *arg, int status, kd_bytes body);

/* `user`: the X-User-Id to ask as; NULL: none. `path` and `user` are copied. */
void sim_ask_get(struct event_base *base, uint16_t port, const char *path, const char *user,
                 uint32_t deadline_ms, ask_fn fn, void *arg);
/* As sim_ask_get, with a body of JSON, which is copied. */
void sim_ask_post(struct event_base *base, uint16_t port, const char *path, const char *user, kd_bytes body,
                  uint32_t deadline_ms, ask_fn fn, void *arg);
/* Questions of the whole process that wait for their answer. The event base must not be freed before this is 0. */
uint32_t sim_ask_open(void);

/* The value of a series of a Prometheus text, summed over all rows whose name begins with `series` and goes on with '{' or ' ';
 * with labels in `series` up to that label. */
double sim_ask_metric(kd_bytes text, const char *series);

/* "2026-01-02T03:04:05.678Z" in microseconds; 0: NULL, or something else. */
uint64_t sim_ask_moment(const char *text);

#endif
