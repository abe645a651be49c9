/* verdict_counts.c - see the header. */
#include "sim/drill/verdict_counts.h"

#include <jansson.h>
#include <stdlib.h>

#include "sim/drill/ask.h"

enum { PAGE = 100, DEADLINE_MS = 5000 };

static void next_page(sim_counts_reading *r);

static uint64_t verdict_counts_field(const json_t *counter, const char *name)
{
    const json_t *value = json_object_get(counter, name);
    return json_is_integer(value) && json_integer_value(value) > 0 ? (uint64_t)json_integer_value(value) : 0;
}

static uint32_t page_size(const sim_counts_reading *r)
{
    return KD_MIN((uint32_t)PAGE, r->items->count - r->first);
}

static void on_page(void *arg, int status, kd_bytes body)
{
    sim_counts_reading *r = arg;
    json_t *document = status == 200 ? json_loadb((const char *)body.data, body.len, 0, NULL) : NULL;
    const json_t *items = json_object_get(document, "items"), *one;
    size_t i;
    if (json_array_size(items) != page_size(r)) {
        json_decref(document);
        r->failed = r->done = true;
        return;
    }
    json_array_foreach(items, i, one)
    {
        for (int c = 0; c < SCENARIO_COUNTERS; c++) {
            const json_t *counter =
                json_object_get(json_object_get(one, "counts"), sim_scenario_counters.at[c].name);
            bool null = json_is_null(json_object_get(counter, "count"));
            r->counts[r->first + i][c] = null ? COUNTS_NULL : verdict_counts_field(counter, "count");
            r->pending += verdict_counts_field(counter, "pending");
        }
    }
    r->first += page_size(r);
    json_decref(document);
    next_page(r);
}

static void next_page(sim_counts_reading *r)
{
    kd_buf path = {0};
    if (r->first >= r->items->count) {
        r->done = true;
        return;
    }
    kd_buf_put(&path, "/v1/counts?items=", 17);
    for (uint32_t i = 0; i < page_size(r); i++) {
        const char *name = sim_names_at(r->items, r->first + i);
        if (i) kd_buf_put_u8(&path, ',');
        kd_buf_put(&path, name, strlen(name));
    }
    kd_buf_put_u8(&path, 0);
    sim_ask_get(r->base, r->port, (const char *)path.data, NULL, DEADLINE_MS, on_page, r);
    kd_buf_finish(&path);
}

void sim_counts_init(sim_counts_reading *r, struct event_base *base, const sim_names *items)
{
    *r = (sim_counts_reading){.base = base, .items = items, .done = true};
    r->counts = kd_alloc((items->count + 1) * sizeof *r->counts);
}

void sim_counts_start(sim_counts_reading *r, uint16_t port)
{
    KD_ASSERT(r->done);
    r->port = port;
    r->first = 0;
    r->pending = 0;
    r->done = r->failed = false;
    next_page(r);
}

void sim_counts_finish(sim_counts_reading *r)
{
    free(r->counts);
}
