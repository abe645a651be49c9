/* api_counts.c - see the header. */
#include "central/io/api/api_counts.h"

#include "central/io/api/read.h"
#include "common/api/trending.h"
#include "common/base/display.h"
#include "common/io/loop/clock.h"
#include "kudos/decide.h"

/* Of each counter that the request names. */
static int counts_find_me(const kd_api_read *r, kd_tenure *t, kd_api_read_item *item)
{
    int err = KD_OK;
    for (uint32_t i = 0; err == KD_OK && i < KD_COUNTERS_MAX; i++) {
        bool liked = false;
        item->me[i] = KD_LIKED_UNASKED;
        if (!(r->sets >> i & 1)) continue;
        err = kd_central_member(t->core, i, kd_item_key(&item->item), r->user, &liked);
        item->me[i] = liked ? KD_LIKED_YES : KD_LIKED_NO;
    }
    return err;
}

/* ---- velocities: of the items of one partition and collection at once, by the first of them ---- */

static bool counts_together(const kd_api_read_item *a, const kd_api_read_item *b)
{
    return a->partition == b->partition &&
           kd_bytes_eq(kd_key_collection(kd_item_key(&a->item)), kd_key_collection(kd_item_key(&b->item)));
}

static bool counts_first_of_its_kind(const kd_api_read *r, const kd_api_read_item *item)
{
    for (const kd_api_read_item *i = r->items; i < item; i++)
        if (counts_together(i, item)) return false;
    return true;
}

static int counts_find_velocities_of(kd_api_read *r, kd_tenure *t, const kd_api_read_item *first,
                                     uint32_t counter)
{
    kd_bytes ids[KD_BULK_ITEMS_MAX];
    kd_velocity found[KD_BULK_ITEMS_MAX];
    uint32_t at[KD_BULK_ITEMS_MAX], n = 0;
    for (uint32_t i = (uint32_t)(first - r->items); i < r->count; i++) {
        if (!counts_together(&r->items[i], first)) continue;
        at[n] = i;
        ids[n++] = kd_key_id(kd_item_key(&r->items[i].item));
    }
    const kd_trending_query q = {.counter = r->api->settings->counters.at[counter].id,
                                 .collection = kd_key_collection(kd_item_key(&first->item)),
                                 .window_us = r->velocity_us,
                                 .now_us = r->now_us};
    int err = kd_central_velocities(t->core, &q, ids, n, found);
    for (uint32_t i = 0; i < n; i++) r->items[at[i]].velocity[counter] = found[i];
    return err == KD_ENOTFOUND ? KD_OK : err;
}

/* On the thread of the partition's worker, which these items have in common. */
static int counts_find_velocities(kd_api_read *r, kd_tenure *t, const kd_api_read_item *item)
{
    const kd_counters *counters = &r->api->settings->counters;
    int err = KD_OK;
    if (!counts_first_of_its_kind(r, item)) return KD_OK;
    for (uint32_t i = 0; err == KD_OK && i < counters->count; i++)
        if (counters->at[i].kind == KD_SET) err = counts_find_velocities_of(r, t, item, i);
    return err;
}

/* velocity= of the query: room for what is found. False with *why. */
static bool counts_read_velocity(kd_http_request *req, kd_api_read *r, kd_refusal *why)
{
    uint32_t window;
    if (!kd_route_velocity(req->query, &window, why)) return false;
    if (window == KD_TRENDING_WINDOWS) return true;
    r->velocity_us = kd_trending_windows[window].us;
    r->now_us = kd_clock_wall_us();
    kd_velocity *all = kd_http_request_alloc(req, sizeof *all * KD_COUNTERS_MAX * r->count);
    for (uint32_t i = 0; i < r->count; i++) r->items[i].velocity = all + (size_t)i * KD_COUNTERS_MAX;
    return true;
}

/* On the worker's thread. Central answers with what is committed now, so the age of an answer is 0; that of a follower's is told by the leader's snapshots
 * and by the end of the log. */
static int counts_find(kd_api_read *r, kd_tenure *t, kd_api_read_item *item)
{
    kd_bytes key = kd_item_key(&item->item);
    int err = kd_central_totals(t->core, key, item->totals);
    item->closed = kd_central_closed(t->core, key);
    item->as_of_us = kd_central_as_of_us(t->core);
    if (err == KD_OK && item->velocity) err = counts_find_velocities(r, t, item);
    if (err != KD_OK || r->user.len == 0) return err;
    if (r->sets) return counts_find_me(r, t, item);
    bool liked;
    err = kd_central_member(t->core, r->counter, key, r->user, &liked);
    item->liked = liked ? KD_LIKED_YES : KD_LIKED_NO;
    return err;
}

static void write_item(kd_json *j, const kd_api_read *r, const kd_api_read_item *item, uint64_t now_us)
{
    const kd_answer_counts a = {
        .item = kd_item_key(&item->item),
        .counters = &r->api->settings->counters,
        .count = item->totals,
        .told = KD_COUNTERS_MAX,
        .now_us = now_us,
        .made_us = KD_MIN(now_us, item->made_us),
        .as_of_us = item->as_of_us,
        .source = "central",
        .liked = item->liked,
        .me = r->sets ? item->me : NULL,
        .closed = item->closed,
        .velocity = item->velocity,
        .velocity_made_us = now_us,
    };
    kd_answer_write_counts(j, &a);
}

void kd_api_counts_answer(kd_api_read *r)
{
    kd_json j = kd_api_read_writer(r);
    write_item(&j, r, &r->items[0], kd_clock_wall_us());
    kd_api_read_respond(r, NULL, NULL, 0);
}

static void answer_many(kd_api_read *r)
{
    uint64_t now = kd_clock_wall_us();
    kd_json j = kd_api_read_writer(r);
    kd_json_object(&j);
    kd_json_key(&j, "items");
    kd_json_array(&j);
    for (uint32_t i = 0; i < r->count; i++) write_item(&j, r, &r->items[i], now);
    kd_json_end_array(&j);
    kd_json_end_object(&j);
    kd_api_read_respond(r, NULL, NULL, 0);
}

/* ---- by=region, by=day ---- */

static void counts_write_part(void *arg, kd_bytes name, uint32_t day, uint64_t count)
{
    kd_json *j = arg;
    char date[KD_TIME_MS_MAX];
    if (name.len == 0) {
        kd_display_time_ms((uint64_t)day * 86400000000u, date);
        name = kd_bytes_of(date, sizeof("2026-01-02") - 1);
    }
    kd_json_key_bytes(j, name);
    kd_json_u64(j, count);
}

/* The total of a counter, and its parts as "regions" or "days". */
static int counts_write_parts(kd_json *j, const kd_api_read *r, kd_tenure *t, const kd_api_read_item *item,
                              uint32_t counter)
{
    kd_bytes key = kd_item_key(&item->item);
    kd_json_key_bytes(j, kd_bytes_str(r->api->settings->counters.at[counter].name));
    kd_json_object(j);
    kd_answer_write_number(j, &item->totals[counter], 0);
    kd_json_key(j, r->by == KD_BY_REGION ? "regions" : "days");
    kd_json_object(j);
    int err = r->by == KD_BY_REGION ? kd_central_by_region(t->core, key, counter, counts_write_part, j)
                                    : kd_central_by_day(t->core, key, counter, counts_write_part, j);
    kd_json_end_object(j);
    kd_json_end_object(j);
    return err;
}

/* On the worker's thread. The whole answer is written here: the core hands the parts out one by one, and they are not copied. */
static int counts_find_parts(kd_api_read *r, kd_tenure *t, kd_api_read_item *item)
{
    kd_json j = kd_api_read_writer(r);
    uint64_t now = kd_clock_wall_us();
    int err = counts_find(r, t, item);
    kd_json_object(&j);
    kd_answer_write_item(&j, kd_item_key(&item->item));
    kd_json_key(&j, "counts");
    kd_json_object(&j);
    for (uint32_t i = 0; err == KD_OK && i < r->api->settings->counters.count; i++)
        err = counts_write_parts(&j, r, t, item, i);
    kd_json_end_object(&j);
    kd_answer_write_age(&j, now, KD_MIN(now, item->made_us), item->as_of_us);
    kd_json_key(&j, "source");
    kd_json_cstr(&j, "central");
    kd_json_end_object(&j);
    return err;
}

/* Reads by= of the query; false with *why filled. */
static bool counts_read_by(const kd_http_request *req, kd_api_read *r, kd_refusal *why)
{
    kd_bytes by;
    if (!kd_query_find(req->query, "by", &by)) return true;
    if (kd_bytes_eq(by, kd_bytes_str("region"))) r->by = KD_BY_REGION;
    if (kd_bytes_eq(by, kd_bytes_str("day"))) r->by = KD_BY_DAY;
    *why = (kd_refusal){KD_PROBLEM_INVALID_REQUEST, "region or day is wanted", "by"};
    return r->by != KD_BY_NOTHING;
}

void kd_api_counts(kd_api *api, kd_http_request *req, const kd_item *item)
{
    kd_refusal why;
    kd_api_read *r = kd_api_read_create(api, req, item, 1);
    if (!r) return;
    if (!counts_read_by(req, r, &why)) {
        kd_api_read_refuse(req, &why);
        return;
    }
    r->work = r->by == KD_BY_NOTHING ? counts_find : counts_find_parts;
    r->answer = r->by == KD_BY_NOTHING ? kd_api_counts_answer : kd_api_read_answer;
    kd_api_read_start(r);
}

/* ---- one number ---- */

static int counts_find_one(kd_api_read *r, kd_tenure *t, kd_api_read_item *item)
{
    (void)r;
    return kd_central_totals(t->core, kd_item_key(&item->item), item->totals);
}

static void counts_answer_one(kd_api_read *r)
{
    kd_json j = kd_api_read_writer(r);
    kd_answer_write_count_alone(&j, &r->items[0].totals[r->counter]);
    kd_api_read_respond(r, NULL, NULL, 0);
}

void kd_api_count(kd_api *api, kd_http_request *req, const kd_item *item)
{
    kd_refusal why;
    kd_api_read *r = kd_api_read_create(api, req, item, 1);
    if (!r) return;
    if (!kd_route_any_counter(req->query, &api->settings->counters, &r->counter, &why)) {
        kd_api_read_refuse(req, &why);
        return;
    }
    r->work = counts_find_one;
    r->answer = counts_answer_one;
    kd_api_read_start(r);
}

/* ---- many ---- */

static void counts_start_many(kd_api *api, kd_http_request *req, const kd_item *items, uint32_t count,
                              kd_bytes user, uint32_t counter, uint32_t sets)
{
    kd_api_read *r = kd_api_read_create(api, req, items, count);
    if (!r) return;
    r->user = user;
    r->counter = counter;
    r->sets = sets;
    r->work = counts_find;
    r->answer = answer_many;
    kd_refusal why;
    if (counts_read_velocity(req, r, &why))
        kd_api_read_start(r);
    else
        kd_api_read_refuse(req, &why);
}

void kd_api_counts_query(kd_api *api, kd_http_request *req)
{
    kd_item *items = kd_http_request_alloc(req, sizeof(kd_item) * KD_BULK_ITEMS_MAX);
    kd_refusal why = {KD_PROBLEM_INVALID_REQUEST, "items=collection/id,… is wanted", "items"};
    kd_bytes raw;
    uint32_t count;
    if (!kd_query_find(req->query, "items", &raw) ||
        !kd_route_items(raw, &api->settings->collections, items, &count, &why)) {
        kd_api_read_refuse(req, &why);
        return;
    }
    counts_start_many(api, req, items, count, kd_bytes_of(NULL, 0), 0, 0);
}

void kd_api_counts_body(kd_api *api, kd_http_request *req)
{
    kd_bytes user = kd_bytes_of(NULL, 0);
    uint32_t counter;
    kd_refusal why;
    const kd_api_read_list *list = kd_api_read_items(api, req, false, &counter, &why);
    if (list && (!list->me || kd_api_read_user(api, req, &user, &why)))
        counts_start_many(api, req, list->items, list->count, user, counter, list->sets);
    else
        kd_api_read_refuse(req, &why);
}

/* ---- the snapshot of one item, for edges ---- */

static int find_snapshot(kd_api_read *r, kd_tenure *t, kd_api_read_item *item)
{
    kd_bytes key = kd_item_key(&item->item);
    return kd_central_read(t->core, &key, 1, r->edge, kd_clock_wall_us(), &r->out);
}

static void answer_snapshot(kd_api_read *r)
{
    kd_api_read_respond(r, "application/msgpack", NULL, 0);
}

void kd_api_snapshot(kd_api *api, kd_http_request *req, const kd_item *item)
{
    kd_refusal why = {KD_PROBLEM_INVALID_REQUEST, "the name of an edge is wanted", "edge"};
    kd_bytes edge;
    bool named = kd_query_find(req->query, "edge", &edge);
    if (named && (!kd_name_valid(edge) || !kd_access_may_as(&api->access, req, edge, &why))) {
        kd_api_read_refuse(req, &why);
        return;
    }
    kd_api_read *r = kd_api_read_create(api, req, item, 1);
    if (!r) return;
    r->edge = named ? edge : kd_bytes_of(NULL, 0);
    r->led = true;
    r->work = find_snapshot;
    r->answer = answer_snapshot;
    kd_api_read_start(r);
}
