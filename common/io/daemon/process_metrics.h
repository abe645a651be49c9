/*
 * process_metrics.h - the metrics that Prometheus names for every process (process_cpu_seconds_total and others), and kudos_build_info. For the admin
 * port of both programs.
 */
#ifndef KUDOS_COMMON_IO_DAEMON_PROCESS_METRICS_H
#define KUDOS_COMMON_IO_DAEMON_PROCESS_METRICS_H

#include "kudos/base.h"

/* Appends the exposition text. A value that /proc does not tell is NaN. On one thread only. */
void kd_process_metrics_write(kd_buf *out);

#endif
