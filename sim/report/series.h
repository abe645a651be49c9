/*
 * series.h - samples gathered into as many points as a picture can show. A point keeps the worst of its span: the oldest age, the
 * fullest outbox, and whether the process was ever down. Of counts it keeps the last one, of answers the rate.
 */
#ifndef KUDOS_SIM_REPORT_SERIES_H
#define KUDOS_SIM_REPORT_SERIES_H

#include "sim/report/record.h"

typedef struct {
    uint64_t from_us, to_us;
    double acked_per_s, refused_per_s;
    /* at to_us; shown UINT64_MAX: null; central UINT64_MAX: down */
    uint64_t shown, pending, least, most, central;
    uint64_t staleness_us, as_of_lag_us; /* the worst; UINT64_MAX: null at some moment */
    uint64_t outbox_batches;             /* the most */
    bool down, refusing;                 /* at some moment */
    bool gone;                           /* down all the time: nothing was shown */
} sim_series_point;

/* At most `wanted` points of one region, to be freed; *count says how many. */
sim_series_point *sim_series_make(const sim_record_view *v, uint32_t region, uint32_t wanted,
                                  uint32_t *count);

/* The tops of the axes: the largest over all regions, so that their pictures compare. */
typedef struct {
    double per_s;
    uint64_t count, lag_us, outbox;
} sim_series_tops;

/* Raises each top to what these points need. */
void sim_series_raise(sim_series_tops *tops, const sim_series_point *points, uint32_t count);

#endif
