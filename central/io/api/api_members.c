/* api_members.c - see the header. */
#include "central/io/api/api_members.h"

#include "central/io/api/cursor.h"
#include "central/io/api/liker.h"
#include "central/io/api/member_line.h"
#include "central/io/api/read.h"
#include "kudos/index.h"

/* ---- whether a user likes it ---- */

static int find_liked(kd_api_read *r, kd_tenure *t, kd_api_read_item *item)
{
    bool liked = false;
    int err = kd_central_member_at(t->core, r->counter, kd_item_key(&item->item), r->user, &liked,
                                   &item->liked_at_us);
    item->liked = liked ? KD_LIKED_YES : KD_LIKED_NO;
    item->complete = kd_central_complete(t->core, &r->wanted);
    return err;
}

static void api_members_write_liked(kd_json *j, const kd_api_read *r, const kd_api_read_item *item)
{
    kd_answer_write_liked(j, &(kd_answer_liked){.item = kd_item_key(&item->item),
                                                .liked = item->liked,
                                                .at_us = item->liked_at_us,
                                                .complete = r->wants ? &item->complete : NULL,
                                                .source = "central"});
}

static void answer_liked(kd_api_read *r)
{
    kd_json j = kd_api_read_writer(r);
    api_members_write_liked(&j, r, &r->items[0]);
    kd_api_read_respond(r, NULL, NULL, 0);
}

static void answer_lookup(kd_api_read *r)
{
    kd_json j = kd_api_read_writer(r);
    kd_json_object(&j);
    kd_json_key(&j, "items");
    kd_json_array(&j);
    for (uint32_t i = 0; i < r->count; i++) api_members_write_liked(&j, r, &r->items[i]);
    kd_json_end_array(&j);
    kd_json_end_object(&j);
    kd_api_read_respond(r, NULL, NULL, 0);
}

static void start_liked(kd_api *api, kd_http_request *req, const kd_item *items, uint32_t count,
                        uint32_t counter, kd_bytes user, void (*answer)(kd_api_read *r))
{
    kd_bytes wanted;
    kd_api_read *r = kd_api_read_create(api, req, items, count);
    if (!r) return;
    r->user = user;
    r->counter = counter;
    r->wants = kd_http_request_header(req, "kudos-seen", &wanted) && kd_seen_parse(wanted, &r->wanted);
    r->work = find_liked;
    r->answer = answer;
    kd_api_read_start(r);
}

void kd_api_liked(kd_api *api, kd_http_request *req, const kd_item *item, uint32_t counter)
{
    kd_bytes user;
    kd_refusal why;
    if (!kd_api_read_user(api, req, &user, &why))
        kd_api_read_refuse(req, &why);
    else
        start_liked(api, req, item, 1, counter, user, answer_liked);
}

void kd_api_lookup(kd_api *api, kd_http_request *req)
{
    kd_bytes user;
    uint32_t counter;
    kd_refusal why;
    const kd_api_read_list *list = NULL;
    if (kd_api_read_user(api, req, &user, &why)) list = kd_api_read_items(api, req, true, &counter, &why);
    if (list)
        start_liked(api, req, list->items, list->count, counter, user, answer_lookup);
    else
        kd_api_read_refuse(req, &why);
}

/* ---- who likes an item ---- */

static kd_cursor_question likers_question(kd_api_read *r)
{
    return (kd_cursor_question){r->newest ? KD_CURSOR_NEWEST : KD_CURSOR_LIKERS,
                                r->api->settings->counters.at[r->counter].id, kd_item_key(&r->items[0].item)};
}

static int find_page_of_likers(kd_api_read *r, kd_tenure *t, kd_bytes item, kd_liker_writing *writing)
{
    if (r->newest)
        return kd_central_newest(t->core, r->counter, item, r->cursor, r->limit, kd_liker_write, writing,
                                 &r->next);
    return kd_central_members(t->core, r->api->settings->counters.at[r->counter].id, item, r->cursor,
                              r->limit, kd_liker_write, writing, &r->next);
}

static int find_likers(kd_api_read *r, kd_tenure *t, kd_api_read_item *item)
{
    const kd_counter *counter = &r->api->settings->counters.at[r->counter];
    const kd_cursor_question question = likers_question(r);
    char cursor[KD_CURSOR_TEXT_MAX];
    kd_json j = kd_api_read_writer(r);
    kd_liker_writing writing = {&j, r->detail};
    kd_json_object(&j);
    kd_answer_write_item(&j, kd_item_key(&item->item));
    kd_json_key(&j, "counter");
    kd_json_cstr(&j, counter->name);
    kd_json_key(&j, "likers");
    kd_json_array(&j);
    int err = find_page_of_likers(r, t, kd_item_key(&item->item), &writing);
    kd_json_end_array(&j);
    kd_json_key(&j, "next");
    if (r->next.len == 0)
        kd_json_null(&j);
    else
        kd_json_str(&j, kd_bytes_of(cursor, kd_cursor_write(&question, kd_buf_view(&r->next), cursor)));
    kd_json_key(&j, "source");
    kd_json_cstr(&j, "central");
    kd_json_end_object(&j);
    return err;
}

/* Reads order= of the query; false with *why filled. */
static bool ask_order(const kd_api *api, const kd_http_request *req, kd_api_read *r, kd_refusal *why)
{
    kd_bytes order = kd_bytes_str("key");
    kd_query_find(req->query, "order", &order);
    r->newest = kd_bytes_eq(order, kd_bytes_str("newest"));
    *why = (kd_refusal){KD_PROBLEM_INVALID_REQUEST, "newest or key is wanted", "order"};
    if (!r->newest) return kd_bytes_eq(order, kd_bytes_str("key"));
    *why = (kd_refusal){KD_PROBLEM_INDEX_OFF, "central.index_newest is not switched on", "order"};
    return api->settings->index_newest;
}

static bool ask_likers(kd_api *api, kd_http_request *req, kd_api_read *r, kd_refusal *why)
{
    kd_bytes name = kd_bytes_of(NULL, 0);
    uint64_t limit;
    kd_query_find(req->query, "counter", &name);
    if (!kd_api_read_set_counter(api, name, &r->counter, why) || !ask_order(api, req, r, why)) return false;
    const kd_cursor_question question = likers_question(r);
    if (!kd_cursor_read(req, &question, &r->cursor, why) ||
        !kd_route_number(req->query, "limit", KD_LIKERS_PAGE, 1, KD_LIKERS_PAGE_MAX, &limit, why))
        return false;
    r->limit = (uint32_t)limit;
    r->detail = kd_access_detail(&api->access, req);
    return true;
}

void kd_api_likers(kd_api *api, kd_http_request *req, const kd_item *item)
{
    kd_refusal why;
    kd_api_read *r = kd_api_read_create(api, req, item, 1);
    if (!r) return;
    if (!ask_likers(api, req, r, &why)) {
        kd_api_read_refuse(req, &why);
        return;
    }
    r->work = find_likers;
    r->answer = kd_api_read_answer;
    kd_api_read_start(r);
}

/* ---- all members of a partition, page by page ---- */

typedef struct {
    const kd_counters *counters;
    kd_buf *out;
} lines;

static int api_members_write_line(void *arg, const kd_member *m)
{
    const lines *l = arg;
    kd_member_line(l->out, l->counters, m);
    return 0;
}

static int api_members_write_sum(void *arg, const kd_sum_part *s)
{
    const lines *l = arg;
    kd_sum_line(l->out, l->counters, s);
    return 0;
}

static int find_page(kd_api_read *r, kd_tenure *t, kd_api_read_item *item)
{
    lines l = {&t->declared->counters, &r->out};
    (void)item;
    if (r->sums) return kd_central_sums(t->core, r->cursor, r->limit, api_members_write_sum, &l, &r->next);
    return kd_central_members(t->core, 0, kd_bytes_of(NULL, 0), r->cursor, r->limit, api_members_write_line,
                              &l, &r->next);
}

static kd_cursor_question export_question(const kd_api_read *r)
{
    return (kd_cursor_question){.kind = r->sums ? KD_CURSOR_SUMS : KD_CURSOR_EXPORT,
                                .number = r->items[0].partition};
}

/* Reads sums= of the query; false with *why filled. */
static bool ask_sums(const kd_http_request *req, kd_api_read *r, kd_refusal *why)
{
    kd_bytes sums = kd_bytes_str("false");
    kd_query_find(req->query, "sums", &sums);
    r->sums = kd_bytes_eq(sums, kd_bytes_str("true"));
    *why = (kd_refusal){KD_PROBLEM_INVALID_REQUEST, "true or false is wanted", "sums"};
    return r->sums || kd_bytes_eq(sums, kd_bytes_str("false"));
}

static void answer_page(kd_api_read *r)
{
    const kd_cursor_question question = export_question(r);
    char cursor[KD_CURSOR_TEXT_MAX], partitions[20];
    const kd_http_field fields[] = {
        {"kudos-cursor", kd_bytes_of(cursor, kd_cursor_write(&question, kd_buf_view(&r->next), cursor))},
        {"kudos-partitions", kd_bytes_of(partitions, kd_decimal(r->api->settings->partitions, partitions))},
    };
    kd_api_read_respond(r, "text/tab-separated-values", fields, KD_COUNT(fields));
}

static bool ask_export(kd_api *api, kd_http_request *req, kd_api_read *r, kd_refusal *why)
{
    uint64_t partition, limit;
    if (!kd_route_number(req->query, "partition", 0, 0, api->settings->partitions - 1, &partition, why) ||
        !kd_route_number(req->query, "limit", KD_EXPORT_PAGE, 1, KD_EXPORT_PAGE_MAX, &limit, why))
        return false;
    if (!ask_sums(req, r, why)) return false;
    r->items[0].partition = (uint32_t)partition;
    const kd_cursor_question question = export_question(r);
    r->limit = (uint32_t)limit;
    return kd_cursor_read(req, &question, &r->cursor, why);
}

void kd_api_export(kd_api *api, kd_http_request *req)
{
    kd_refusal why;
    kd_api_read *r = kd_api_read_create(api, req, NULL, 1);
    if (!r) return;
    if (!ask_export(api, req, r, &why)) {
        kd_api_read_refuse(req, &why);
        return;
    }
    r->work = find_page;
    r->answer = answer_page;
    kd_api_read_start(r);
}
