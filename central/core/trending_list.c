/* trending_list.c - what is trending, of one partition and of several (kudos/trending.h). */
#include "kudos/trending.h"

static bool trending_text_wants(const char *text, const kd_counter *counter, kd_bytes collection)
{
    const char *slash = strchr(text, '/');
    if (strcmp(text, "*") == 0) return true;
    if (slash && !kd_bytes_eq(kd_bytes_of(text, (size_t)(slash - text)), collection)) return false;
    return strcmp(slash ? slash + 1 : text, counter->name) == 0;
}

bool kd_trending_wants(const char *const *texts, uint32_t count, const kd_counter *counter,
                       kd_bytes collection)
{
    for (uint32_t i = 0; i < count && counter->kind == KD_SET; i++)
        if (trending_text_wants(texts[i], counter, collection)) return true;
    return false;
}

static bool trending_before(const kd_trending_item *a, const kd_trending_item *b)
{
    if (a->least != b->least) return a->least > b->least;
    if (a->most != b->most) return a->most > b->most;
    return kd_bytes_cmp(kd_item_key(&a->item), kd_item_key(&b->item)) < 0;
}

void kd_trending_init(kd_trending *into)
{
    *into = (kd_trending){.since_us = UINT64_MAX, .as_of_us = UINT64_MAX, .complete = true};
}

void kd_trending_offer(kd_trending *into, const kd_trending_item *item, uint32_t limit)
{
    uint32_t at = into->count;
    while (at > 0 && trending_before(item, &into->at[at - 1])) at--;
    const kd_trending_item *out = into->count < limit ? NULL : at < limit ? &into->at[limit - 1] : item;
    if (out) into->missing = KD_MAX(into->missing, out->most);
    if (at >= limit) return;
    memmove(&into->at[at + 1], &into->at[at], (KD_MIN(into->count, limit - 1) - at) * sizeof into->at[0]);
    into->at[at] = *item;
    into->count = KD_MIN(into->count + 1, limit);
}

void kd_trending_merge(kd_trending *into, const kd_trending *from, uint32_t limit)
{
    for (uint32_t i = 0; i < from->count; i++) kd_trending_offer(into, &from->at[i], limit);
    into->missing = KD_MAX(into->missing, from->missing);
    into->since_us = KD_MIN(into->since_us, from->since_us);
    into->as_of_us = KD_MIN(into->as_of_us, from->as_of_us);
    into->complete &= from->complete;
}
