/*
 * metrics.h - counters, gauges and histograms as plain structs, rendered as Prometheus text (0.0.4).
 *
 * A program names its metrics in one X-macro. Rows of one family (same name, other labels) stand together; the help of
 * the first is used. Labels are static text: never items, never users.
 *
 *     //        field          kind       name                            labels              help
 *     #define KD_EDGE_METRICS(X) \
 *         X(likes_taken,   COUNTER,   "kudos_edge_likes_total",       "changed=\"true\"",  "Likes acknowledged.") \
 *         X(like_time,     SECONDS,   "kudos_edge_like_duration_seconds", "",              "Like, from request to answer.")
 *
 *     typedef struct { KD_EDGE_METRICS(KD_METRIC_FIELD) } kd_edge_metrics;           // one per shard, zero-initialised
 *     #define ROW(...) KD_METRIC_ROW(kd_edge_metrics, __VA_ARGS__)
 *     static const kd_metric_info rows[] = {KD_EDGE_METRICS(ROW)};
 *     const kd_metric_table kd_edge_metric_table = {rows, KD_COUNT(rows)};
 *
 *     kd_metric_add(&m->likes_taken, 1);  kd_metric_observe_seconds(&m->like_time, us);
 *
 * Cells are relaxed atomics: any thread may write and the admin thread may read at any time. Histograms, and cells that are counted by kd_metric_count,
 * have one writing thread, so that each request need not lock a line of memory.
 */
#ifndef KUDOS_COMMON_BASE_METRICS_H
#define KUDOS_COMMON_BASE_METRICS_H

#include "common/base/reason.h"
#include "kudos/base.h"

typedef struct {
    uint64_t v; /* only through the functions below */
} kd_metric;

/* In the cell of a gauge or an age: there is no value (never measured, never heard of). Rendered as NaN: an alert that compares takes it neither for
 * 0 nor for a large value. */
#define KD_METRIC_NONE INT64_MIN

typedef struct {
    kd_metric of[KD_REASONS];
} kd_metric_reasons;

enum { KD_HISTOGRAM_BUCKETS = 20 }; /* the last one is +Inf */

typedef struct {
    kd_metric bucket[KD_HISTOGRAM_BUCKETS]; /* not cumulative */
    kd_metric sum;
} kd_histogram;

/* Kinds: how a cell is written, and how the instances of several shards become one value. */
typedef enum {
    KD_METRIC_COUNTER,   /* kd_metric; sum */
    KD_METRIC_CPU,       /* kd_metric holding us, rendered in seconds; a counter; sum */
    KD_METRIC_REASONS,   /* kd_metric_reasons; counters, a row for each with the label `reason`; sum */
    KD_METRIC_GAUGE,     /* kd_metric; sum, none when one of the shards has none; may be negative */
    KD_METRIC_GAUGE_MAX, /* kd_metric; the largest of the shards, none when all are none */
    KD_METRIC_AGE, /* kd_metric holding us, rendered in seconds; the largest of the shards, none when all are none */
    KD_METRIC_AGE_OF_ALL, /* an AGE that is none when one is none: a shard without a value is worse than an old value */
    KD_METRIC_SECONDS, /* kd_histogram of us, rendered in seconds: 50 us .. 30 s */
    KD_METRIC_SIZES,   /* kd_histogram of plain numbers: 1 .. 1048576 */
} kd_metric_kind;

#define KD_METRIC_TYPE_COUNTER kd_metric
#define KD_METRIC_TYPE_CPU kd_metric
#define KD_METRIC_TYPE_REASONS kd_metric_reasons
#define KD_METRIC_TYPE_GAUGE kd_metric
#define KD_METRIC_TYPE_GAUGE_MAX kd_metric
#define KD_METRIC_TYPE_AGE kd_metric
#define KD_METRIC_TYPE_AGE_OF_ALL kd_metric
#define KD_METRIC_TYPE_SECONDS kd_histogram
#define KD_METRIC_TYPE_SIZES kd_histogram
#define KD_METRIC_FIELD(field, kind, name, labels, help) KD_METRIC_TYPE_##kind field;
#define KD_METRIC_ROW(type, field, metric_kind, metric_name, metric_labels, metric_help)                     \
    {offsetof(type, field), KD_METRIC_##metric_kind, metric_name, metric_labels, metric_help},

typedef struct {
    size_t offset;
    kd_metric_kind kind;
    const char *name;
    const char *labels; /* `reason="rate"` or "" */
    const char *help;
} kd_metric_info;

typedef struct {
    const kd_metric_info *at;
    size_t count;
} kd_metric_table;

static inline void kd_metric_add(kd_metric *m, uint64_t n)
{
    __atomic_fetch_add(&m->v, n, __ATOMIC_RELAXED);
}
/* The same, where no other thread ever writes this cell. */
static inline void kd_metric_count(kd_metric *m, uint64_t n)
{
    __atomic_store_n(&m->v, __atomic_load_n(&m->v, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}
static inline void kd_metric_sub(kd_metric *m, uint64_t n)
{
    __atomic_fetch_sub(&m->v, n, __ATOMIC_RELAXED);
}
static inline void kd_metric_set(kd_metric *m, int64_t value)
{
    __atomic_store_n(&m->v, (uint64_t)value, __ATOMIC_RELAXED);
}
static inline int64_t kd_metric_get(const kd_metric *m)
{
    return (int64_t)__atomic_load_n(&m->v, __ATOMIC_RELAXED);
}
static inline void kd_metric_set_reasons(kd_metric_reasons *m,
                                         const uint64_t *counts) /* KD_REASONS of them */
{
    for (size_t i = 0; i < KD_REASONS; i++) kd_metric_set(&m->of[i], (int64_t)counts[i]);
}
/* Counts one value in a histogram of kind SECONDS. One thread alone writes a histogram. */
void kd_metric_observe_seconds(kd_histogram *h, uint64_t us);
/* The same in a histogram of kind SIZES. */
void kd_metric_observe_size(kd_histogram *h, uint64_t value);

/* Appends the exposition text of `count` instances (structs of the table's type, one a shard), combined as kd_metric_kind says. Any thread. */
void kd_metrics_render(const kd_metric_table *table, const void *const *instances, size_t count, kd_buf *out);
/* Appends a Markdown table: name, type, labels, help. */
void kd_metrics_reference(const kd_metric_table *table, kd_buf *out);

#endif
