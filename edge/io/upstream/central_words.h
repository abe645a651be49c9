/*
 * central_words.h - what central's JSON answers say. Pure. Strict: of an answer that is not whole JSON nothing is taken.
 * `scratch` backs strings with escapes.
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_CENTRAL_WORDS_H
#define KUDOS_EDGE_IO_UPSTREAM_CENTRAL_WORDS_H

#include "common/api/answer.h"
#include "common/conf/options.h"

/* {"now_us":…}; false when it does not say. */
bool kd_central_words_time(kd_bytes body, kd_buf *scratch, uint64_t *now_us);

/* What central has. */
typedef struct {
    kd_strings collections; /* ends with kd_strings_finish */
    kd_counters counters;
} kd_catalogue;
enum { KD_CATALOGUE_BYTES_MAX = 64 * 1024 };
/* {"collections":["posts",…],"counters":[{"name":"like","id":1,"kind":"set"},…]}; false, and nothing is left in *out, when it is anything else. */
bool kd_central_words_catalogue(kd_bytes body, kd_buf *scratch, kd_catalogue *out);

/* What central tells of one user and item: {"liked":…,"at_us":…,"complete":…}. */
typedef struct {
    uint64_t at_us; /* of the user's last word there; 0 where that is not said */
    uint8_t liked;  /* kd_liked; KD_LIKED_UNKNOWN where nothing is said */
    bool complete;  /* central has merged all that it was asked to have; false where that is not said */
} kd_central_liked;

kd_central_liked kd_central_words_liked(kd_bytes body, kd_buf *scratch);
/* {"items":[{"liked":…}, …]} in the order asked, into out[count]. */
void kd_central_words_liked_each(kd_bytes body, kd_buf *scratch, uint32_t count, kd_central_liked *out);

#endif
