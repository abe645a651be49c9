/*
 * record.h - what a drill looked like over time, from either world: samples, faults as bands, notes, and who led which partition.
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
    RECORD_REIGNS_MAX = 4096,
    RECORD_NAME_MAX = 64, /* bytes of a name, with the 0 */
    RECORD_TEXT_MAX = 192,
    RECORD_INTERVAL_US = 100000, /* between samples, at first */
};

typedef struct sim_drill_record sim_drill_record;

/* `names`: the regions, in the order of their indices; copied. */
sim_drill_record *sim_record_create(const char *const *names, uint32_t count);
/* NULL is fine. */
void sim_record_destroy(sim_drill_record *r);

/* One region at one moment. Counts are of the one item that the report follows (sim_record_follow). */
typedef struct {
    bool up, refusing;       /* the process runs; it refuses writes */
    uint64_t acked;          /* operations answered 2xx here, so far */
    uint64_t refused;        /* answered 429, 503 */
    uint64_t shown;          /* the count that this edge shows; UINT64_MAX: null */
    uint64_t pending;        /* of it, not confirmed by central */
    uint64_t staleness_us;   /* now less when central made the number */
    uint64_t as_of_lag_us;   /* now less as_of; UINT64_MAX: null */
    uint64_t outbox_batches; /* not yet applied */
} sim_record_sample;

/* The counts of all samples are those of this item and counter; the texts are copied. */
void sim_record_follow(sim_drill_record *r, const char *item, const char *counter);
/* One sample of every region, in the order of their indices. `least` and `most` bound the true count of the followed item, by the clients'
 * journal; `central` is central's count, UINT64_MAX while it is down. `now_us` never falls from call to call. */
void sim_record_moment(sim_drill_record *r, uint64_t now_us, uint64_t least, uint64_t most, uint64_t central,
                       const sim_record_sample *regions);
/* The moment of the next sample that is wanted; the world asks before it gathers one. */
uint64_t sim_record_next_us(const sim_drill_record *r);

/* A fault from `from_us` to `to_us` (equal: a moment). who: "mumbai", "central", "kafka". what: an event's line;
 * its "at ... for ..." is left out. */
void sim_record_fault(sim_drill_record *r, uint64_t from_us, uint64_t to_us, const char *who,
                      const char *what);
/* Something worth a line: "central restored: epoch ...", "virginia sends 120 operations again". */
void sim_record_note(sim_drill_record *r, uint64_t now_us, const char *who, const char *text);

/* Which member of central leads the partition from now on, as far as it is known; NULL: nobody. Nothing is kept where that is no news. Where there are no members it is not called. */
void sim_record_leader(sim_drill_record *r, uint64_t now_us, uint32_t partition, const char *who);

/* ---- what the report reads ---------------------------------------------------------------------------------------- */

typedef struct {
    uint64_t at_us, least, most, central;
} sim_record_instant;
typedef struct {
    uint64_t from_us, to_us;
    char who[RECORD_NAME_MAX], what[RECORD_TEXT_MAX];
} sim_record_band;
typedef struct {
    uint64_t at_us;
    char who[RECORD_NAME_MAX], text[RECORD_TEXT_MAX];
} sim_record_mark;

typedef struct {
    uint64_t from_us; /* up to the next one of the partition */
    uint32_t partition;
    char who[RECORD_NAME_MAX]; /* "": nobody */
} sim_record_reign;

/* Valid until the record is next written to. Reigns are in the order of time. Faults are in the order of their beginning, notes in that of time. */
typedef struct {
    uint32_t regions, moments, faults, notes, reigns;
    uint64_t faults_dropped, notes_dropped;
    uint64_t faults_end_us;             /* the latest end of all faults, dropped ones too; 0: none */
    const char *item, *counter;         /* "": nothing is followed */
    const sim_record_instant *instants; /* of `moments` */
    const sim_record_sample *samples;   /* moments x regions */
    const sim_record_band *bands;       /* of `faults` */
    const sim_record_mark *marks;       /* of `notes` */
    const sim_record_reign *leaders;    /* of `reigns` */
} sim_record_view;

/* All that was recorded, borrowed. */
sim_record_view sim_record_look(const sim_drill_record *r);
/* The name of that region, as it was given to sim_record_create. */
const char *sim_record_region(const sim_drill_record *r, uint32_t region);

#endif
