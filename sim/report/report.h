/*
 * report.h - the HTML page of a drill: one self-contained file, the verdict with its evidence on top, below it the
 * drill over time. No script, nothing loaded from elsewhere; well-formed XML, so that other tools may read it as well.
 */
#ifndef KUDOS_SIM_REPORT_REPORT_H
#define KUDOS_SIM_REPORT_REPORT_H

#include "sim/report/record.h"
#include "sim/world/run.h"

typedef struct {
    const char *name, *value; /* "likes acknowledged", "12345" */
} sim_report_figure;

/* What is known of a run besides its record. All text is foreign (it is escaped), borrowed, and may be NULL where nothing is to be said. */
typedef struct {
    const char *title;    /* the scenario's name: "region-cut" */
    const char *teaches;  /* its line */
    const char *world;    /* "simulation", "real binaries, embedded Kafka" */
    const char *command;  /* the command line that replays it */
    const char *version;  /* of the program */
    const char *scenario; /* its text form; folded in the page */
    uint64_t seed;
    sim_verdict verdict;
    const char *checker;   /* the one that was broken, or the need that was not met */
    const char *failure;   /* what, where, when */
    uint64_t failed_us;    /* 0: at no moment in particular */
    uint64_t length_us;    /* when users stop, and what still lasts of the faults ends */
    uint64_t converged_us; /* from length_us until central and all regions agreed; 0: it is not known */
    uint64_t acks, lost, doubled;
    const sim_report_figure *figures; /* in this order, below the picture */
    uint32_t figure_count;
    const char *const *held; /* names of the checkers that held */
    uint32_t held_count;
} sim_report_facts;

/* The page's text, appended. */
void sim_report_print(const sim_drill_record *r, const sim_report_facts *facts, kd_buf *out);
/* KD_OK, or KD_EIO when the file cannot be written (errno tells why). A file that was there is replaced at once or not at all; a
 * device, a pipe or what a link leads to is written to. */
int sim_report_write(const sim_drill_record *r, const sim_report_facts *facts, const char *path);
/* Whether that can be done, to be asked before a run that takes long: KD_OK or KD_EIO (errno tells why). */
int sim_report_check(const char *path);

#endif
