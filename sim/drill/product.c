/* product.c - see the header. Of many items and users a part is asked about, another one each time. */
#include "sim/drill/product.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/text.h"
#include "sim/drill/ask.h"
#include "sim/drill/number.h"
#include "sim/drill/product_internal.h"

enum { ASKED_MAX = 40, SOME_MAX = 200, PAGE = 100, READ_US = 30000000 };

/* ---- the rows ---- */

static kd_bytes product_field(kd_bytes *line)
{
    const uint8_t *tab = line->len ? memchr(line->data, '\t', line->len) : NULL;
    size_t len = tab ? (size_t)(tab - line->data) : line->len;
    kd_bytes field = kd_bytes_of(line->data, len);
    *line = kd_bytes_of(line->data + len + (tab != NULL), line->len - len - (tab != NULL));
    return field;
}

static void product_read_rows(sim_product *p)
{
    kd_bytes text = p->facts->rows;
    for (kd_bytes line; (line = kd_text_take_line(&text, NULL)).len > 0;) {
        sim_product_row r = {.counter = product_field(&line), .item = product_field(&line)};
        r.user = product_field(&line);
        bool good = kd_text_number(product_field(&line), &r.stamp_us);
        KD_ASSERT(good); /* the verdict has read it before */
        p->rows = kd_grow(p->rows, p->row_count, &p->row_cap, sizeof *p->rows);
        p->rows[p->row_count++] = r;
    }
}

/* ---- likers, and what a user likes ---- */

/* One list: rows of `counter` with this item, or with this user, in pages. */
typedef struct {
    const char *base, *array, *field; /* path without limit; names in the answer */
    const char *user;                 /* whose likes; NULL: the item's likers */
    kd_bytes counter, of;             /* item or user */
    uint64_t below_us;
    uint32_t told;
} product_list;

static bool product_in_list(const product_list *l, const sim_product_row *r)
{
    return kd_bytes_eq(r->counter, l->counter) && kd_bytes_eq(l->user ? r->user : r->item, l->of);
}

static sim_product_row *product_find(const sim_product *p, const product_list *l, const char *other)
{
    for (uint32_t i = 0; i < p->row_count; i++) {
        sim_product_row *r = &p->rows[i];
        if (product_in_list(l, r) && kd_bytes_eq(l->user ? r->item : r->user, kd_bytes_str(other))) return r;
    }
    return NULL;
}

static bool product_take_entry(sim_product *p, product_list *l, const json_t *entry)
{
    const char *other = json_string_value(json_object_get(entry, l->field));
    uint64_t at_us = sim_ask_moment(json_string_value(json_object_get(entry, "at")));
    sim_product_row *r = other ? product_find(p, l, other) : NULL;
    if (!r || r->told || r->stamp_us / 1000 != at_us / 1000)
        return sim_product_wrong(p, "index", "%s tells %s at %" PRIu64 ", which %s", l->base,
                                 other ? other : "nobody", at_us,
                                 !r        ? "no row of the export says"
                                 : r->told ? "it has told before"
                                           : "has another time in the export");
    if (at_us > l->below_us) return sim_product_wrong(p, "index", "%s is not in the order of time", l->base);
    r->told = true;
    l->told++;
    l->below_us = at_us;
    return true;
}

static bool product_take_page(sim_product *p, product_list *l, const json_t *answer)
{
    size_t i;
    const json_t *entry;
    json_array_foreach(json_object_get(answer, l->array), i, entry)
    {
        if (!product_take_entry(p, l, entry)) return false;
    }
    return true;
}

static bool product_read_list(sim_product *p, product_list *l)
{
    char path[1024];
    kd_buf next = {0};
    bool good = true, more = true;
    l->below_us = UINT64_MAX;
    while (good && more) {
        snprintf(path, sizeof path, "%s&limit=%d%s%.*s", l->base, PAGE, next.len ? "&cursor=" : "",
                 (int)next.len, next.len ? (const char *)next.data : "");
        json_t *answer = sim_product_ask(p, path, l->user);
        const char *cursor = json_string_value(json_object_get(answer, "next"));
        good = answer && product_take_page(p, l, answer);
        kd_buf_clear(&next);
        more = cursor != NULL;
        if (more) kd_buf_put(&next, cursor, strlen(cursor));
        json_decref(answer);
    }
    kd_buf_finish(&next);
    return good;
}

/* Every row of the list is told, once. */
static bool product_judge_list(sim_product *p, product_list *l)
{
    uint32_t rows = 0;
    for (uint32_t i = 0; i < p->row_count; i++) {
        p->rows[i].told = false;
        rows += product_in_list(l, &p->rows[i]);
    }
    if (!product_read_list(p, l)) return false;
    return rows == l->told ||
           sim_product_wrong(p, "index", "%s tells %u, and the export has %u", l->base, l->told, rows);
}

static bool product_judge_item(sim_product *p, const char *item)
{
    char base[300];
    snprintf(base, sizeof base, "/v1/%s/likers?order=newest&counter=like", item);
    return product_judge_list(p, &(product_list){.base = base,
                                                 .array = "likers",
                                                 .field = "user",
                                                 .counter = kd_bytes_str("like"),
                                                 .of = kd_bytes_str(item)});
}

static bool product_judge_user(sim_product *p, const char *user, uint32_t number)
{
    const char *counter = sim_scenario_counters.at[number % 2 ? SCENARIO_SAVE : SCENARIO_LIKE].name;
    char base[300];
    snprintf(base, sizeof base, "/v1/me/%s?", counter);
    return product_judge_list(p, &(product_list){.base = base,
                                                 .array = "items",
                                                 .field = "item",
                                                 .user = user,
                                                 .counter = kd_bytes_str(counter),
                                                 .of = kd_bytes_str(user)});
}

static bool product_judge_lists(sim_product *p)
{
    const sim_names *items = sim_clients_items(p->facts->clients),
                    *users = sim_clients_users(p->facts->clients);
    uint32_t turn = (uint32_t)kd_random_next(&p->facts->fleet->random);
    bool good = true;
    for (uint32_t i = 0; good && i < KD_MIN(items->count, (uint32_t)ASKED_MAX); i++)
        good = product_judge_item(p, sim_names_at(items, (turn + i) % items->count));
    for (uint32_t i = 0; good && i < KD_MIN(users->count, (uint32_t)ASKED_MAX); i++)
        good = product_judge_user(p, sim_names_at(users, (turn + i) % users->count), i / 3);
    return good;
}

/* ---- some users, asked of an edge ---- */

/* The users of a list: every second one, from `turn` on. */
typedef struct {
    const sim_names *users;
    uint32_t turn, count;
} product_some;

static const char *product_some_at(const product_some *s, uint32_t i)
{
    return sim_names_at(s->users, (s->turn + 2 * i) % s->users->count);
}

static bool product_some_has(const product_some *s, kd_bytes user)
{
    uint32_t i = 0;
    while (i < s->count && !kd_bytes_eq(kd_bytes_str(product_some_at(s, i)), user)) i++;
    return i < s->count;
}

static void product_put_some(const product_some *s, const char *field, kd_buf *body)
{
    kd_text_printf(body, "{\"%s\":[", field);
    for (uint32_t i = 0; i < s->count; i++)
        kd_text_printf(body, "%s\"%s\"", i ? "," : "", product_some_at(s, i));
    kd_text_printf(body, "]}");
}

/* Likes of the item by the export: of those in the list, or of all others. */
static uint64_t product_likes(const sim_product *p, const char *item, const product_some *s, bool listed)
{
    uint64_t likes = 0;
    for (uint32_t i = 0; i < p->row_count; i++) {
        const sim_product_row *r = &p->rows[i];
        likes += kd_bytes_eq(r->counter, kd_bytes_str("like")) && kd_bytes_eq(r->item, kd_bytes_str(item)) &&
                 product_some_has(s, r->user) == listed;
    }
    return likes;
}

/* The edge's answer to that list; NULL as of sim_product_ask_of. */
static json_t *product_ask_some(sim_product *p, uint32_t turn, const char *item, const product_some *s,
                                bool among)
{
    char path[300];
    kd_buf body = {0};
    sim_fleet *f = p->facts->fleet;
    snprintf(path, sizeof path, "/v1/%s/%s", item, among ? "likers/among" : "counts");
    product_put_some(s, among ? "users" : "without", &body);
    json_t *answer = sim_product_ask_of(p, &f->nodes[turn % f->scenario->edge_count], path,
                                        product_some_at(s, 0), kd_buf_view(&body));
    kd_buf_finish(&body);
    return answer;
}

static bool product_judge_among(sim_product *p, const char *item, const product_some *s, const json_t *answer)
{
    size_t i;
    const json_t *one, *likers = json_object_get(answer, "likers");
    uint64_t is = product_likes(p, item, s, true);
    const product_list of = {.counter = kd_bytes_str("like"), .of = kd_bytes_str(item)};
    json_array_foreach(likers, i, one)
    {
        const char *user = json_string_value(json_object_get(one, "user"));
        if (user && product_some_has(s, kd_bytes_str(user)) && product_find(p, &of, user)) continue;
        return sim_product_wrong(p, "among", "an edge names %s among those who like %s",
                                 user ? user : "nobody", item);
    }
    return is == json_array_size(likers) ||
           sim_product_wrong(p, "among",
                             "an edge names %zu of %u users who like %s, and the export has %" PRIu64,
                             json_array_size(likers), s->count, item, is);
}

static bool product_judge_without(sim_product *p, const char *item, const product_some *s,
                                  const json_t *answer)
{
    const json_t *like = json_object_get(json_object_get(answer, "counts"), "like");
    uint64_t told = (uint64_t)json_integer_value(json_object_get(like, "count"));
    uint64_t is = product_likes(p, item, s, false);
    return is == told || sim_product_wrong(p, "among",
                                           "an edge counts %" PRIu64
                                           " likes of %s without %u users, and the export %" PRIu64,
                                           told, item, s->count, is);
}

/* The number alone, of the edge that is asked next. */
static bool product_judge_number(sim_product *p, uint32_t turn, const char *item)
{
    char path[300];
    sim_fleet *f = p->facts->fleet;
    const sim_fleet_node *n = &f->nodes[turn % f->scenario->edge_count];
    uint64_t is = product_likes(p, item, &(product_some){.count = 0}, false);
    snprintf(path, sizeof path, "/v1/%s/count?counter=like", item);
    json_t *answer = sim_product_ask_of(p, n, path, NULL, (kd_bytes){0});
    if (!answer) return false;
    uint64_t number;
    bool known, told = sim_number_alone(answer, &number, &known), right = told && known && number == is;
    json_decref(answer);
    return right || sim_product_wrong(
                        p, "count", "%s tells %" PRIu64 " alone as likes of %s, and the export has %" PRIu64,
                        n->name, number, item, is);
}

static bool product_judge_some(sim_product *p)
{
    const sim_names *items = sim_clients_items(p->facts->clients),
                    *users = sim_clients_users(p->facts->clients);
    uint32_t turn = (uint32_t)(kd_random_next(&p->facts->fleet->random) % 10000);
    bool good = users->count > 0;
    for (uint32_t i = 0; good && i < KD_MIN(items->count, (uint32_t)ASKED_MAX); i++) {
        const char *item = sim_names_at(items, (turn + i) % items->count);
        const product_some some = {users, turn + i, KD_MIN((users->count + 1) / 2, (uint32_t)SOME_MAX)};
        bool among = i % 2 == 0;
        json_t *answer = product_ask_some(p, turn + i, item, &some, among);
        good = answer && (among ? product_judge_among : product_judge_without)(p, item, &some, answer) &&
               product_judge_number(p, turn + i, item);
        json_decref(answer);
    }
    return good || users->count == 0;
}

/* ---- milestones ---- */

static bool product_is_read(void *arg)
{
    const sim_product_facts *f = arg;
    if (f->tick) f->tick(f->tick_arg);
    return sim_log_tool_milestones(f->log) != NULL;
}

static void product_judge_milestones(sim_product *p)
{
    char why[256];
    const sim_product_facts *f = p->facts;
    const sim_told_facts facts = {f->journal, sim_clients_items(f->clients), f->counts, f->whole};
    sim_log_tool_read_milestones(f->log);
    if (!sim_fleet_wait(f->fleet, product_is_read, (void *)(uintptr_t)f, READ_US)) {
        p->out->asked = false;
        snprintf(p->out->text, sizeof p->out->text, "the milestones topic cannot be read");
    } else if (!sim_told_judge(sim_log_tool_milestones(f->log), &facts, why, sizeof why)) {
        sim_product_wrong(p, "milestone", "%s", why);
    }
}

void sim_product_judge(const sim_product_facts *facts, sim_product_result *out)
{
    sim_product p = {.facts = facts, .out = out};
    *out = (sim_product_result){.asked = true};
    product_read_rows(&p);
    if (product_judge_some(&p) && product_judge_lists(&p) && sim_product_judge_trending(&p))
        product_judge_milestones(&p);
    free(p.rows);
}
