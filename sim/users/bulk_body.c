/*
 * bulk_body.c - the two bodies of a bulk read.
 *
 *     {"items":["posts/1",...]}
 *     {"items":[{"item":"posts/1","counts":{"like":{"count":7,"pending":0}}},...]}
 */
#include <jansson.h>
#include <stdio.h>

#include "sim/users/bulk.h"

void sim_bulk_ask(const sim_bulk_hooks *hooks, uint32_t from, uint32_t count, kd_buf *body)
{
    kd_buf_put(body, "{\"items\":[", 10);
    for (uint32_t i = 0; i < count; i++) {
        char room[KD_BULK_NAME_MAX], item[KD_BULK_NAME_MAX + 4]; /* no byte of an item needs an escape */
        int n =
            snprintf(item, sizeof item, "%s\"%s\"", i ? "," : "", hooks->name(hooks->arg, from + i, room));
        kd_buf_put(body, item, (size_t)n);
    }
    kd_buf_put(body, "]}", 2);
}

static int take_item(const sim_bulk_hooks *hooks, uint32_t item, json_t *answer)
{
    char room[KD_BULK_NAME_MAX];
    const char *name = json_string_value(json_object_get(answer, "item"));
    json_t *like = json_object_get(json_object_get(answer, "counts"), "like");
    json_t *count = json_object_get(like, "count"), *pending = json_object_get(like, "pending");
    if (!name || strcmp(name, hooks->name(hooks->arg, item, room)) != 0) return KD_EMALFORMED;
    if (!json_is_integer(count) && !json_is_null(count)) return KD_EMALFORMED;
    /* Central has no pending operations, and leaves the member out. */
    if (pending && (!json_is_integer(pending) || json_integer_value(pending) < 0)) return KD_EMALFORMED;
    int64_t number = json_integer_value(count);
    hooks->take(hooks->arg, item, json_is_null(count) ? NULL : &number,
                (uint64_t)json_integer_value(pending));
    return KD_OK;
}

int sim_bulk_answer(const sim_bulk_hooks *hooks, uint32_t from, uint32_t count, kd_bytes body)
{
    json_t *root =
        body.len ? json_loadb((const char *)body.data, body.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    json_t *items = json_object_get(root, "items");
    int rc = json_is_array(items) && json_array_size(items) == count ? KD_OK : KD_EMALFORMED;
    for (uint32_t i = 0; i < count && rc == KD_OK; i++)
        rc = take_item(hooks, from + i, json_array_get(items, i));
    json_decref(root);
    return rc;
}
