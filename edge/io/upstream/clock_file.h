/*
 * clock_file.h - what the carried clock rests on, kept over a restart of the process: DIR/clock holds this boot's id and the shift
 * from the monotonic to the wall clock as of the last measurement in bounds.
 *
 * Without it an edge that starts while central is away would stamp by whatever the wall clock says at that moment, and a wild stamp never
 * goes back. It is a hint that only this boot can use, so it is not synced, and what cannot be read is as if it were not there.
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_CLOCK_FILE_H
#define KUDOS_EDGE_IO_UPSTREAM_CLOCK_FILE_H

#include "common/io/loop/clock.h"

/* True when the clock goes on with what was kept. */
bool kd_clock_file_load(const char *data_dir, kd_clock *clock);
/* Keeps the clock's present shift. */
void kd_clock_file_save(const char *data_dir, kd_clock *clock);

#endif
