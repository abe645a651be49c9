/*
 * answer.h - the JSON that edge and central answer alike (docs: the API). Pure, on json_writer.
 *
 *     {"item":"posts/1","counts":{"like":{"count":1235,"display":"1.2K","pending":4}},
 *      "age_ms":840,"as_of":"2026-01-02T03:04:05.678Z","source":"edge"}
 *
 * Where no number of central stands behind an item, count and display are null.
 */
#ifndef KUDOS_COMMON_API_ANSWER_H
#define KUDOS_COMMON_API_ANSWER_H

#include "common/json/json_writer.h"
#include "kudos/id.h"

typedef enum {
    KD_LIKED_NO = 0,
    KD_LIKED_YES = 1,
    KD_LIKED_UNKNOWN = 2, /* null */
    KD_LIKED_UNASKED = 3, /* the field is left out */
} kd_liked;

typedef struct {
    kd_bytes item; /* key */
    const kd_counters *counters;
    const uint64_t *count; /* by counter index */
    uint32_t told; /* so many counters, from the first, have a number of central; of the others it is null */
    const uint32_t *pending; /* by counter index; NULL: nothing is pending */
    uint64_t now_us;
    uint64_t made_us;   /* when central made the number; 0: unknown, age_ms is null. In the future: 0 ms */
    uint64_t as_of_us;  /* 0: unknown, null */
    const char *source; /* "edge" or "central" */
    kd_liked liked;     /* of the caller, where asked: KD_LIKED_UNASKED otherwise */
} kd_answer_counts;

/* One value: the object above. */
void kd_answer_write_counts(kd_json *j, const kd_answer_counts *a);
/* {"item":…,"liked":true|false|null,"at_us":…,"complete":…,"source":…} */
typedef struct {
    kd_bytes item; /* key */
    kd_liked liked;
    uint64_t at_us;       /* of the user's last word; left out when 0 */
    const bool *complete; /* NULL: left out, nobody asked */
    const char *source;
} kd_answer_liked;
void kd_answer_write_liked(kd_json *j, const kd_answer_liked *a);

/* Members alone, inside an object that the caller opened: "count", "display", "pending"; "item"; "age_ms" and
 * "as_of". */
void kd_answer_write_number(kd_json *j, const uint64_t *count,
                            uint32_t pending); /* NULL: no number is known */
/* The display form as a value. NULL: null. */
void kd_answer_write_display(kd_json *j, const uint64_t *count);
void kd_answer_write_item(kd_json *j, kd_bytes item);
void kd_answer_write_age(kd_json *j, uint64_t now_us, uint64_t made_us, uint64_t as_of_us);

#endif
