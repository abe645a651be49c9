/* trending_words.c - see the header. */
#include "edge/io/upstream/trending_words.h"

#include "common/json/json_reader.h"

static bool trending_words_item(kd_json_in *j, kd_trending_item *item)
{
    kd_bytes key, text;
    uint32_t seen = 0;
    if (!kd_json_in_object(j)) return false;
    while (kd_json_in_key(j, &key)) {
        if (kd_bytes_eq(key, kd_bytes_str("item")))
            seen |= kd_json_in_str(j, &text) && kd_item_parse(&item->item, text) == KD_OK ? 1 : 0;
        else if (kd_bytes_eq(key, kd_bytes_str("velocity")))
            seen |= kd_json_in_u64(j, &item->least) ? 2 : 0;
        else if (kd_bytes_eq(key, kd_bytes_str("at_most")))
            seen |= kd_json_in_u64(j, &item->most) ? 4 : 0;
        else
            kd_json_in_skip(j);
    }
    return seen == 7;
}

static bool trending_words_items(kd_json_in *j, kd_trending *found)
{
    if (!kd_json_in_array(j)) return false;
    for (found->count = 0; kd_json_in_element(j); found->count++)
        if (found->count == KD_TRENDING_ITEMS_MAX || !trending_words_item(j, &found->at[found->count]))
            return false;
    return !j->bad;
}

/* A time as text; with `may_lack` null is the empty text. */
static bool trending_words_time(kd_json_in *j, bool may_lack, char out[KD_TIME_MS_MAX])
{
    kd_bytes text;
    out[0] = '\0';
    if (may_lack && kd_json_in_peek(j) == 'n') return kd_json_in_null(j);
    if (!kd_json_in_str(j, &text) || text.len == 0 || text.len >= KD_TIME_MS_MAX) return false;
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return true;
}

bool kd_trending_words(kd_bytes body, kd_buf *scratch, kd_trends_page *page)
{
    kd_json_in j = kd_json_in_of(body, scratch);
    kd_bytes key;
    uint32_t seen = 0;
    if (!kd_json_in_object(&j)) return false;
    while (kd_json_in_key(&j, &key)) {
        if (kd_bytes_eq(key, kd_bytes_str("items")))
            seen |= trending_words_items(&j, &page->found) ? 1 : 0;
        else if (kd_bytes_eq(key, kd_bytes_str("missing_at_most")))
            seen |= kd_json_in_u64(&j, &page->found.missing) ? 2 : 0;
        else if (kd_bytes_eq(key, kd_bytes_str("complete")))
            seen |= kd_json_in_bool(&j, &page->found.complete) ? 4 : 0;
        else if (kd_bytes_eq(key, kd_bytes_str("since")))
            seen |= trending_words_time(&j, false, page->since) ? 8 : 0;
        else if (kd_bytes_eq(key, kd_bytes_str("as_of")))
            seen |= trending_words_time(&j, true, page->as_of) ? 16 : 0;
        else if (kd_bytes_eq(key, kd_bytes_str("age_ms")))
            seen |= kd_json_in_u64(&j, &page->age_ms) ? 32 : 0;
        else
            kd_json_in_skip(&j);
    }
    return seen == 63 && kd_json_in_end(&j);
}
