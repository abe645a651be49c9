/*
 * clock.h - the machine's clocks, and the carried clock (common/base/drift.h) shared by the threads of a process.
 */
#ifndef KUDOS_COMMON_IO_LOOP_CLOCK_H
#define KUDOS_COMMON_IO_LOOP_CLOCK_H

#include "common/base/drift.h"
#include <pthread.h>
#include <time.h>

/* Monotonic us; goes on during suspend, so that a carried clock stays right. */
uint64_t kd_clock_mono_us(void);
/* The moment in so many ms on CLOCK_MONOTONIC, for pthread_cond_clockwait. */
struct timespec kd_clock_wait_until(uint64_t ms);
/* Wall clock, us since 1970. */
uint64_t kd_clock_wall_us(void);

/* One per process. Any thread may read; kd_clock_measure may be called from any one thread at a time. */
typedef struct {
    int64_t shift_us, server_shift_us; /* atomic copies of what drift has, for the hot path */
    uint32_t state;                    /* atomic kd_clock_state */
    uint64_t bound_us;
    pthread_mutex_t lock; /* guards drift */
    kd_drift drift;
} kd_clock;

void kd_clock_init(kd_clock *c, uint64_t bound_us);
/* As kd_drift_resume; before any other thread reads. */
void kd_clock_resume(kd_clock *c, int64_t shift_us);
void kd_clock_finish(kd_clock *c);
/* The carried wall time: what stamps are made of. */
uint64_t kd_clock_now_us(const kd_clock *c);
/* The same for a moment that kd_clock_mono_us told: who has read that clock need not read it again. */
uint64_t kd_clock_at_us(const kd_clock *c, uint64_t mono_us);
/* What the server's clock says by then at the latest: what it made is at least as old as by the carried clock of one that is behind. */
uint64_t kd_clock_server_at_us(const kd_clock *c, uint64_t mono_us);
kd_clock_state kd_clock_check(const kd_clock *c);
/* A finished round trip: asked at t0_us (kd_clock_mono_us), answered just now with server_us. As kd_drift_measure. */
int kd_clock_measure(kd_clock *c, uint64_t t0_us, uint64_t server_us);
/* A copy of the whole, for metrics. */
kd_drift kd_clock_drift(kd_clock *c);

#endif
