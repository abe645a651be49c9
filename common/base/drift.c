/*
 * drift.c - the carried clock.
 *
 * A round trip up to the bound D is believed: its uncertainty is then at most D/2, so a clock that is truly
 * right has |offset| + uncertainty <= D and is never refused, whichever way the delay was spread over the two
 * directions.
 */
#include "common/base/drift.h"

static const uint64_t absurd_us = 253402300800000000u; /* the year 10000 */

void kd_drift_init(kd_drift *d, uint64_t wall_us, uint64_t mono_us)
{
    *d =
        (kd_drift){.shift_us = (int64_t)(wall_us - mono_us), .server_shift_us = (int64_t)(wall_us - mono_us)};
}

void kd_drift_resume(kd_drift *d, int64_t shift_us)
{
    *d = (kd_drift){.shift_us = shift_us, .server_shift_us = shift_us, .agreed = true};
}

uint64_t kd_drift_now(const kd_drift *d, uint64_t mono_us)
{
    return mono_us + (uint64_t)d->shift_us;
}

/*
 * The shift to carry while the own clock is out of bounds: `shift_us`, moved back as far as it puts the carried clock ahead of the server's at the
 * midpoint of the round trip. The carried clock can get ahead by itself: the kernel slews a wall clock by letting the monotonic clock run fast.
 */
static int64_t earlier_shift(int64_t shift_us, const kd_drift_sample *s, uint64_t half_us)
{
    int64_t ahead_us = (int64_t)(s->t1_us + (uint64_t)shift_us - half_us - s->server_us);
    return shift_us - KD_MAX(ahead_us, 0);
}

int kd_drift_measure(kd_drift *d, const kd_drift_sample *s, uint64_t bound_us)
{
    if (s->t1_us < s->t0_us || s->wall_us >= absurd_us || s->server_us >= absurd_us || s->t1_us >= absurd_us)
        return KD_EMALFORMED;
    uint64_t round_trip_us = s->t1_us - s->t0_us;
    if (round_trip_us > bound_us) return KD_EAGAIN;
    uint64_t half_us = (round_trip_us + 1) / 2;
    kd_drift now = {
        .shift_us = (int64_t)(s->wall_us - s->t1_us),
        .server_shift_us = (int64_t)(s->server_us - s->t0_us),
        .offset_us = (int64_t)s->server_us - ((int64_t)s->wall_us - (int64_t)half_us),
        .uncertainty_us = half_us,
        .measured_us = s->t1_us,
        .measured = true,
    };
    /* Out of bounds, nobody knows which of the two clocks is wrong. Stamps and as_of never go back, so only the earlier of both can do no harm. */
    bool in_bounds = kd_drift_within(&now, bound_us) == KD_CLOCK_IN_BOUNDS;
    now.agreed = d->agreed || in_bounds;
    if (!in_bounds) now.shift_us = earlier_shift(d->agreed ? d->shift_us : now.shift_us, s, half_us);
    *d = now;
    return KD_OK;
}

kd_clock_state kd_drift_within(const kd_drift *d, uint64_t bound_us)
{
    if (!d->measured) return KD_CLOCK_UNMEASURED;
    uint64_t distance_us = (uint64_t)(d->offset_us < 0 ? -d->offset_us : d->offset_us);
    return distance_us + d->uncertainty_us <= bound_us ? KD_CLOCK_IN_BOUNDS : KD_CLOCK_OUT_OF_BOUNDS;
}

uint64_t kd_drift_age_us(const kd_drift *d, uint64_t mono_us)
{
    if (!d->measured) return UINT64_MAX;
    return mono_us > d->measured_us ? mono_us - d->measured_us : 0;
}
