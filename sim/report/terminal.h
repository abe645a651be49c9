/*
 * terminal.h - what a drill prints on the terminal: a line of progress while it runs, and a summary when it is over.
 */
#ifndef KUDOS_SIM_REPORT_TERMINAL_H
#define KUDOS_SIM_REPORT_TERMINAL_H

#include <stdio.h>

#include "sim/report/report.h"

/* The moving line, on standard error, only when that is a terminal. Cheap to call often: it draws five times a second at most. */
typedef struct {
    const char *label; /* the scenario's name; borrowed */
    bool shown;        /* a terminal is there */
    uint64_t began_us, drawn_us;
} sim_terminal;

/* Borrows the label; looks once whether standard error is a terminal. */
void sim_terminal_init(sim_terminal *t, const char *label);
/* Fits sim_options.progress, with the terminal as its argument. */
void sim_terminal_progress(void *arg, uint64_t now_us, uint64_t end_us, uint64_t acks);
/* Wipes the line. */
void sim_terminal_finish(sim_terminal *t);

/* Per region what it ended with, the followed item, the faults, and the verdict in words. */
void sim_terminal_summary(FILE *out, const sim_drill_record *r, const sim_report_facts *facts);

#endif
