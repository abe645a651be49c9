/* route.c - see the header. A name is decoded once, then validated: decoding twice would turn %2541 into A. */
#include "common/api/route.h"

#include <stdio.h>

static bool route_refuse(kd_refusal *why, kd_problem problem, const char *field, const char *detail)
{
    *why = (kd_refusal){.problem = problem, .detail = detail, .field = field};
    return false;
}

int kd_route_cut(kd_bytes path, kd_route *route)
{
    static const char root[] = "/v1/";
    const size_t before = sizeof root - 1;
    route->count = 0;
    if (path.len <= before || memcmp(path.data, root, before) != 0) return KD_ENOTFOUND;
    if (path.data[path.len - 1] == '/') return KD_ENOTFOUND;
    for (size_t from = before;;) {
        const uint8_t *slash = memchr(path.data + from, '/', path.len - from);
        size_t end = slash ? (size_t)(slash - path.data) : path.len;
        if (route->count == KD_ROUTE_SEGMENTS_MAX) return KD_ENOTFOUND;
        route->at[route->count++] = kd_bytes_of(path.data + from, end - from);
        if (!slash) return KD_OK;
        from = end + 1;
    }
}

bool kd_route_is(const kd_route *route, const char *segments)
{
    for (uint32_t i = 0; i < route->count; i++) {
        size_t len = route->at[i].len;
        if (strnlen(segments, len) < len || memcmp(segments, route->at[i].data, len) != 0) return false;
        segments += len;
        if (*segments != (i + 1 < route->count ? '/' : '\0')) return false;
        segments += i + 1 < route->count;
    }
    return route->count > 0;
}

static bool make_item(kd_bytes collection, kd_bytes id, const kd_strings *collections, const char *field,
                      kd_item *item, kd_refusal *why)
{
    if (!kd_strings_hold(collections, collection))
        return route_refuse(why, KD_PROBLEM_UNKNOWN_COLLECTION, field,
                            "no such collection, here or at central");
    if (kd_item_make(item, collection, id) != KD_OK)
        return route_refuse(why, KD_PROBLEM_INVALID_ID, field, "an id is " KD_ID_FORM);
    if (kd_id_is_dots(id)) return route_refuse(why, KD_PROBLEM_INVALID_ID, field, ". and .. are no ids");
    return true;
}

/* ---- queries ---- */

typedef struct {
    kd_bytes name, value; /* raw; a parameter without '=' has an empty value */
} route_parameter;

static kd_bytes route_cut_at(kd_bytes *rest, char separator)
{
    const uint8_t *at = rest->len > 0 ? memchr(rest->data, separator, rest->len) : NULL;
    kd_bytes piece = kd_bytes_of(rest->data, at ? (size_t)(at - rest->data) : rest->len);
    size_t used = piece.len + (at != NULL);
    *rest = kd_bytes_of(rest->len > 0 ? rest->data + used : NULL, rest->len - used);
    return piece;
}

/* Takes the next parameter off *query; false at its end. Nothing between two '&' is none. */
static bool route_next_parameter(kd_bytes *query, route_parameter *p)
{
    while (query->len > 0) {
        p->value = route_cut_at(query, '&');
        if (p->value.len == 0) continue;
        p->name = route_cut_at(&p->value, '=');
        return true;
    }
    return false;
}

/* Index of a parameter of the API, with its name percent-decoded or not; -1: none. */
static int route_known(kd_bytes raw, const char *const *names, int count)
{
    uint8_t name[16];
    size_t len;
    if (kd_percent_decode(raw, name, sizeof(name), &len) != KD_OK) return -1;
    for (int i = 0; i < count; i++)
        if (kd_bytes_eq(kd_bytes_of(name, len), kd_bytes_str(names[i]))) return i;
    return -1;
}

bool kd_route_query(kd_bytes query, kd_refusal *why)
{
    static const char *const names[] = {
#define X(name, text) text,
        KD_QUERY_NAMES(X)
#undef X
    };
    uint32_t seen = 0;
    for (route_parameter p; route_next_parameter(&query, &p);) {
        int at = route_known(p.name, names, KD_COUNT(names));
        if (at < 0) continue;
        if (seen & 1u << at)
            return route_refuse(why, KD_PROBLEM_INVALID_REQUEST, names[at],
                                "this parameter comes twice: a list of items is one, with commas between");
        if (p.name.len != strlen(names[at]))
            return route_refuse(why, KD_PROBLEM_INVALID_REQUEST, names[at],
                                "the name of a parameter is not percent-encoded");
        if (p.value.len == 0)
            return route_refuse(why, KD_PROBLEM_INVALID_REQUEST, names[at], "this parameter is empty");
        seen |= 1u << at;
    }
    return true;
}

bool kd_route_query_is_plain(kd_bytes query)
{
    for (route_parameter p; route_next_parameter(&query, &p);) {
        kd_bytes rest = query;
        if (p.name.len == 0 || p.value.len == 0 || memchr(p.name.data, '%', p.name.len)) return false;
        for (route_parameter other; route_next_parameter(&rest, &other);)
            if (kd_bytes_eq(p.name, other.name)) return false;
    }
    return true;
}

/* Percent-decodes a segment into `room`, or returns it as it is when nothing in it is encoded, as mostly. False: it cannot be decoded, or is longer. */
static bool route_decode(kd_bytes raw, uint8_t *room, size_t size, kd_bytes *text)
{
    size_t len;
    *text = raw;
    if (raw.len > 0 && raw.len <= size && !memchr(raw.data, '%', raw.len)) return true;
    if (kd_percent_decode(raw, room, size, &len) != KD_OK) return false;
    *text = kd_bytes_of(room, len);
    return true;
}

bool kd_route_item(kd_bytes collection, kd_bytes id, const kd_strings *collections, kd_item *item,
                   kd_refusal *why)
{
    uint8_t name_room[KD_COLLECTION_MAX], id_room[KD_ID_MAX];
    kd_bytes name, text;
    if (!route_decode(collection, name_room, sizeof name_room, &name))
        return route_refuse(why, KD_PROBLEM_UNKNOWN_COLLECTION, "collection",
                            "no such collection, here or at central");
    if (!route_decode(id, id_room, sizeof id_room, &text)) text = kd_bytes_of(NULL, 0);
    bool good = make_item(name, text, collections, NULL, item, why);
    if (!good && why->problem == KD_PROBLEM_INVALID_ID) why->field = "id";
    return good;
}

bool kd_route_item_text(kd_bytes text, const kd_strings *collections, const char *field, kd_item *item,
                        kd_refusal *why)
{
    const uint8_t *slash = text.len > 0 ? memchr(text.data, '/', text.len) : NULL;
    if (slash == NULL) return route_refuse(why, KD_PROBLEM_INVALID_ID, field, "an item is collection/id");
    size_t at = (size_t)(slash - text.data);
    return make_item(kd_bytes_of(text.data, at), kd_bytes_of(slash + 1, text.len - at - 1), collections,
                     field, item, why);
}

static bool split_items(kd_bytes text, const kd_strings *collections, kd_item *items, uint32_t *count,
                        kd_refusal *why)
{
    uint32_t n = 0;
    for (bool more = true; more; n++) {
        const uint8_t *comma = text.len > 0 ? memchr(text.data, ',', text.len) : NULL;
        size_t len = comma != NULL ? (size_t)(comma - text.data) : text.len;
        if (n == KD_BULK_ITEMS_MAX)
            return route_refuse(why, KD_PROBLEM_INVALID_REQUEST, "items", "at most 200 items in one request");
        if (!kd_route_item_text(kd_bytes_of(text.data, len), collections, "items", &items[n], why))
            return false;
        more = comma != NULL;
        text = kd_bytes_of(text.data + len + more, text.len - len - more);
    }
    *count = n;
    return true;
}

bool kd_route_items(kd_bytes raw, const kd_strings *collections, kd_item items[KD_BULK_ITEMS_MAX],
                    uint32_t *count, kd_refusal *why)
{
    /* Clients may encode '/' and ',' too, so the whole value is decoded before it is split. */
    uint8_t text[KD_BULK_ITEMS_MAX * (KD_ITEM_KEY_MAX + 1)];
    size_t len;
    int rc = kd_percent_decode(raw, text, sizeof(text), &len);
    if (rc == KD_ETOOBIG)
        return route_refuse(why, KD_PROBLEM_INVALID_REQUEST, "items", "at most 200 items in one request");
    if (rc != KD_OK)
        return route_refuse(why, KD_PROBLEM_INVALID_REQUEST, "items", "'%' needs two hex digits behind it");
    return split_items(kd_bytes_of(text, len), collections, items, count, why);
}

bool kd_route_counter(kd_bytes raw, const kd_counters *counters, kd_counter_kind kind, uint32_t *index,
                      kd_refusal *why)
{
    uint8_t room[KD_NAME_MAX];
    kd_bytes name;
    int at = -1;
    if (route_decode(raw, room, sizeof room, &name)) at = kd_counters_by_name(counters, name);
    if (at < 0)
        return route_refuse(why, KD_PROBLEM_UNKNOWN_COUNTER, NULL, "no such counter, here or at central");
    if (counters->at[at].kind != kind)
        return route_refuse(why, KD_PROBLEM_UNKNOWN_COUNTER, NULL,
                            kind == KD_SET ? "this counter is a sum: it has no members"
                                           : "this counter is one per user");
    *index = (uint32_t)at;
    return true;
}

bool kd_route_any_counter(kd_bytes query, const kd_counters *counters, uint32_t *index, kd_refusal *why)
{
    kd_bytes name;
    bool named = kd_query_find(query, "counter", &name);
    for (*index = 0; *index < counters->count; ++*index) {
        const char *one = counters->at[*index].name;
        if (one[0] != '\0' && (!named || kd_bytes_eq(name, kd_bytes_str(one)))) return true;
    }
    *why = (kd_refusal){KD_PROBLEM_UNKNOWN_COUNTER, "no such counter, here or at central", "counter"};
    return false;
}

bool kd_route_number(kd_bytes query, const char *name, uint64_t initial, uint64_t min, uint64_t max,
                     uint64_t *value, kd_refusal *why)
{
    kd_bytes text;
    uint64_t n = 0;
    if (!kd_query_find(query, name, &text)) {
        *value = initial;
        return true;
    }
    bool good = text.len >= 1 && text.len <= 18;
    for (size_t i = 0; good && i < text.len; i++) {
        good = text.data[i] >= '0' && text.data[i] <= '9';
        n = n * 10 + (uint64_t)(text.data[i] - '0');
    }
    if (!good || n < min || n > max)
        return route_refuse(why, KD_PROBLEM_INVALID_REQUEST, name,
                            "a whole number within its bounds is wanted");
    *value = n;
    return true;
}

static int refuse_name(char *error, const char *option, const char *name, const char *noun)
{
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%s: %s is a path of the API and cannot name a %s", option, name,
             noun);
    return KD_EINVAL;
}

int kd_route_check_names(const kd_strings *collections, const kd_counters *counters, char *error)
{
    static const char *const tails[] = {"count", "counts", "display", "likers"};
    static const char shadow[] = "snapshots";
    for (uint32_t i = 0; i < counters->count; i++)
        for (size_t t = 0; t < KD_COUNT(tails); t++)
            if (strcmp(counters->at[i].name, tails[t]) == 0)
                return refuse_name(error, "[counters]", tails[t], "counter");
    if (kd_strings_hold(collections, kd_bytes_str(shadow)))
        return refuse_name(error, "api.collections", shadow, "collection");
    return KD_OK;
}
