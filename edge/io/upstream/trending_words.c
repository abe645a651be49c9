/* trending_words.c - see the header. */
#include "edge/io/upstream/trending_words.h"

#include "common/json/json_reader.h"
#include "edge/io/upstream/central_words.h"

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
            seen |= kd_central_words_moment(&j, page->since) && page->since[0] ? 8 : 0;
        else if (kd_bytes_eq(key, kd_bytes_str("as_of")))
            seen |= kd_central_words_moment(&j, page->as_of) ? 16 : 0;
        else if (kd_bytes_eq(key, kd_bytes_str("age_ms")))
            seen |= kd_json_in_u64(&j, &page->age_ms) ? 32 : 0;
        else
            kd_json_in_skip(&j);
    }
    return seen == 63 && kd_json_in_end(&j);
}
