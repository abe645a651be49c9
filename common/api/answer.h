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
#include "kudos/trending.h"

typedef enum {
    KD_LIKED_NO = 0,
    KD_LIKED_YES = 1,
    KD_LIKED_UNKNOWN = 2, /* null */
    KD_LIKED_UNASKED = 3, /* the field is left out */
} kd_liked;

typedef struct {
    kd_bytes item; /* key */
    const kd_counters *counters;
    const uint64_t *count;   /* by counter index */
    uint32_t told;           /* the first `told` counters have a number from central; the others show null */
    const uint32_t *pending; /* by counter index; NULL: nothing is pending */
    uint64_t now_us;
    uint64_t made_us;   /* time of the number at central; 0: unknown, age_ms is null */
    uint64_t as_of_us;  /* 0: unknown, null */
    const char *source; /* "edge" or "central" */
    kd_liked liked;     /* of the caller, where asked: KD_LIKED_UNASKED otherwise */
    const uint8_t
        *me; /* likewise of counters that the request names: kd_liked by counter index; NULL: it names none */
    /* Where they were asked for, by counter index; NULL: they were not. */
    const kd_velocity *velocity;
    uint64_t velocity_made_us; /* when central said them; 0: it has not */
    bool closed;               /* the item is closed; left out where not */
    size_t *
        liked_at; /* gets the place at which ,"liked":… stands or would stand, in bytes of the writer's buffer; NULL: nobody asks */
} kd_answer_counts;

/* Writes the object above as one value, with a member for each counter that is offered; "me":{"like":true,"save":null} where counters were named. */
void kd_answer_write_counts(kd_json *j, const kd_answer_counts *a);

typedef struct {
    kd_bytes item; /* key */
    kd_liked liked;
    uint64_t at_us;       /* stamp of the user's last like or unlike; left out when 0 */
    const bool *complete; /* NULL: left out */
    const char *source;
} kd_answer_liked;
/* Writes {"item":…,"liked":true|false|null,"at_us":…,"complete":…,"source":…} as one value. */
void kd_answer_write_liked(kd_json *j, const kd_answer_liked *a);

/* Writes the members "count", "display" and "pending" into an object that the caller opened. `count` NULL: no number is known, the first two are
 * null. */
void kd_answer_write_number(kd_json *j, const uint64_t *count, uint32_t pending);
/* Writes {"count":1235} as one value; `count` NULL: null. */
void kd_answer_write_count_alone(kd_json *j, const uint64_t *count);
/* Writes the display form as one value; `count` NULL: null. */
void kd_answer_write_display(kd_json *j, const uint64_t *count);
/* Writes the member "item" of a key into an object that the caller opened. */
void kd_answer_write_item(kd_json *j, kd_bytes item);
/* Writes the members "age_ms" and "as_of" into an object that the caller opened; made_us and as_of_us 0: null. */
void kd_answer_write_age(kd_json *j, uint64_t now_us, uint64_t made_us, uint64_t as_of_us);

#endif
