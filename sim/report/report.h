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
    const char *teaches;  /* the scenario's line "teaches" */
    const char *world;    /* "simulation", "real binaries, embedded Kafka" */
    const char *command;  /* the command line that replays it */
    const char *version;  /* of the program */
    const char *scenario; /* its text form; folded in the page */
    uint64_t seed;
    sim_verdict verdict;
    const char *checker;   /* name of the checker that failed, or of the need that was not met */
    const char *failure;   /* what, where, when */
    uint64_t failed_us;    /* when `checker` failed; 0: at no moment in particular */
    uint64_t length_us;    /* when users stop, and faults that still last end */
    uint64_t converged_us; /* from length_us until central and all regions agreed; 0: not known */
    uint64_t acks, lost, doubled;
    const sim_report_figure *figures; /* in this order, below the picture */
    uint32_t figure_count;
    const char *const *held; /* names of the checkers that held */
    uint32_t held_count;
} sim_report_facts;

/* The page's text, appended. */
void sim_report_print(const sim_drill_record *r, const sim_report_facts *facts, kd_buf *out);
/* KD_OK, or KD_EIO when the file cannot be written (errno tells why). An existing file is replaced at once or not at all. A device, a pipe, or the
 * target of a symbolic link is written in place. */
int sim_report_write(const sim_drill_record *r, const sim_report_facts *facts, const char *path);
/* Whether sim_report_write can write to `path`, to be asked before a long run: KD_OK or KD_EIO (errno tells why). */
int sim_report_check(const char *path);

#endif
