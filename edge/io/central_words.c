/* edge/io/central_words.c - see the header. */
#include "edge/io/central_words.h"

#include "common/json_reader.h"

bool kd_central_words_time(kd_bytes body, kd_buf *scratch, uint64_t *now_us)
{
    kd_json_in j = kd_json_in_of(body, scratch);
    kd_bytes key;
    bool found = false;
    if (!kd_json_in_object(&j)) return false;
    while (kd_json_in_key(&j, &key)) {
        if (kd_bytes_eq(key, kd_bytes_str("now_us")))
            found = kd_json_in_u64(&j, now_us);
        else
            kd_json_in_skip(&j);
    }
    return found && kd_json_in_end(&j);
}

static uint8_t read_value(kd_json_in *j)
{
    bool liked;
    if (kd_json_in_peek(j) == 'n') return kd_json_in_null(j), KD_LIKED_UNKNOWN;
    if (!kd_json_in_bool(j, &liked)) return KD_LIKED_UNKNOWN;
    return liked ? KD_LIKED_YES : KD_LIKED_NO;
}

/* {"item":...,"liked":...,"at_us":...}, whatever else it holds. */
static uint8_t read_liked(kd_json_in *j, uint64_t *at_us)
{
    kd_bytes key;
    uint8_t liked = KD_LIKED_UNKNOWN;
    *at_us = 0;
    if (!kd_json_in_object(j)) return liked;
    while (kd_json_in_key(j, &key)) {
        if (kd_bytes_eq(key, kd_bytes_str("liked")))
            liked = read_value(j);
        else if (kd_bytes_eq(key, kd_bytes_str("at_us")))
            kd_json_in_u64(j, at_us);
        else
            kd_json_in_skip(j);
    }
    return j->bad ? KD_LIKED_UNKNOWN : liked;
}

uint8_t kd_central_words_liked(kd_bytes body, kd_buf *scratch, uint64_t *at_us)
{
    kd_json_in j = kd_json_in_of(body, scratch);
    uint8_t liked = read_liked(&j, at_us);
    return kd_json_in_end(&j) ? liked : KD_LIKED_UNKNOWN;
}

static void read_list(kd_json_in *j, uint32_t count, uint8_t *liked, uint64_t *at_us)
{
    if (!kd_json_in_array(j)) return;
    for (uint32_t i = 0; kd_json_in_element(j); i++) {
        uint64_t at;
        uint8_t said = read_liked(j, &at);
        if (i >= count) continue;
        liked[i] = said;
        at_us[i] = at;
    }
}

void kd_central_words_liked_each(kd_bytes body, kd_buf *scratch, uint32_t count, uint8_t *liked,
                                 uint64_t *at_us)
{
    kd_json_in j = kd_json_in_of(body, scratch);
    kd_bytes key;
    memset(liked, KD_LIKED_UNKNOWN, count);
    memset(at_us, 0, count * sizeof *at_us);
    if (!kd_json_in_object(&j)) return;
    while (kd_json_in_key(&j, &key)) {
        if (kd_bytes_eq(key, kd_bytes_str("items")))
            read_list(&j, count, liked, at_us);
        else
            kd_json_in_skip(&j);
    }
    if (!kd_json_in_end(&j)) memset(liked, KD_LIKED_UNKNOWN, count);
}
