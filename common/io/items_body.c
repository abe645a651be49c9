/* common/io/items_body.c - see the header. The server has capped the body, jansson caps the nesting. */
#include "common/io/items_body.h"

#include <jansson.h>

static bool refuse(kd_refusal *why, const char *field, const char *detail)
{
    *why = (kd_refusal){.problem = KD_PROBLEM_INVALID_REQUEST, .detail = detail, .field = field};
    return false;
}

static bool parse_items(const json_t *list, const kd_strings *collections, kd_items_body *out,
                        kd_refusal *why)
{
    size_t n = json_array_size(list); /* 0 for what is not an array */
    if (n == 0) return refuse(why, "items", "a list of items such as \"posts/1\" is wanted");
    if (n > KD_BULK_ITEMS_MAX) return refuse(why, "items", "at most 200 items in one request");
    for (size_t i = 0; i < n; i++) {
        const json_t *text = json_array_get(list, i);
        if (!json_is_string(text)) return refuse(why, "items", "an item is a string such as \"posts/1\"");
        kd_bytes bytes = kd_bytes_of(json_string_value(text), json_string_length(text));
        if (!kd_route_item_text(bytes, collections, "items", &out->items[i], why)) return false;
    }
    out->count = (uint32_t)n;
    return true;
}

static bool parse_options(const json_t *root, kd_items_body *out, kd_refusal *why)
{
    const json_t *me = json_object_get(root, "me"), *counter = json_object_get(root, "counter");
    if (me != NULL && !json_is_boolean(me)) return refuse(why, "me", "true or false is wanted");
    out->me = json_is_true(me);
    out->counter[0] = '\0';
    if (counter == NULL) return true;
    if (!json_is_string(counter) || json_string_length(counter) - 1 >= KD_NAME_MAX)
        return refuse(why, "counter", "the name of a counter is wanted");
    memcpy(out->counter, json_string_value(counter), json_string_length(counter) + 1);
    return true;
}

bool kd_items_body_parse(kd_bytes body, const kd_strings *collections, kd_items_body *out, kd_refusal *why)
{
    json_error_t error;
    json_t *root =
        json_loadb(body.len > 0 ? (const char *)body.data : "", body.len, JSON_REJECT_DUPLICATES, &error);
    bool good = json_is_object(root) ? parse_items(json_object_get(root, "items"), collections, out, why) &&
                                           parse_options(root, out, why)
                                     : refuse(why, NULL, "the body has to be one JSON object");
    json_decref(root);
    return good;
}
