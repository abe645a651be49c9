/*
 * process_metrics.h - what Prometheus' own names say of a process, and kudos_build_info. For the admin port of either program.
 */
#ifndef KUDOS_COMMON_IO_DAEMON_PROCESS_METRICS_H
#define KUDOS_COMMON_IO_DAEMON_PROCESS_METRICS_H

#include "kudos/base.h"

/* Appends the exposition text. What /proc does not tell is NaN. On one thread. */
void kd_process_metrics_write(kd_buf *out);

#endif
