/*
 * edge/io/central_words.h - what central's JSON answers say. Pure. Strict: of an answer that is not whole JSON nothing is taken.
 * `scratch` backs strings with escapes.
 */
#ifndef KUDOS_EDGE_IO_CENTRAL_WORDS_H
#define KUDOS_EDGE_IO_CENTRAL_WORDS_H

#include "common/answer.h"

/* {"now_us":…}; false when it does not say. */
bool kd_central_words_time(kd_bytes body, kd_buf *scratch, uint64_t *now_us);

/* {"liked":…,"at_us":…}: a kd_liked, and when the user said so last; 0 where that is not said. */
uint8_t kd_central_words_liked(kd_bytes body, kd_buf *scratch, uint64_t *at_us);
/* {"items":[{"liked":…}, …]} in the order asked, into liked[count] and at_us[count]; KD_LIKED_UNKNOWN where nothing is said. */
void kd_central_words_liked_each(kd_bytes body, kd_buf *scratch, uint32_t count, uint8_t *liked, uint64_t *at_us);

#endif
