/* void_order.c - see the header. */
#include "central/io/operator/void_order.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/text.h"
#include "common/io/daemon/options_file.h"

static bool void_order_user(kd_void_order *o, kd_bytes id)
{
    if (!kd_id_valid(id)) return false;
    o->users = kd_grow(o->users, o->user_count, &o->user_cap, sizeof *o->users);
    o->users[o->user_count++] = id;
    return true;
}

static bool void_order_item(kd_void_order *o, kd_bytes text)
{
    o->items = kd_grow(o->items, o->item_count, &o->item_cap, sizeof *o->items);
    return kd_item_parse(&o->items[o->item_count], text) == KD_OK && ++o->item_count > 0;
}

static bool void_order_counter(kd_void_order *o, const kd_counters *counters, kd_bytes name)
{
    int at = kd_counters_by_name(counters, name);
    if (at < 0 || counters->at[at].kind != KD_SET) return false;
    o->counter = counters->at[at].id;
    return true;
}

/* The word in front of the first blank; *line becomes what is behind it. */
static kd_bytes void_order_word(kd_bytes *line)
{
    const uint8_t *blank = memchr(line->data, ' ', line->len);
    size_t len = blank ? (size_t)(blank - line->data) : line->len;
    kd_bytes word = kd_bytes_of(line->data, len);
    *line = kd_text_trim(kd_bytes_of(line->data + len, line->len - len));
    return word;
}

static bool void_order_line(kd_void_order *o, const kd_counters *counters, kd_bytes line)
{
    kd_bytes word = void_order_word(&line);
    if (kd_bytes_eq(word, kd_bytes_str("user"))) return void_order_user(o, line);
    if (kd_bytes_eq(word, kd_bytes_str("item"))) return void_order_item(o, line);
    if (kd_bytes_eq(word, kd_bytes_str("from"))) return kd_text_number(line, &o->from_us);
    if (kd_bytes_eq(word, kd_bytes_str("to"))) return kd_text_number(line, &o->to_us);
    if (kd_bytes_eq(word, kd_bytes_str("counter"))) return void_order_counter(o, counters, line);
    o->dry = kd_bytes_eq(word, kd_bytes_str("dry")) && line.len == 0;
    return o->dry;
}

/* Sorts, and returns how many are different. */
static uint32_t void_order_sort(kd_bytes *at, uint32_t count)
{
    uint32_t kept = 0;
    if (count > 0) qsort(at, count, sizeof *at, kd_bytes_compare);
    for (uint32_t i = 0; i < count; i++)
        if (kept == 0 || !kd_bytes_eq(at[kept - 1], at[i])) at[kept++] = at[i];
    return kept;
}

static void void_order_sort_all(kd_void_order *o)
{
    o->user_count = void_order_sort(o->users, o->user_count);
    o->item_keys = kd_alloc((o->item_count + 1) * sizeof *o->item_keys);
    for (uint32_t i = 0; i < o->item_count; i++) o->item_keys[i] = kd_item_key(&o->items[i]);
    o->item_count = void_order_sort(o->item_keys, o->item_count);
}

int kd_void_order_read(kd_void_order *o, kd_bytes text, const kd_counters *counters, char *error)
{
    uint32_t number = 0;
    char shown[KD_TEXT_SHOWN_MAX];
    *o = (kd_void_order){0};
    for (kd_bytes line; (line = kd_text_take_line(&text, &number)).len > 0;) {
        if (void_order_line(o, counters, line)) continue;
        snprintf(error, KD_OPTIONS_ERROR_MAX, "line %" PRIu32 " of the order: %s", number,
                 kd_text_shown(line, shown));
        return KD_EINVAL;
    }
    void_order_sort_all(o);
    if (o->user_count > 0) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "no user is named");
    return KD_EINVAL;
}

void kd_void_order_finish(kd_void_order *o)
{
    free(o->users);
    free(o->items);
    free(o->item_keys);
}
