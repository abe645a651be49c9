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
    /* The server's clock shows at most monotonic + this, for it was read after t0. While unmeasured: shift_us, as if both clocks agreed. */
    int64_t server_shift_us;
    int64_t offset_us;       /* server's clock minus ours, at the last measurement */
    uint64_t uncertainty_us; /* of the offset */
    uint64_t measured_us;    /* monotonic time of the last measurement */
    bool measured;
    bool agreed; /* some measurement was in bounds: shift_us does not rest on the own wall clock alone */
} kd_drift;

typedef struct {
    uint64_t t0_us;     /* monotonic, before asking */
    uint64_t t1_us;     /* monotonic, after the answer */
    uint64_t wall_us;   /* own wall clock, read together with t1 */
    uint64_t server_us; /* the server's wall clock, from its answer */
} kd_drift_sample;

/* Starts unmeasured; `wall_us` and `mono_us` are read together. */
void kd_drift_init(kd_drift *d, uint64_t wall_us, uint64_t mono_us);
/* Goes on, unmeasured, with the shift that an earlier process of the same boot had when a server agreed with it: the
 * monotonic clock has not stopped since. */
void kd_drift_resume(kd_drift *d, int64_t shift_us);
/* The carried wall time at mono_us. */
uint64_t kd_drift_now(const kd_drift *d, uint64_t mono_us);
/*
 * Takes a measurement over. In bounds: the own wall clock of the sample is carried on from here. Out of bounds: the clock carried so far goes on, or
 * the own wall clock if no measurement was ever in bounds, but moved back to the server's time where it is ahead of that; for a wild time would stay
 * in stamps and in as_of, which never go back.
 *
 * KD_EAGAIN, and nothing changes, when the round trip was longer than bound_us: its uncertainty could make a true clock look out of bounds.
 * KD_EMALFORMED, and nothing changes, when t1 < t0 or a time is beyond the year 9999.
 */
int kd_drift_measure(kd_drift *d, const kd_drift_sample *sample, uint64_t bound_us);
/* The verdict on the last measurement: in bounds when |offset| + uncertainty <= bound_us. */
kd_clock_state kd_drift_within(const kd_drift *d, uint64_t bound_us);
/* Time since the last measurement; UINT64_MAX when there is none. */
uint64_t kd_drift_age_us(const kd_drift *d, uint64_t mono_us);

#endif
