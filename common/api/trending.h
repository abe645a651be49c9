/* trending.h - GET /v1/trending: its question and its answer, of both programs. Pure. */
#ifndef KUDOS_COMMON_API_TRENDING_H
#define KUDOS_COMMON_API_TRENDING_H

#include "common/api/route.h"
#include "common/json/json_writer.h"
#include "kudos/trending.h"

enum { KD_TRENDING_LIMIT = 10 }; /* items, where the question names no limit */

/* The windows that can be asked for. */
typedef struct {
    const char *text;
    uint64_t us;
    uint64_t fresh_us; /* how long an answer may be shown before it is asked for again */
} kd_trending_window;
enum { KD_TRENDING_WINDOWS = 4 };
extern const kd_trending_window kd_trending_windows[KD_TRENDING_WINDOWS];

typedef struct {
    char collection[KD_COLLECTION_MAX + 1];
    uint32_t counter; /* index in the counters of the program */
    uint32_t window;  /* index in kd_trending_windows */
    uint32_t limit;
} kd_trending_ask;

/* Reads the query: collection is wanted, counter is the first set without it, window 10m. True, or false with *why. */
bool kd_route_trending(kd_bytes query, const kd_strings *collections, const kd_counters *counters,
                       kd_trending_ask *ask, kd_refusal *why);

/* velocity= of a bulk read of counts: a window's index, KD_TRENDING_WINDOWS where none is named. False with *why. */
bool kd_route_velocity(kd_bytes query, uint32_t *window, kd_refusal *why);

typedef struct {
    const kd_trending_ask *ask;
    const char *counter;
    const kd_trending *found; /* its times are not looked at */
    kd_bytes since, as_of;    /* times as text; as_of may be empty: unknown */
    uint64_t age_ms;
    const char *source; /* "edge" or "central" */
} kd_answer_trending;
/* Writes the answer as one value, with at most ask->limit items. */
void kd_answer_write_trending(kd_json *j, const kd_answer_trending *a);

#endif
