/*
 * units.h - how the report says times and counts, and where an axis has its marks.
 */
#ifndef KUDOS_SIM_REPORT_UNITS_H
#define KUDOS_SIM_REPORT_UNITS_H

#include "kudos/base.h"

enum { UNITS_TEXT_MAX = 32, UNITS_TICKS_MAX = 16 };

/* A span: "0", "840 ms", "1.5 s", "2m 05s", "3h 20m", "2d 4h". */
void sim_units_span(uint64_t us, char text[UNITS_TEXT_MAX]);
/* A moment of the run as on an axis: "0", "0:30", "12:00", "1:30:00"; with tenths when the run is shorter than 10 s. */
void sim_units_moment(uint64_t us, uint64_t length_us, char text[UNITS_TEXT_MAX]);
/* 1234567 as "1,234,567". */
void sim_units_count(uint64_t n, char text[UNITS_TEXT_MAX]);

/* At most `wanted` round steps from 0 to `end_us`: the step of a time axis. Never 0. */
uint64_t sim_units_time_step(uint64_t end_us, uint32_t wanted);
/* A round number that is not below v, nor above it by more than two thirds from 10 on: the top of an axis. 0 gives 1. */
uint64_t sim_units_round_up(uint64_t v);

#endif
