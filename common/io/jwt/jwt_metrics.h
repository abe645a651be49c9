/*
 * jwt_metrics.h - what both programs count of users' tokens. A file that makes a table of them defines KD_JWT_PREFIX, the beginning of its names, before:
 * "kudos_edge_jwt_".
 */
#ifndef KUDOS_COMMON_IO_JWT_JWT_METRICS_H
#define KUDOS_COMMON_IO_JWT_JWT_METRICS_H

#include "common/base/metrics.h"
#include "common/jwt/jwt.h"

/* Of a gate; its thread writes them, any thread reads. */
typedef struct {
    kd_metric verified, remembered;
    kd_metric refused[KD_JWT_FAULT_COUNT];
} kd_jwt_gate_metrics;

#define KD_JWT_REFUSED_ROW(id, name, detail)                                                                 \
    {offsetof(kd_jwt_gate_metrics, refused[KD_JWT_##id]), KD_METRIC_COUNTER, KD_JWT_PREFIX "refused_total",  \
     "reason=\"" name "\"", "Users' tokens (JWT) that were refused."},
#define KD_JWT_GATE_ROWS                                                                                     \
    {offsetof(kd_jwt_gate_metrics, verified), KD_METRIC_COUNTER, KD_JWT_PREFIX "taken_total",                \
     "by=\"signature\"", "Users' tokens (JWT) that were good: verified now, or remembered."},                \
        {offsetof(kd_jwt_gate_metrics, remembered), KD_METRIC_COUNTER, KD_JWT_PREFIX "taken_total",          \
         "by=\"memory\"", ""},                                                                               \
        KD_JWT_FAULTS(KD_JWT_REFUSED_ROW)

/* Of the source of keys; the main loop's. */
#define KD_JWT_SOURCE_METRICS(X)                                                                             \
    X(keys, GAUGE, KD_JWT_PREFIX "keys", "", "Keys that users' tokens are verified by.")                     \
    X(age, AGE, KD_JWT_PREFIX "keys_age_seconds", "",                                                        \
      "Since the keys were last read; NaN: never. jwt.keys_url is fetched every jwt.refresh_interval.")      \
    X(stale, GAUGE, KD_JWT_PREFIX "files_stale", "",                                                         \
      "1 while old keys are in use, because a file of [jwt] could not be used when it was last read.")       \
    X(fetches, COUNTER, KD_JWT_PREFIX "fetches_total", "", "Fetches of jwt.keys_url that ended.")            \
    X(failures, COUNTER, KD_JWT_PREFIX "fetch_failures_total", "", "Of them those that gave no keys.")

typedef struct {
    KD_JWT_SOURCE_METRICS(KD_METRIC_FIELD)
} kd_jwt_source_metrics;

#define KD_JWT_SOURCE_ROW(...) KD_METRIC_ROW(kd_jwt_source_metrics, __VA_ARGS__)

#endif
