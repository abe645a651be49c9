/*
 * clock_file.h - keeps the carried clock (common/base/drift.h) over a restart of the process. DIR/clock holds the id of this boot, and the shift
 * from the monotonic to the wall clock as of the last measurement in bounds.
 *
 * Without it an edge that starts while central is away would stamp by the machine's wall clock, however wrong, and a stamp that is far ahead is
 * never taken back. The file is a hint that only the same boot can use. So it is not synced, and a file that cannot be read counts as missing.
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_CLOCK_FILE_H
#define KUDOS_EDGE_IO_UPSTREAM_CLOCK_FILE_H

#include "common/io/loop/clock.h"

/* Continues `clock` with the shift that was kept. False: there is none of this boot, and the clock is unchanged. Before other threads read it. */
bool kd_clock_file_load(const char *data_dir, kd_clock *clock);
/* Writes the clock's present shift. Failures are ignored. */
void kd_clock_file_save(const char *data_dir, kd_clock *clock);

#endif
