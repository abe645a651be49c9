/* trend_window.h - the buckets of a collection and counter that lie in the window of a read, as the store has them (trend.h). */
#ifndef KUDOS_CENTRAL_CORE_TREND_WINDOW_H
#define KUDOS_CENTRAL_CORE_TREND_WINDOW_H

#include "central/core/trend.h"

typedef struct {
    uint64_t begin_us; /* buckets that end later are in */
    uint64_t since_us; /* where the numbers begin: with the step that holds the beginning of the window */
    bool complete;     /* velocities were kept for the whole window */
} kd_trend_window;

typedef void (*kd_trend_bucket_fn)(void *arg, kd_summary *s);

/* Hands over the summary of each bucket in the window, which is gone behind the call. KD_OK; KD_ENOTFOUND: velocities of these are not kept; KD_EIO: *window
 * says nothing. */
int kd_trend_window_read(kd_central *c, const kd_trending_query *q, kd_trend_window *window,
                         kd_trend_bucket_fn fn, void *arg);

#endif
