/* velocities.c - see the header. */
#include "edge/io/upstream/velocities.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/json/json_reader.h"
#include "common/json/json_writer.h"
#include "edge/io/upstream/ask_parts.h"

typedef struct kd_velocity_place {
    kd_item item; /* len 0: the place is free */
    uint32_t window;
    kd_item_velocity velocity;
} velocities_place;

void kd_velocities_init(kd_velocities *v, kd_asker *asker)
{
    *v = (kd_velocities){.asker = asker};
}

void kd_velocities_finish(kd_velocities *v)
{
    free(v->places);
    v->places = NULL;
}

/* ---- the cache ---- */

static velocities_place *velocities_place_of(const kd_velocities *v, kd_bytes item, uint32_t window)
{
    return &v->places[(kd_hash(item) + window) % KD_VELOCITIES_MAX];
}

bool kd_velocities_find(const kd_velocities *v, kd_bytes item, uint32_t window, kd_item_velocity *out)
{
    const velocities_place *p = v->places ? velocities_place_of(v, item, window) : NULL;
    *out = (kd_item_velocity){.heard_us = 0};
    if (!p || p->window != window || !kd_bytes_eq(kd_item_key(&p->item), item)) return false;
    *out = p->velocity;
    return kd_clock_mono_us() - out->heard_us <= kd_trending_windows[window].fresh_us;
}

static void velocities_keep(kd_velocities *v, kd_bytes item, uint32_t window,
                            const kd_item_velocity *velocity)
{
    if (!v->places) v->places = kd_alloc(KD_VELOCITIES_MAX * sizeof *v->places);
    velocities_place *p = velocities_place_of(v, item, window);
    p->window = window;
    p->velocity = *velocity;
    p->item.len = (uint8_t)item.len;
    memcpy(p->item.data, item.data, item.len);
}

/* ---- central's words ---- */

static bool velocities_number(kd_json_in *j, uint64_t none, uint64_t *value)
{
    *value = none;
    return kd_json_in_peek(j) == 'n' ? kd_json_in_null(j) : kd_json_in_u64(j, value);
}

/* {"count":…,"velocity":42,"velocity_at_most":null}: of a sum, the last two are left out. */
static bool velocities_counter(kd_json_in *j, kd_velocity *out)
{
    kd_bytes key;
    if (!kd_json_in_object(j)) return false;
    while (kd_json_in_key(j, &key)) {
        if (kd_bytes_eq(key, kd_bytes_str("velocity")))
            out->known = velocities_number(j, UINT64_MAX, &out->least) && out->least != UINT64_MAX;
        else if (kd_bytes_eq(key, kd_bytes_str("velocity_at_most")))
            velocities_number(j, KD_VELOCITY_UNBOUNDED, &out->most);
        else
            kd_json_in_skip(j);
    }
    return !j->bad;
}

static bool velocities_counts(kd_json_in *j, const kd_counters *counters, kd_item_velocity *out)
{
    kd_bytes name;
    if (!kd_json_in_object(j)) return false;
    while (kd_json_in_key(j, &name)) {
        kd_velocity velocity = {.known = false};
        int at = kd_counters_by_name(counters, name);
        if (!velocities_counter(j, &velocity)) return false;
        if (at >= 0) out->at[at] = velocity;
    }
    return !j->bad;
}

static bool velocities_item(kd_json_in *j, const kd_counters *counters, kd_item *item, kd_item_velocity *out)
{
    kd_bytes key, text;
    uint32_t seen = 0;
    if (!kd_json_in_object(j)) return false;
    while (kd_json_in_key(j, &key)) {
        if (kd_bytes_eq(key, kd_bytes_str("item")))
            seen |= kd_json_in_str(j, &text) && kd_item_parse(item, text) == KD_OK ? 1 : 0;
        else if (kd_bytes_eq(key, kd_bytes_str("counts")))
            seen |= velocities_counts(j, counters, out) ? 2 : 0;
        else
            kd_json_in_skip(j);
    }
    return seen == 3;
}

/* Central answers in the order asked. Of an answer that is cut off, what was whole is kept. */
static void velocities_take(void *arg, const uint32_t *at, uint32_t count, kd_bytes body)
{
    const kd_velocities_wait *w = arg;
    kd_json_in j = kd_json_in_of(body, &w->velocities->asker->text);
    kd_bytes key;
    if (!kd_json_in_object(&j) || !kd_json_in_key(&j, &key) || !kd_bytes_eq(key, kd_bytes_str("items")) ||
        !kd_json_in_array(&j))
        return;
    for (uint32_t i = 0; i < count && kd_json_in_element(&j); i++) {
        kd_item item;
        kd_item_velocity velocity = {.heard_us = kd_clock_mono_us()};
        if (!velocities_item(&j, w->counters, &item, &velocity) ||
            !kd_bytes_eq(kd_item_key(&item), w->items[at[i]]))
            return;
        velocities_keep(w->velocities, w->items[at[i]], w->window, &velocity);
    }
}

/* ---- the question ---- */

static void velocities_end(void *arg)
{
    kd_velocities_wait *w = arg;
    w->fn(w);
}

static void velocities_write(void *arg, const uint32_t *at, uint32_t count)
{
    const kd_velocities_wait *w = arg;
    char text[KD_ITEM_KEY_MAX];
    kd_json j = kd_json_of(&w->velocities->asker->body);
    kd_json_object(&j);
    kd_json_key(&j, "items"), kd_json_array(&j);
    for (uint32_t i = 0; i < count; i++)
        kd_json_str(&j, kd_bytes_of(text, kd_key_text(w->items[at[i]], text)));
    kd_json_end_array(&j);
    kd_json_end_object(&j);
}

int kd_velocities_ask(kd_velocities *v, kd_ask_for asks, kd_velocities_wait *wait)
{
    kd_asker *a = v->asker;
    char parent[KD_TRACE_TEXT];
    if (kd_upstream_none(&a->upstream)) return KD_EUNAVAILABLE;
    int err = kd_asker_admit(a, asks.client, KD_ASK_READ);
    if (err != KD_OK) return err;
    wait->velocities = v;
    snprintf(wait->path, sizeof wait->path, "/v1/counts?velocity=%s", kd_trending_windows[wait->window].text);
    kd_http_client_field fields[2] = {
        {.name = kd_bytes_str("content-type"), .value = kd_bytes_str("application/json")}};
    size_t count = 1;
    if (asks.trace->known) fields[count++] = kd_asker_trace_field(a, asks.trace, parent);
    const kd_parts_question question = {.asker = a,
                                        .items = wait->items,
                                        .count = wait->count,
                                        .path = wait->path,
                                        .fields = fields,
                                        .field_count = count,
                                        .arg = wait,
                                        .write = velocities_write,
                                        .answer = velocities_take,
                                        .end = velocities_end};
    err = kd_ask_parts(&question);
    if (err == KD_OK) kd_metric_add(&a->base->metrics.velocity_asks, 1);
    return err;
}
