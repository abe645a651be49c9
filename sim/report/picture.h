/*
 * picture.h - the drill over time: one axis, and under it a block for central and Kafka and one for each region.
 *
 *     axis      |0        2:00      4:00      ...   (stays on top while the page moves)
 *     central   | faults as bars, one row for each kind; notes as numbered marks
 *               | with members: who led each partition, as bands
 *               | count at central beside the true one
 *     mumbai    | faults, notes
 *               | answers, count, age, outbox: one lane each, all to the same scale in every region
 *
 * A lane is a label and a plot. Plots are SVG stretched to the width that there is; what must not be stretched (text, bars, hatching) is HTML
 * placed in per cent. Bands lie once behind all lanes of a block.
 */
#ifndef KUDOS_SIM_REPORT_PICTURE_H
#define KUDOS_SIM_REPORT_PICTURE_H

#include "sim/report/recovery.h"
#include "sim/report/report.h"
#include "sim/report/series.h"

enum { PICTURE_POINTS = 400, PICTURE_COLUMNS = 96, PICTURE_RATES = 160, PICTURE_WIDTH = 1000 };

typedef struct {
    const sim_drill_record *record;
    const sim_report_facts *facts;
    sim_record_view view;
    sim_recovery recovery;
    uint64_t end_us; /* of the axis; never 0 */
    sim_series_tops tops;
    kd_buf *out;
} sim_picture;

/* picture_axis.c */
/* Where a moment lies on the axis, in per cent of its width, 0 to 100; what comes after the axis lies at 100. */
double sim_picture_percent(const sim_picture *p, uint64_t at_us);
/* The lane of ticks, which stays on top while the page moves. */
void sim_picture_axis(const sim_picture *p);
/* The lane that names the moments of sim_picture_moments; nothing when there are none. */
void sim_picture_moment_names(const sim_picture *p);
/* The lines that go through all lanes of a block: grid, end of the last fault, end of the users, failure. */
void sim_picture_moments(const sim_picture *p);

/* What the lanes of a block are drawn from. */
typedef struct {
    const sim_series_point *points;
    uint32_t count;
} sim_picture_series;

/* picture_leaders.c: which member of central led each partition, a lane for each; nothing where there are no members. */
void sim_picture_leaders(const sim_picture *p);

/* picture_lanes.c */
/* Answers a second. Drawn from fewer, wider points than the other lanes, because rates of short spans are noise. */
void sim_picture_answers(const sim_picture *p, uint32_t region, const sim_record_sample *last);
/* The count that the region shows beside the true one. */
void sim_picture_counts(const sim_picture *p, sim_picture_series s, const sim_record_sample *last);
/* The count at central beside the true one. */
void sim_picture_central_count(const sim_picture *p, sim_picture_series s);
/* The age of the count and how far its as_of is behind, on one logarithmic axis. */
void sim_picture_lags(const sim_picture *p, sim_picture_series s);
/* Batches in the region's outbox. */
void sim_picture_outbox(const sim_picture *p, sim_picture_series s, const sim_record_sample *last);
/* Invisible columns over a region's lanes that tell their figures under the pointer. */
void sim_picture_columns(const sim_picture *p, uint32_t region);

/* picture_bands.c: of one region; with region NULL of everybody who is no region, which is central and Kafka */

/* One row of bars for each kind of fault. */
void sim_picture_faults(const sim_picture *p, const char *region);
/* The tints behind all lanes of a block, one for each bar above it. */
void sim_picture_bands(const sim_picture *p, const char *region);
/* The hatching behind the lanes where the region's process was down. */
void sim_picture_downtime(const sim_picture *p, sim_picture_series s);
/* A row of numbered notes, which link to the table below; nothing where there are none. */
void sim_picture_notes(const sim_picture *p, const char *region);
/* Whether there is a fault or a note. */
bool sim_picture_touched(const sim_picture *p, const char *region);
/* "network", "process", "disk", "clock", "log", "other": by the first word of the fault. */
const char *sim_picture_family(const char *what);

/* The whole, with its legend. */
void sim_picture_print(const sim_drill_record *r, const sim_report_facts *facts, kd_buf *out);

#endif
