/*
 * central_words.h - reads the JSON of central's answers. Pure. Strict: an answer that is cut off, or is not of the expected shape, gives nothing at
 * all. Members that are not known are skipped. `scratch` is a buffer for strings with escapes; it is cleared, and stays the caller's.
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_CENTRAL_WORDS_H
#define KUDOS_EDGE_IO_UPSTREAM_CENTRAL_WORDS_H

#include "common/api/answer.h"
#include "common/base/display.h"
#include "common/conf/options.h"
#include "common/json/json_reader.h"

/* {"now_us":…}, central's clock in us since 1970. False: it is not there; then *now_us means nothing. */
bool kd_central_words_time(kd_bytes body, kd_buf *scratch, uint64_t *now_us);

/* Whether the body is a JSON object with this member, whatever its value. */
bool kd_central_words_have(kd_bytes body, kd_buf *scratch, const char *member);
/* Whether the body is a problem of central: a JSON object whose "type" begins with urn:kudos: */
bool kd_central_words_problem(kd_bytes body, kd_buf *scratch);

/* The collections and counters that central has. */
typedef struct {
    kd_strings collections; /* ends with kd_strings_finish */
    kd_counters counters;
} kd_catalogue;
enum { KD_CATALOGUE_BYTES_MAX = 64 * 1024 };
/* {"collections":["posts",…],"counters":[{"name":"like","id":1,"kind":"set"},…]}; false, and *out is
 * empty, when it is anything else or longer than KD_CATALOGUE_BYTES_MAX. */
bool kd_central_words_catalogue(kd_bytes body, kd_buf *scratch, kd_catalogue *out);

/* Whether a user likes an item, as far as central knows. */
typedef struct {
    uint64_t at_us; /* stamp of the user's last like or unlike that central holds; 0: not said, or none */
    uint8_t liked;  /* kd_liked; KD_LIKED_UNKNOWN: not said, or null */
    bool complete;  /* central has merged all that the question named (kudos-seen); false: not said */
} kd_central_liked;

/* {"liked":…,"at_us":…,"complete":…}; KD_LIKED_UNKNOWN and zeros when it is anything else. */
kd_central_liked kd_central_words_liked(kd_bytes body, kd_buf *scratch);
/* {"items":[{"liked":…}, …]} in the order of the question, into out[count]. Items that are missing at the end are unknown, and all are when the
 * answer is anything else. */
void kd_central_words_liked_each(kd_bytes body, kd_buf *scratch, uint32_t count, kd_central_liked *out);

/* What central says of an item for a list of users, by the indexes of this edge's counters and of the list. */
typedef struct {
    uint64_t count[KD_COUNTERS_MAX];
    uint64_t named;                      /* a bit for each counter whose count central told */
    char as_of[KD_TIME_MS_MAX];          /* as central wrote it; empty: unknown */
    uint32_t likers[KD_AMONG_USERS_MAX]; /* rising; of the list, in whose order central answers */
    uint32_t liker_count;
} kd_central_users;
/* A member: a time as kd_display_time_ms writes it, which is handed on as it is; or null, of which *out is empty. */
bool kd_central_words_moment(kd_json_in *j, char out[KD_TIME_MS_MAX]);
/* {"count":…,"likers":[{"user":…},…],"as_of":…} about `counter` and these users. False, and *out means nothing, when it is anything else: a user who is
 * not in the list, too. */
bool kd_central_words_among(kd_bytes body, kd_buf *scratch, uint32_t counter, const kd_bytes *users,
                            uint32_t user_count, kd_central_users *out);
/* {"counts":{"like":{"count":…},…},"as_of":…}; likewise. Counters that this edge does not have are skipped. */
bool kd_central_words_counts(kd_bytes body, kd_buf *scratch, const kd_counters *counters,
                             kd_central_users *out);

/* An answer that other centrals lead what it was asked about: {"elsewhere":[{"partition":…,"leader":"http://…"},…]}. Calls `fn` for each partition; `leader`
 * lives during the call, and is empty where none is named. What comes behind a fault is not read. */
void kd_central_words_elsewhere(kd_bytes body, kd_buf *scratch,
                                void (*fn)(void *arg, uint32_t partition, kd_bytes leader), void *arg);

#endif
