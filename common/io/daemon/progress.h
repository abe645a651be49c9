/* progress.h - the progress of a command that walks over partitions, on standard error. */
#ifndef KUDOS_COMMON_IO_DAEMON_PROGRESS_H
#define KUDOS_COMMON_IO_DAEMON_PROGRESS_H

#include "kudos/base.h"

/* Zero-initialise. */
typedef struct {
    uint64_t shown_us; /* monotonic time of the last line; at first of the first call */
} kd_progress;

/* Prints `WHAT: partition P of N, R rows`, at most twice a second and never in the first half second; `partition` counts from 0. */
void kd_progress_show(kd_progress *p, const char *what, uint64_t partition, uint64_t of, uint64_t rows);

#endif
