/* product_trending.c - see the headers. */
#include <inttypes.h>

#include "common/base/text.h"
#include "sim/drill/ask.h"
#include "sim/drill/product_internal.h"

static uint64_t trending_velocity(const sim_product *p, const char *item, uint64_t since_us)
{
    uint64_t velocity = 0;
    for (uint32_t i = 0; i < p->row_count; i++) {
        const sim_product_row *r = &p->rows[i];
        velocity += kd_bytes_eq(r->counter, kd_bytes_str("like")) && r->stamp_us >= since_us &&
                    kd_bytes_eq(r->item, kd_bytes_str(item));
    }
    return velocity;
}

static const json_t *trending_listed(const json_t *answer, const char *item)
{
    size_t i;
    const json_t *one;
    json_array_foreach(json_object_get(answer, "items"), i, one)
    {
        const char *name = json_string_value(json_object_get(one, "item"));
        if (name && strcmp(name, item) == 0) return one;
    }
    return NULL;
}

static bool trending_judge_velocity(sim_product *p, const json_t *answer, const char *window,
                                    const char *item)
{
    uint64_t since_us = sim_ask_moment(json_string_value(json_object_get(answer, "since")));
    const json_t *listed = trending_listed(answer, item);
    json_int_t least = json_integer_value(json_object_get(listed, "velocity"));
    json_int_t most = listed ? json_integer_value(json_object_get(listed, "at_most"))
                             : json_integer_value(json_object_get(answer, "missing_at_most"));
    uint64_t is = trending_velocity(p, item, since_us);
    return (is >= (uint64_t)least && is <= (uint64_t)most) ||
           sim_product_wrong(p, "trending",
                             "%s has a velocity of %" PRIu64
                             " over %s by the export, and %lld to %lld is told",
                             item, is, window, (long long)least, (long long)most);
}

static json_t *trending_ask(sim_product *p, const char *window)
{
    char path[128];
    snprintf(path, sizeof path, "/v1/trending?collection=posts&counter=like&limit=50&window=%s", window);
    return sim_product_ask(p, path, NULL);
}

static uint64_t trending_since_us(sim_product *p, const char *window)
{
    json_t *answer = trending_ask(p, window);
    uint64_t since_us = sim_ask_moment(json_string_value(json_object_get(answer, "since")));
    json_decref(answer);
    return since_us;
}

static bool trending_judge_list(sim_product *p, const char *window)
{
    const sim_names *items = sim_clients_items(p->facts->clients);
    json_t *answer = trending_ask(p, window);
    bool good = answer != NULL;
    for (uint32_t i = 0; good && i < items->count; i++)
        good = trending_judge_velocity(p, answer, window, sim_names_at(items, i));
    json_decref(answer);
    return good;
}

/* ---- in bulk, of an edge ---- */

enum { BULK = 40 };

typedef struct {
    const char *window;
    uint64_t step_us; /* of its beginning, or more: a stamp ahead of the clock makes steps coarser */
    uint64_t first_us,
        last_us; /* where it began by central's clock, before the question and after its answer */
} trending_bracket;

/* An edge may have heard the number `velocity_age_ms` ago, when the window began as much earlier. */
static uint64_t trending_most(const sim_product *p, const trending_bracket *b, const json_t *one)
{
    uint64_t age_us = (uint64_t)json_integer_value(json_object_get(one, "velocity_age_ms")) * 1000;
    return trending_velocity(p, json_string_value(json_object_get(one, "item")),
                             b->first_us - KD_MIN(b->first_us, age_us + b->step_us));
}

static bool trending_judge_bulk_item(sim_product *p, const trending_bracket *b, const json_t *one)
{
    const char *item = json_string_value(json_object_get(one, "item"));
    const json_t *like = json_object_get(json_object_get(one, "counts"), "like"),
                 *least = json_object_get(like, "velocity"),
                 *most = json_object_get(like, "velocity_at_most");
    if (!item || !json_is_integer(least) || !json_is_integer(json_object_get(one, "velocity_age_ms"))) {
        p->out->asked = false; /* central answered the edge too late */
        snprintf(p->out->text, sizeof p->out->text, "an edge knows no velocity of %s over %s",
                 item ? item : "an item", b->window);
        return false;
    }
    uint64_t is = trending_velocity(p, item, b->last_us), was = trending_most(p, b, one);
    bool above = json_is_integer(most) && (uint64_t)json_integer_value(most) < is;
    return (!above && (uint64_t)json_integer_value(least) <= was) ||
           sim_product_wrong(
               p, "trending",
               "an edge tells a velocity of %lld to %lld of %s over %s, and the export has %" PRIu64
               " to %" PRIu64,
               (long long)json_integer_value(least), (long long)json_integer_value(most), item, b->window, is,
               was);
}

static json_t *trending_ask_bulk(sim_product *p, const char *window)
{
    sim_fleet *f = p->facts->fleet;
    const sim_names *items = sim_clients_items(p->facts->clients);
    uint32_t turn = (uint32_t)(kd_random_next(&f->random) % 10000);
    kd_buf path = {0};
    kd_text_printf(&path, "/v1/counts?velocity=%s&items=", window);
    for (uint32_t i = 0; i < KD_MIN(items->count, (uint32_t)BULK); i++)
        kd_text_printf(&path, "%s%s", i ? "," : "", sim_names_at(items, (turn + i) % items->count));
    kd_buf_put(&path, "", 1);
    json_t *answer = sim_product_ask_of(p, &f->nodes[turn % f->scenario->edge_count], (const char *)path.data,
                                        NULL, (kd_bytes){0});
    kd_buf_finish(&path);
    return answer;
}

static bool trending_judge_items(sim_product *p, const trending_bracket *b, const json_t *items)
{
    size_t i;
    const json_t *one;
    json_array_foreach(items, i, one)
    {
        if (!trending_judge_bulk_item(p, b, one)) return false;
    }
    return i > 0 || sim_product_wrong(p, "trending", "an edge tells no velocities over %s", b->window);
}

static bool trending_judge_bulk(sim_product *p, const char *window, uint64_t step_us)
{
    trending_bracket b = {window, step_us, .first_us = trending_since_us(p, window)};
    json_t *answer = p->out->asked ? trending_ask_bulk(p, window) : NULL;
    if (answer) b.last_us = trending_since_us(p, window);
    bool good = p->out->asked && trending_judge_items(p, &b, json_object_get(answer, "items"));
    json_decref(answer);
    return good;
}

bool sim_product_judge_trending(sim_product *p)
{
    static const struct {
        const char *window;
        uint64_t step_us;
    } windows[] = {{"1m", 60000000}, {"10m", 600000000}, {"1h", 3600000000}, {"1d", 3600000000}};
    bool good = true;
    for (size_t w = 0; good && w < KD_COUNT(windows); w++)
        good = trending_judge_list(p, windows[w].window) &&
               trending_judge_bulk(p, windows[w].window, windows[w].step_us);
    return good;
}
