/* progress.h - a line on standard error now and then, of a command that walks over partitions. */
#ifndef KUDOS_COMMON_IO_DAEMON_PROGRESS_H
#define KUDOS_COMMON_IO_DAEMON_PROGRESS_H

#include "kudos/base.h"

/* Zero-initialise. */
typedef struct {
    uint64_t shown_us;
} kd_progress;

/* `WHAT: partition P of N, R rows`, at most two a second; `partition` counts from 0. */
void kd_progress_show(kd_progress *p, const char *what, uint64_t partition, uint64_t of, uint64_t rows);

#endif
