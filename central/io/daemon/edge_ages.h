/*
 * edge_ages.h - the metric kudos_central_edge_watermark_age_seconds, which tells an operator the edge that is behind. It has a row for each edge of
 * central.edges, and one for all other edges together: an edge that nobody configured must not add rows.
 */
#ifndef KUDOS_CENTRAL_IO_DAEMON_EDGE_AGES_H
#define KUDOS_CENTRAL_IO_DAEMON_EDGE_AGES_H

#include "common/base/metrics.h"
#include "common/conf/options.h"
#include "kudos/central.h"

/* An edge's row is its place in central.edges, to which a reload only appends; the last row is that of the others. */
enum { KD_EDGE_AGES_OTHERS = KD_OPTIONS_LIST_MAX, KD_EDGE_AGES_ROWS };

/* Of one worker; on its thread, but for the cells. */
typedef struct {
    uint32_t count;     /* named edges */
    kd_metric *cells;   /* by row; atomic, read by the main loop */
    int64_t *age_us;    /* by row: the largest age of this round so far */
    bool *seen;         /* by row: the partition of this kd_edge_ages_take has heard of the edge */
    const char **names; /* sorted */
    uint32_t *rows;     /* of names, in their order */
} kd_edge_ages;

/* All rows begin unknown. Borrows the names, until kd_edge_ages_name. */
void kd_edge_ages_init(kd_edge_ages *a, const kd_strings *edges);
/* A reload has appended edges: borrows this list instead of the one before. */
void kd_edge_ages_name(kd_edge_ages *a, const kd_strings *edges);
/* Frees the rows; nobody renders them any more. */
void kd_edge_ages_finish(kd_edge_ages *a);
/* A round is begin, take for each partition, end. */
void kd_edge_ages_begin(kd_edge_ages *a);
/* Takes the edges that one partition knows; retired ones have no age. A named edge that the partition has not heard of gets the age `unheard_us`,
 * which is the worker's own. */
void kd_edge_ages_take(kd_edge_ages *a, const kd_central_edge *edges, uint32_t n, uint64_t now_us,
                       uint64_t unheard_us);
/* Copies the ages of the round to the cells, where they are rendered. */
void kd_edge_ages_end(kd_edge_ages *a);
/* Appends the metric in Prometheus' text format. A row shows the largest age over the `cells` of all workers. `edges` names the rows. */
void kd_edge_ages_render(const kd_strings *edges, const void *const *cells, size_t workers, kd_buf *out);

#endif
