/*
 * edge/io/central_words.h - what central's JSON answers say. Pure. Strict: of an answer that is not whole JSON nothing is taken.
 * `scratch` backs strings with escapes.
 */
#ifndef KUDOS_EDGE_IO_CENTRAL_WORDS_H
#define KUDOS_EDGE_IO_CENTRAL_WORDS_H

#include "common/answer.h"

/* {"now_us":…}; false when it does not say. */
bool kd_central_words_time(kd_bytes body, kd_buf *scratch, uint64_t *now_us);

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
