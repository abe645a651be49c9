/*
 * drift.h - the carried clock of the protocol's rule 3, as arithmetic. Wall time is taken at a measurement and
 * carried on by the monotonic clock until the next one, so a step of the wall clock in between changes nothing.
 *
 * A measurement is a round trip: at t0 (monotonic) the server is asked, at t1 its answer `server_us` is here. The server
 * read its clock at some moment in [t0, t1], so against the midpoint the offset is known to +- (t1 - t0) / 2.
 */
#ifndef KUDOS_COMMON_BASE_DRIFT_H
#define KUDOS_COMMON_BASE_DRIFT_H

#include "kudos/base.h"

typedef enum { KD_CLOCK_UNMEASURED, KD_CLOCK_IN_BOUNDS, KD_CLOCK_OUT_OF_BOUNDS } kd_clock_state;

typedef struct {
    int64_t shift_us; /* carried wall time = monotonic + shift */
    int64_t
        server_shift_us; /* the server's clock is at most monotonic + this; while unmeasured it is taken for the carried one */
    int64_t offset_us;       /* server's clock minus ours, at the last measurement */
    uint64_t uncertainty_us; /* of the offset */
    uint64_t measured_us;    /* monotonic time of the last measurement */
    bool measured;
    bool agreed; /* some measurement was in bounds: what is carried rests on it */
} kd_drift;

typedef struct {
    uint64_t t0_us;     /* monotonic, before asking */
    uint64_t t1_us;     /* monotonic, after the answer */
    uint64_t wall_us;   /* own wall clock, read together with t1 */
    uint64_t server_us; /* what the server said */
} kd_drift_sample;

/* Starts unmeasured; `wall_us` and `mono_us` are read together. */
void kd_drift_init(kd_drift *d, uint64_t wall_us, uint64_t mono_us);
/* Goes on, unmeasured, with the shift that an earlier process of the same boot had when a server agreed with it: the
 * monotonic clock has not stopped since. */
void kd_drift_resume(kd_drift *d, int64_t shift_us);
/* The carried wall time at mono_us. */
uint64_t kd_drift_now(const kd_drift *d, uint64_t mono_us);
/*
 * Takes a measurement over. Where it says that the own clock is out of bounds, the clock carried so far goes on (the wall clock, when
 * none agreed with the server's yet), but not ahead of the server's: a wild time must not get into stamps and promises, which never go back. A round
 * trip longer than bound_us says too little (a true clock could look out of bounds): KD_EAGAIN, nothing changes. KD_EMALFORMED when t1 < t0 or a
 * time is absurd (beyond year 9999), nothing changes.
 */
int kd_drift_measure(kd_drift *d, const kd_drift_sample *sample, uint64_t bound_us);
/* In bounds when the offset, uncertainty included, is within bound_us in either direction. */
kd_clock_state kd_drift_within(const kd_drift *d, uint64_t bound_us);
/* Since the last measurement; UINT64_MAX when there is none. */
uint64_t kd_drift_age_us(const kd_drift *d, uint64_t mono_us);

#endif
