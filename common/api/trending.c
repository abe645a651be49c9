/* trending.c - see the header. */
#include "common/api/trending.h"

const kd_trending_window kd_trending_windows[KD_TRENDING_WINDOWS] = {{"1m", 60000000, 1000000},
                                                                     {"10m", 600000000, 5000000},
                                                                     {"1h", 3600000000, 15000000},
                                                                     {"1d", 86400000000, 60000000}};

enum { TRENDING_WINDOW_INITIAL = 1 }; /* 10m */

static bool trending_refuse(kd_refusal *why, kd_problem problem, const char *field, const char *detail)
{
    *why = (kd_refusal){.problem = problem, .detail = detail, .field = field};
    return false;
}

static bool trending_collection(kd_bytes query, const kd_strings *collections, kd_trending_ask *ask,
                                kd_refusal *why)
{
    kd_bytes name;
    if (!kd_query_find(query, "collection", &name))
        return trending_refuse(why, KD_PROBLEM_INVALID_REQUEST, "collection", "a collection is wanted");
    if (!kd_strings_hold(collections, name))
        return trending_refuse(why, KD_PROBLEM_UNKNOWN_COLLECTION, "collection",
                               "no such collection, here or at central");
    memcpy(ask->collection, name.data, name.len);
    return true;
}

static bool trending_counter(kd_bytes query, const kd_counters *counters, kd_trending_ask *ask,
                             kd_refusal *why)
{
    kd_bytes name;
    if (kd_query_find(query, "counter", &name)) {
        bool good = kd_route_counter(name, counters, KD_SET, &ask->counter, why);
        if (!good) why->field = "counter";
        return good;
    }
    for (ask->counter = 0; ask->counter < counters->count; ask->counter++)
        if (counters->at[ask->counter].kind == KD_SET && counters->at[ask->counter].name[0]) return true;
    return trending_refuse(why, KD_PROBLEM_UNKNOWN_COUNTER, "counter", "no counter is one per user");
}

static bool trending_window(kd_bytes query, const char *name, uint32_t *window, kd_refusal *why)
{
    kd_bytes text = kd_bytes_str(kd_trending_windows[*window].text);
    kd_query_find(query, name, &text);
    for (*window = 0; *window < KD_TRENDING_WINDOWS; ++*window)
        if (kd_bytes_eq(text, kd_bytes_str(kd_trending_windows[*window].text))) return true;
    return trending_refuse(why, KD_PROBLEM_INVALID_REQUEST, name, "1m, 10m, 1h or 1d is wanted");
}

bool kd_route_velocity(kd_bytes query, uint32_t *window, kd_refusal *why)
{
    kd_bytes text;
    *window = 0;
    if (kd_query_find(query, "velocity", &text)) return trending_window(query, "velocity", window, why);
    *window = KD_TRENDING_WINDOWS;
    return true;
}

bool kd_route_trending(kd_bytes query, const kd_strings *collections, const kd_counters *counters,
                       kd_trending_ask *ask, kd_refusal *why)
{
    uint64_t limit = 0;
    *ask = (kd_trending_ask){.window = TRENDING_WINDOW_INITIAL};
    bool good = trending_collection(query, collections, ask, why) &&
                trending_counter(query, counters, ask, why) &&
                trending_window(query, "window", &ask->window, why) &&
                kd_route_number(query, "limit", KD_TRENDING_LIMIT, 1, KD_TRENDING_ITEMS_MAX, &limit, why);
    ask->limit = (uint32_t)limit;
    return good;
}

/* ---- the answer ---- */

static void trending_put_items(kd_json *j, const kd_answer_trending *a)
{
    kd_json_key(j, "items");
    kd_json_array(j);
    for (uint32_t i = 0; i < a->found->count && i < a->ask->limit; i++) {
        const kd_trending_item *item = &a->found->at[i];
        char text[KD_ITEM_KEY_MAX];
        kd_json_object(j);
        kd_json_put_str(j, "item", kd_bytes_of(text, kd_key_text(kd_item_key(&item->item), text)));
        kd_json_put_u64(j, "velocity", item->least);
        kd_json_put_u64(j, "at_most", item->most);
        kd_json_end_object(j);
    }
    kd_json_end_array(j);
}

/* Those that are found, but above the limit, are not listed either. */
static uint64_t trending_missing(const kd_answer_trending *a)
{
    uint64_t missing = a->found->missing;
    for (uint32_t i = a->ask->limit; i < a->found->count; i++)
        missing = KD_MAX(missing, a->found->at[i].most);
    return missing;
}

void kd_answer_write_trending(kd_json *j, const kd_answer_trending *a)
{
    kd_json_object(j);
    kd_json_put_str(j, "collection", kd_bytes_str(a->ask->collection));
    kd_json_put_str(j, "counter", kd_bytes_str(a->counter));
    kd_json_put_str(j, "window", kd_bytes_str(kd_trending_windows[a->ask->window].text));
    trending_put_items(j, a);
    kd_json_put_u64(j, "missing_at_most", trending_missing(a));
    kd_json_put_str(j, "since", a->since);
    kd_json_put_bool(j, "complete", a->found->complete);
    kd_json_put_u64(j, "age_ms", a->age_ms);
    if (a->as_of.len > 0)
        kd_json_put_str(j, "as_of", a->as_of);
    else
        kd_json_put_null(j, "as_of");
    kd_json_put_str(j, "source", kd_bytes_str(a->source));
    kd_json_end_object(j);
}
