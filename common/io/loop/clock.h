/*
 * clock.h - the machine's clocks, and the carried clock (common/base/drift.h) shared by the threads of a process.
 */
#ifndef KUDOS_COMMON_IO_LOOP_CLOCK_H
#define KUDOS_COMMON_IO_LOOP_CLOCK_H

#include "common/base/drift.h"
#include <pthread.h>
#include <time.h>

/* Monotonic us since boot, CLOCK_BOOTTIME: it goes on during suspend, so a carried clock stays right. */
uint64_t kd_clock_mono_us(void);
/* Processor time of the calling thread, us. A system call: not for each request. */
uint64_t kd_clock_thread_us(void);
/* The moment `ms` from now on CLOCK_MONOTONIC, for pthread_cond_clockwait. */
struct timespec kd_clock_wait_until(uint64_t ms);
/* Wall clock, us since 1970. */
uint64_t kd_clock_wall_us(void);

/* One per process. Any thread may read; kd_clock_measure may be called from any one thread at a time. */
typedef struct {
    int64_t shift_us, server_shift_us; /* atomic copies of those in drift, for the hot path */
    uint32_t state;                    /* atomic kd_clock_state */
    uint64_t bound_us;
    pthread_mutex_t lock; /* guards drift */
    kd_drift drift;
} kd_clock;

/* Starts with the wall clock, unmeasured; bound_us is the drift bound D. */
void kd_clock_init(kd_clock *c, uint64_t bound_us);
/* As kd_drift_resume. Call it before any other thread reads the clock. */
void kd_clock_resume(kd_clock *c, int64_t shift_us);
/* Frees the lock. Call it when no other thread reads the clock any more. */
void kd_clock_finish(kd_clock *c);
/* The carried wall time, us since 1970: stamps are made of it. */
uint64_t kd_clock_now_us(const kd_clock *c);
/* The carried wall time at a moment of kd_clock_mono_us, for a caller that has read that clock already. */
uint64_t kd_clock_at_us(const kd_clock *c, uint64_t mono_us);
/* The latest that the server's clock can show at that moment. For the age of a number that the server made: if the carried clock is behind, an age by
 * the carried clock would be too small. */
uint64_t kd_clock_server_at_us(const kd_clock *c, uint64_t mono_us);
/* The verdict on the last measurement. */
kd_clock_state kd_clock_check(const kd_clock *c);
/* Takes a finished round trip over: asked at t0_us (kd_clock_mono_us), answered just now with server_us. Returns as kd_drift_measure. */
int kd_clock_measure(kd_clock *c, uint64_t t0_us, uint64_t server_us);
/* A consistent copy of all figures, for metrics. Any thread. */
kd_drift kd_clock_drift(kd_clock *c);

#endif
