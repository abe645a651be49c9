/*
 * url_metrics.h - the metrics that tell the URLs of central apart: a row for each, by its slot (edge/io/upstream/central_urls.h).
 */
#ifndef KUDOS_EDGE_IO_DAEMON_URL_METRICS_H
#define KUDOS_EDGE_IO_DAEMON_URL_METRICS_H

#include "common/base/metrics.h"
#include "kudos/centrals.h"

typedef struct {
    kd_metric answers, failures, elsewhere, useless, asked;
} kd_url_cells;

/* Of one thread; any thread reads it. */
typedef struct {
    kd_url_cells at[KD_CENTRALS_MAX];
} kd_url_metrics;

/* Appends them in Prometheus' text format, added up over the instances. `urls` by slot; NULL: no row. */
void kd_url_metrics_write(char *const *urls, const void *const *instances, size_t count, kd_buf *out);

#endif
