/*
 * record.h - what a drill looked like over time, from either world: samples, faults as bands, marks, and the verdict.
 *
 * The worlds push; the report (sim/report/report.h) draws. Bounded: when a series is full every second sample goes, and from then on half as many
 * are taken, so an hour and a day both fit a page. Faults and notes beyond their bound are counted, not kept; text is cut at RECORD_TEXT_MAX.
 */
#ifndef KUDOS_SIM_REPORT_RECORD_H
#define KUDOS_SIM_REPORT_RECORD_H

#include "kudos/base.h"

enum {
    RECORD_MOMENTS_MAX = 2048,
    RECORD_FAULTS_MAX = 4096,
    RECORD_NOTES_MAX = 256,
    RECORD_NAME_MAX = 64, /* bytes of a name, with the 0 */
    RECORD_TEXT_MAX = 192,
    RECORD_INTERVAL_US = 100000, /* between samples, at first */
};

typedef struct record record;

/* `names`: the regions, in the order of their indices; copied. */
record *record_create(const char *const *names, uint32_t count);
void record_destroy(record *r);

/* One region at one moment. Counts are of the one item that the report follows (record_follow). */
typedef struct {
    bool up, refusing;       /* the process runs; it refuses writes */
    uint64_t acked;          /* operations answered 2xx here, so far */
    uint64_t refused;        /* answered 429, 503 */
    uint64_t shown;          /* the count that this edge shows; UINT64_MAX: null */
    uint64_t pending;        /* of it, not confirmed by central */
    uint64_t staleness_us;   /* now less when central made the number */
    uint64_t as_of_lag_us;   /* now less as_of; UINT64_MAX: null */
    uint64_t outbox_batches; /* not yet applied */
} record_sample;

void record_follow(record *r, const char *item, const char *counter);
/* `truth`: the journal's count of that item, the smallest and the largest it can be; `central`: what central has;
 * UINT64_MAX: it is down. */
void record_moment(record *r, uint64_t now_us, uint64_t least, uint64_t most, uint64_t central,
                   const record_sample *regions);
/* The moment of the next sample that is wanted; the world asks before it gathers one. */
uint64_t record_next_us(const record *r);

/* A fault from `from_us` to `to_us` (equal: a moment). who: "mumbai", "central", "kafka". what: an event's line;
 * its "at ... for ..." is left out. */
void record_fault(record *r, uint64_t from_us, uint64_t to_us, const char *who, const char *what);
/* Something worth a line: "central restored: epoch ...", "virginia sends 120 operations again". */
void record_note(record *r, uint64_t now_us, const char *who, const char *text);

/* ---- what the report reads ---------------------------------------------------------------------------------------- */

typedef struct {
    uint64_t at_us, least, most, central;
} record_instant;
typedef struct {
    uint64_t from_us, to_us;
    char who[RECORD_NAME_MAX], what[RECORD_TEXT_MAX];
} record_band;
typedef struct {
    uint64_t at_us;
    char who[RECORD_NAME_MAX], text[RECORD_TEXT_MAX];
} record_mark;

/* Valid until the record is next written to. Faults are in the order of their beginning, notes in that of time. */
typedef struct {
    uint32_t regions, moments, faults, notes;
    uint64_t faults_dropped, notes_dropped;
    const char *item, *counter;     /* "": nothing is followed */
    const record_instant *instants; /* of `moments` */
    const record_sample *samples;   /* moments x regions */
    const record_band *bands;       /* of `faults` */
    const record_mark *marks;       /* of `notes` */
} record_view;

record_view record_look(const record *r);
const char *record_region(const record *r, uint32_t region);

#endif
