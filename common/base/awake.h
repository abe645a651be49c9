/*
 * awake.h - a clock of a thread that leaves out the pauses in which the thread did not run: the process was stopped, the machine was suspended, or others had
 * all processors.
 *
 * A time limit on what another thread or the kernel does is judged by a thread that looks now and then. After a pause of the whole process the monotonic
 * clock says that the limit is over, while neither side has run. By this clock a pause lasts KD_AWAKE_TRUSTED_US at most.
 *
 * Pure: `mono_us` is the monotonic time. One thread uses an object, and calls kd_awake_look more often than KD_AWAKE_TRUSTED_US while it runs.
 */
#ifndef KUDOS_COMMON_BASE_AWAKE_H
#define KUDOS_COMMON_BASE_AWAKE_H

#include "kudos/base.h"

enum { KD_AWAKE_TRUSTED_US = 200 * 1000 /* between two looks; more is a pause */ };

/* Zeroed memory is a clock at 0 that was never looked at. */
typedef struct {
    uint64_t looked_us; /* monotonic; 0: never */
    uint64_t awake_us;  /* the time of this clock then */
} kd_awake;

/* The time of this clock at `mono_us`. Never falls while mono_us does not fall; a mono_us before the last look is that look. */
static inline uint64_t kd_awake_at(const kd_awake *a, uint64_t mono_us)
{
    if (a->looked_us == 0 || mono_us <= a->looked_us) return a->awake_us;
    return a->awake_us + KD_MIN(mono_us - a->looked_us, (uint64_t)KD_AWAKE_TRUSTED_US);
}

/* The thread runs at `mono_us`. */
static inline void kd_awake_look(kd_awake *a, uint64_t mono_us)
{
    a->awake_us = kd_awake_at(a, mono_us);
    a->looked_us = KD_MAX(a->looked_us, mono_us);
}

#endif
