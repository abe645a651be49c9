/*
 * trend.h - the velocities of a partition's items: for each collection and counter that is kept, a series of summaries (summary.h) by time.
 *
 * The velocity of an item over a window is the number of users whose last operation on it is a like that is stamped within the window. So a like that
 * is taken back no longer counts, an unlike of an older like changes nothing, and a user counts once, at the time of the last like.
 *
 * A bucket covers a stretch of the time of stamps. Time begins at the newest stamp of an operation that set a like or took one back, and goes back from there
 * (levels in trend_time.c):
 *
 *     3 hours in steps of          2 to 3 minutes:    20 to 30 minutes:    2 to 3 hours:     74 to 75 hours:
 *                                  10 s               1 min                10 min            1 h
 *
 * When time goes on, buckets that enter the next stretch are merged into one of its steps; those behind the last are dropped. A bucket is a row of the
 * store, written by each commit that changes it:
 *
 *     t                                                newest, from be64 | digest of the configuration be64
 *     t | counter | length, collection | start be64    level u8, then the summary (summary.h)
 *
 * Invariants: the state is a function of the log, read record by record. Operations that are folded within a commit (fold.h) are told apart again, and
 * all take effect in the order of their arrival; so it does not matter how the log was cut into commits. Memory holds the state as of the last commit
 * begun; reads go to the store, which holds it as of the last one that is durable (trending.c). Bounded: KD_TREND_SERIES_MAX series of at most
 * KD_TREND_BUCKETS_MAX buckets.
 */
#ifndef KUDOS_CENTRAL_CORE_TREND_H
#define KUDOS_CENTRAL_CORE_TREND_H

#include "central/core/commit.h"
#include "central/core/row.h"
#include "central/core/summary.h"
#include "central/core/trend_time.h"
#include "kudos/trending.h"

enum { KD_TREND_SERIES_MAX = 64 };

typedef struct {
    uint64_t start_us;
    uint8_t level;
    bool dirty; /* differs from its row */
    kd_summary summary;
} kd_trend_bucket;

typedef struct {
    uint8_t counter, collection_len;
    uint8_t collection[KD_COLLECTION_MAX];
    kd_trend_bucket **at; /* ascending by start, without overlaps */
    uint32_t count, cap;
} kd_trend_series;

/* What one operation did to a membership row: a like was taken back from one time, and set at another. 0: none. */
typedef struct {
    uint64_t was_us, is_us, time_us; /* time_us: its stamp */
    uint32_t key_at;
    uint16_t key_len; /* 0: the operation changed no row */
} kd_trend_event;

typedef struct {
    bool on;
    bool begun;         /* newest and from are known */
    bool head_dirty;    /* the row `t` is to be written */
    uint64_t newest_us; /* start of the finest step that holds the newest stamp merged */
    uint64_t from_us;   /* stamps below are not counted: these velocities were not kept yet */
    kd_trend_series **series;
    uint32_t series_count, series_cap;
    uint64_t config;        /* digest of the pairs that are kept */
    uint64_t refused;       /* likes of a series too many */
    kd_trend_event *events; /* of the commit that is being closed, by arrival */
    uint32_t event_count, event_cap;
} kd_trend;

/* Reads the rows; those of another configuration are deleted by the next commit. KD_OK, KD_EIO, KD_EMALFORMED. */
int kd_trend_load(kd_central *c);
void kd_trend_finish(kd_trend *t);

/* The closing of a commit, in this order. Before its operations are sorted: */
void kd_trend_begin(kd_central *c, const kd_commit *k);
/* An operation that wins its row, and the row before. Those that are folded within the commit are told as well (fold.h). */
void kd_trend_won(kd_central *c, const kd_gathered_op *op, const kd_stored_row *old);
/* Then: the operations take effect, and the changed rows join the writes. */
void kd_trend_step(kd_central *c, kd_commit *k);

/* The key of a bucket's row, or with `start_us` NULL what the keys of a series begin with; a view of the cleared *out. */
kd_bytes kd_trend_key(kd_buf *out, uint8_t counter, kd_bytes collection, const uint64_t *start_us);

#endif
