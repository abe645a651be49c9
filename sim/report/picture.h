/*
 * picture.h - the drill over time: one axis, and under it a block for central and Kafka and one for each region.
 *
 *     axis      |0        2:00      4:00      ...   (stays on top while the page moves)
 *     central   | faults as bars, one row for each kind; notes as numbered marks
 *               | count at central beside the true one
 *     mumbai    | faults, notes
 *               | answers, count, age, outbox: one lane each, all to the same scale in every region
 *
 * A lane is a label and a plot. Plots are SVG stretched to the width that there is; what must not be stretched (text, bars, hatching) is HTML placed in per
 * cent. Bands lie once behind all lanes of a block.
 */
#ifndef KUDOS_SIM_REPORT_PICTURE_H
#define KUDOS_SIM_REPORT_PICTURE_H

#include "sim/report/report.h"
#include "sim/report/series.h"

enum { PICTURE_POINTS = 400, PICTURE_COLUMNS = 96, PICTURE_RATES = 160, PICTURE_WIDTH = 1000 };

typedef struct {
    const record *record;
    const report_facts *facts;
    record_view view;
    uint64_t end_us; /* of the axis; never 0 */
    series_tops tops;
    kd_buf *out;
} picture;

/* Where a moment lies, 0..100. */
double picture_percent(const picture *p, uint64_t at_us);

/* What the lanes of a block are drawn from. */
typedef struct {
    const series_point *points;
    uint32_t count;
} picture_series;

/* picture_lanes.c */
/* Of fewer, wider points: rates of short spans are noise. */
void picture_answers(const picture *p, uint32_t region, const record_sample *last);
void picture_counts(const picture *p, picture_series s, const record_sample *last);
void picture_central_count(const picture *p, picture_series s);
void picture_lags(const picture *p, picture_series s);
void picture_outbox(const picture *p, picture_series s, const record_sample *last);
/* Invisible columns over a region's lanes that tell their figures under the pointer. */
void picture_columns(const picture *p, uint32_t region);

/* picture_bands.c: of one region, or of everything that is none (region NULL) */
void picture_faults(const picture *p, const char *region);
void picture_bands(const picture *p, const char *region);
void picture_downtime(const picture *p, picture_series s);
void picture_notes(const picture *p, const char *region);
bool picture_touched(const picture *p, const char *region); /* is there a fault or note */
/* "network", "process", "disk", "clock", "log", "other": by the first word of the fault. */
const char *picture_family(const char *what);

/* The whole, with its legend. */
void picture_print(const record *r, const report_facts *facts, kd_buf *out);

#endif
