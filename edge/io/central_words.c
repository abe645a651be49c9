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

static const kd_central_liked nothing = {.liked = KD_LIKED_UNKNOWN};

/* {"item":...,"liked":...,"at_us":...,"complete":...}, whatever else it holds. */
static kd_central_liked read_liked(kd_json_in *j)
{
    kd_bytes key;
    kd_central_liked said = nothing;
    if (!kd_json_in_object(j)) return nothing;
    while (kd_json_in_key(j, &key)) {
        if (kd_bytes_eq(key, kd_bytes_str("liked")))
            said.liked = read_value(j);
        else if (kd_bytes_eq(key, kd_bytes_str("at_us")))
            kd_json_in_u64(j, &said.at_us);
        else if (kd_bytes_eq(key, kd_bytes_str("complete")))
            kd_json_in_bool(j, &said.complete);
        else
            kd_json_in_skip(j);
    }
    return j->bad ? nothing : said;
}

kd_central_liked kd_central_words_liked(kd_bytes body, kd_buf *scratch)
{
    kd_json_in j = kd_json_in_of(body, scratch);
    kd_central_liked said = read_liked(&j);
    return kd_json_in_end(&j) ? said : nothing;
}

static void read_list(kd_json_in *j, uint32_t count, kd_central_liked *out)
{
    if (!kd_json_in_array(j)) return;
    for (uint32_t i = 0; kd_json_in_element(j); i++) {
        kd_central_liked said = read_liked(j);
        if (i < count) out[i] = said;
    }
}

static void clear(uint32_t count, kd_central_liked *out)
{
    for (uint32_t i = 0; i < count; i++) out[i] = nothing;
}

void kd_central_words_liked_each(kd_bytes body, kd_buf *scratch, uint32_t count, kd_central_liked *out)
{
    kd_json_in j = kd_json_in_of(body, scratch);
    kd_bytes key;
    clear(count, out);
    if (!kd_json_in_object(&j)) return;
    while (kd_json_in_key(&j, &key)) {
        if (kd_bytes_eq(key, kd_bytes_str("items")))
            read_list(&j, count, out);
        else
            kd_json_in_skip(&j);
    }
    if (!kd_json_in_end(&j)) clear(count, out);
}
