/*
 * edge_ages.h - kudos_central_edge_watermark_age_seconds: which edge is behind. A row for each edge of central.edges, and one for all others
 * together, so that the number of rows is that of the configuration.
 */
#ifndef KUDOS_CENTRAL_IO_DAEMON_EDGE_AGES_H
#define KUDOS_CENTRAL_IO_DAEMON_EDGE_AGES_H

#include "common/base/metrics.h"
#include "common/conf/options.h"
#include "kudos/central.h"

/* A row's number is that of its edge in central.edges, to which a reload only appends; the last row is that of the others. */
enum { KD_EDGE_AGES_OTHERS = KD_OPTIONS_LIST_MAX, KD_EDGE_AGES_ROWS };

/* Of one worker. */
typedef struct {
    uint32_t count;     /* named edges */
    kd_metric *cells;   /* by row; read by the admin thread */
    int64_t *age_us;    /* by row: what is being gathered */
    bool *seen;         /* by row: in the partition that is being looked at */
    const char **names; /* sorted */
    uint32_t *rows;     /* of names, in their order */
} kd_edge_ages;

/* Borrows the names. */
void kd_edge_ages_init(kd_edge_ages *a, const kd_strings *edges);
/* There are more of them. Borrows these instead. */
void kd_edge_ages_name(kd_edge_ages *a, const kd_strings *edges);
void kd_edge_ages_finish(kd_edge_ages *a);
/* A round: begin, each partition with its edges, end. A named edge of which a partition has not heard is as old as the worker (`unheard_us`). */
void kd_edge_ages_begin(kd_edge_ages *a);
void kd_edge_ages_take(kd_edge_ages *a, const kd_central_edge *edges, uint32_t n, uint64_t now_us,
                       uint64_t unheard_us);
void kd_edge_ages_end(kd_edge_ages *a);
/* Appends the exposition text over the `cells` of all workers. */
void kd_edge_ages_render(const kd_strings *edges, const void *const *cells, size_t workers, kd_buf *out);

#endif
