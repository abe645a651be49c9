/*
 * series.c - gathers neighbouring samples. Pure.
 */
#include "sim/report/series.h"

static double per_second(uint64_t before, uint64_t now, uint64_t span_us)
{
    /* A process that begins anew may count from 0 again. */
    if (span_us == 0 || now < before) return 0;
    return (double)(now - before) * 1e6 / (double)span_us;
}

static const sim_record_sample *sample_at(const sim_record_view *v, uint32_t moment, uint32_t region)
{
    return v->samples + (size_t)moment * v->regions + region;
}

/* A process that is down shows nothing: its sample says so and no more. */
static void series_take(sim_series_point *p, const sim_record_sample *s)
{
    p->down |= !s->up;
    if (!s->up) return;
    p->gone = false;
    p->refusing |= s->refusing;
    p->shown = s->shown;
    p->pending = s->pending;
    p->staleness_us = KD_MAX(p->staleness_us, s->staleness_us);
    p->as_of_lag_us = KD_MAX(p->as_of_lag_us, s->as_of_lag_us);
    p->outbox_batches = KD_MAX(p->outbox_batches, s->outbox_batches);
}

/* The moments first..last as one point. */
static sim_series_point series_gather(const sim_record_view *v, uint32_t region, uint32_t first,
                                      uint32_t last)
{
    uint32_t before = first > 0 ? first - 1 : first;
    const sim_record_sample *from = sample_at(v, before, region), *to = sample_at(v, last, region);
    const sim_record_instant *end = &v->instants[last];
    sim_series_point p = {.from_us = v->instants[before].at_us,
                          .to_us = end->at_us,
                          .least = end->least,
                          .most = end->most,
                          .central = end->central,
                          .gone = true};
    uint64_t span_us = p.to_us - p.from_us;
    p.acked_per_s = per_second(from->acked, to->acked, span_us);
    p.refused_per_s = per_second(from->refused, to->refused, span_us);
    for (uint32_t m = first; m <= last; m++) series_take(&p, sample_at(v, m, region));
    return p;
}

sim_series_point *sim_series_make(const sim_record_view *v, uint32_t region, uint32_t wanted, uint32_t *count)
{
    *count = KD_MIN(wanted, v->moments);
    sim_series_point *points = kd_alloc((*count ? *count : 1) * sizeof *points);
    for (uint32_t i = 0; i < *count; i++) {
        uint32_t first = (uint32_t)((uint64_t)i * v->moments / *count);
        uint32_t next = (uint32_t)(((uint64_t)i + 1) * v->moments / *count);
        points[i] = series_gather(v, region, first, next - 1);
    }
    return points;
}

void sim_series_raise(sim_series_tops *tops, const sim_series_point *points, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const sim_series_point *p = &points[i];
        tops->per_s = KD_MAX(tops->per_s, p->acked_per_s);
        tops->per_s = KD_MAX(tops->per_s, p->refused_per_s);
        if (p->shown != UINT64_MAX) tops->count = KD_MAX(tops->count, p->shown);
        tops->count = KD_MAX(tops->count, p->most);
        if (p->central != UINT64_MAX) tops->count = KD_MAX(tops->count, p->central);
        tops->outbox = KD_MAX(tops->outbox, p->outbox_batches);
        if (p->as_of_lag_us != UINT64_MAX) tops->lag_us = KD_MAX(tops->lag_us, p->as_of_lag_us);
        tops->lag_us = KD_MAX(tops->lag_us, p->staleness_us);
    }
}
