/* reads.c - requests that read: one item, many, and whether the caller has liked them. */
#include "edge/io/http/reads.h"

#include "common/api/body.h"
#include "common/api/canonical.h"
#include "edge/io/http/answer.h"
#include "edge/io/http/auth.h"
#include "edge/io/http/reads_answer.h"
#include "edge/io/http/reads_velocity.h"

/* One piece of memory for a read of n items: errands, lookups, the places for questions to central about `sets` counters, and at *keys `key_bytes`
 * bytes for the items' keys. The items are added next. */
static kd_edge_read *edge_reads_prepare(kd_shard *s, kd_http_request *req, kd_read_kind kind, uint32_t n,
                                        uint32_t sets, size_t key_bytes, uint8_t **keys)
{
    uint32_t errands = n == 1 ? 1 : s->app->shard_count;
    size_t places = (size_t)n * sets, asked = (size_t)errands * sets;
    size_t size = sizeof(kd_edge_read) + errands * sizeof(kd_errand) + n * sizeof(kd_lookup) +
                  asked * sizeof(kd_read_members) +
                  places * (sizeof(kd_lookup *) + sizeof(kd_bytes) + sizeof(kd_central_liked));
    /* Structs first and the bytes of the keys last, so that every array is aligned. */
    uint8_t *p = kd_http_request_alloc(req, size + key_bytes);
    kd_edge_read *read = (kd_edge_read *)(void *)p;
    p += sizeof(kd_edge_read);
    read->call.errands = (kd_errand *)(void *)p, p += errands * sizeof(kd_errand);
    read->at = (kd_lookup *)(void *)p, p += n * sizeof(kd_lookup);
    read->asked = (kd_read_members *)(void *)p, p += asked * sizeof(kd_read_members);
    read->unknown_item = (kd_bytes *)(void *)p, p += places * sizeof(kd_bytes);
    read->unknown = (kd_lookup **)(void *)p, p += places * sizeof(kd_lookup *);
    read->unknown_answer = (kd_central_liked *)(void *)p, p += places * sizeof(kd_central_liked);
    *keys = p;
    read->call.origin = s;
    read->call.reads = true;
    read->call.errand_count = errands;
    read->kind = kind;
    read->views = kind != KD_READ_LIKED && kind != KD_READ_LOOKUP;
    read->members = sets > 0;
    read->counter_count = sets;
    return read;
}

static size_t reads_key_bytes(const kd_item *items, uint32_t n)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < n; i++) bytes += items[i].len;
    return bytes;
}

static void edge_reads_add(kd_edge_read *read, const kd_item *item, uint8_t **keys)
{
    memcpy(*keys, item->data, item->len);
    kd_lookup *l = &read->at[read->count++];
    l->item = kd_bytes_of(*keys, item->len);
    *keys += item->len;
    memset(l->liked, KD_LIKED_UNASKED, sizeof l->liked);
    l->errand = kd_call_add(&read->call, l->item, &l->of_errand);
}

/* The places of an errand's questions: for each counter as many as it has items, behind those of the errands before it. Returns the place behind them. */
static uint32_t reads_place(kd_edge_read *read, kd_errand *errand, uint32_t place)
{
    for (uint32_t i = 0; i < read->counter_count; i++, place += errand->count)
        read->asked[errand->offset + i] = (kd_read_members){.errand = errand,
                                                            .counter = read->counters[i],
                                                            .unknown = read->unknown + place,
                                                            .item = read->unknown_item + place,
                                                            .answer = read->unknown_answer + place};
    return place;
}

static void edge_reads_start(kd_edge_read *read, kd_shard *s, kd_http_request *req)
{
    uint32_t place = 0;
    kd_live_client *live = read->live;
    if (!kd_call_admit(&read->call, s, req, read->count * KD_MAX(read->counter_count, 1u))) {
        if (live) kd_live_hub_abandon(live);
        return;
    }
    for (uint32_t i = 0; i < read->call.errand_count; i++) {
        read->call.errands[i].offset = i * read->counter_count;
        place = reads_place(read, &read->call.errands[i], place);
    }
    read->call.work = kd_reads_work;
    read->call.finish = kd_reads_finish;
    kd_call_start(&read->call);
}

/* Of a user who is known. A session token that is not good does not fail a read: as without a token, this edge's own row then counts as the user's last word. */
static void read_token(kd_shard *s, kd_http_request *req, const kd_bearer *who, kd_edge_read *read)
{
    kd_refusal why;
    read->user = who->user;
    read->good_until_s = who->good_until_s;
    read->call.client = kd_call_client_of(who);
    kd_auth_session(s, req, read->user, &read->seen, &why);
}

static void read_one(kd_shard *s, kd_http_request *req, const kd_item *item, kd_read_kind kind,
                     uint32_t counter)
{
    uint8_t *keys;
    kd_bearer who;
    kd_refusal why;
    kd_edge_expect(s->base.edge, kd_item_key(item));
    kd_edge_read *read = edge_reads_prepare(s, req, kind, 1, kind == KD_READ_LIKED, item->len, &keys);
    if (read->members && !kd_auth_caller(s, req, &who, &why)) {
        kd_answer_refusal(req, &why);
        return;
    }
    if (read->members) read_token(s, req, &who, read);
    read->counters[0] = counter;
    edge_reads_add(read, item, &keys);
    edge_reads_start(read, s, req);
}

void kd_reads_counts(kd_shard *s, kd_http_request *req, const kd_item *item)
{
    read_one(s, req, item, KD_READ_COUNTS, 0);
}

void kd_reads_count(kd_shard *s, kd_http_request *req, const kd_item *item)
{
    kd_refusal why;
    uint32_t counter;
    if (kd_route_any_counter(req->query, &s->served.counters, &counter, &why))
        read_one(s, req, item, KD_READ_COUNT, counter);
    else
        kd_answer_refusal(req, &why);
}

void kd_reads_display(kd_shard *s, kd_http_request *req, const kd_item *item)
{
    read_one(s, req, item, KD_READ_DISPLAY, 0);
}

void kd_reads_liked(kd_shard *s, kd_http_request *req, const kd_item *item, uint32_t counter)
{
    read_one(s, req, item, KD_READ_LIKED, counter);
}

/* The user who asks, and the counters whose likes are meant; the first not named: "like". False: the request was answered. */
static bool read_caller(kd_shard *s, kd_http_request *req, const kd_bytes *names, kd_edge_read *read)
{
    kd_bearer who;
    kd_refusal why;
    bool good = kd_auth_caller(s, req, &who, &why);
    for (uint32_t i = 0; good && i < read->counter_count; i++) {
        kd_bytes name = names[i].data ? names[i] : kd_bytes_str("like");
        good = kd_route_counter(name, &s->served.counters, KD_SET, &read->counters[i], &why);
        if (!good && read->named) why.field = "me";
    }
    if (!good) {
        kd_answer_refusal(req, &why);
        return false;
    }
    read_token(s, req, &who, read);
    return true;
}

/* me= of the query. False: the request was answered. */
static bool read_me(kd_http_request *req, bool *members)
{
    const kd_refusal why = {KD_PROBLEM_INVALID_REQUEST, "true or false is wanted", "me"};
    kd_bytes me = kd_bytes_str("false");
    kd_query_find(req->query, "me", &me);
    *members = kd_bytes_eq(me, kd_bytes_str("true"));
    if (*members || kd_bytes_eq(me, kd_bytes_str("false"))) return true;
    kd_answer_refusal(req, &why);
    return false;
}

/* items= of the query. False: the request was answered. */
static bool read_named(const kd_shard *s, kd_http_request *req, kd_item items[KD_BULK_ITEMS_MAX], uint32_t *n)
{
    kd_bytes raw;
    kd_refusal why = {KD_PROBLEM_INVALID_REQUEST, "items=posts/1,reels/2 is wanted", "items"};
    if (kd_query_find(req->query, "items", &raw) && raw.len > 0 &&
        kd_route_items(raw, &s->served.collections, items, n, &why))
        return true;
    kd_answer_refusal(req, &why);
    return false;
}

/* Relative to the path, since what stands in front may have put the API below another one. Where it leads never changes. But caches keep the fields for
 * pages (CORS) with it: a change of those origins has to arrive. */
static void read_redirect(kd_http_request *req, kd_bytes query)
{
    kd_buf location = {0};
    kd_buf_put(&location, "display?", 8);
    kd_buf_put(&location, query.data, query.len);
    const kd_http_field fields[] = {{"location", kd_buf_view(&location)},
                                    {"cache-control", kd_bytes_str("public, max-age=300")}};
    kd_http_respond(req, 308, fields, KD_COUNT(fields), kd_bytes_of(NULL, 0));
    kd_buf_finish(&location);
}

void kd_reads_displays(kd_shard *s, kd_http_request *req)
{
    kd_item items[KD_BULK_ITEMS_MAX];
    uint32_t n;
    uint8_t *keys;
    if (!read_named(s, req, items, &n)) return;
    kd_buf_clear(&s->text);
    kd_canonical_items(items, &n, &s->text);
    if (!kd_bytes_eq(req->query, kd_buf_view(&s->text))) {
        read_redirect(req, kd_buf_view(&s->text));
        return;
    }
    kd_edge_read *read =
        edge_reads_prepare(s, req, KD_READ_DISPLAYS, n, false, reads_key_bytes(items, n), &keys);
    for (uint32_t i = 0; i < n; i++) edge_reads_add(read, &items[i], &keys);
    edge_reads_start(read, s, req);
}

/* NULL: the request was answered. */
static kd_edge_read *read_query(kd_shard *s, kd_http_request *req, kd_read_kind kind)
{
    kd_item items[KD_BULK_ITEMS_MAX];
    uint32_t n;
    uint8_t *keys;
    bool members;
    if (!read_named(s, req, items, &n) || !read_me(req, &members)) return NULL;
    kd_edge_read *read = edge_reads_prepare(s, req, kind, n, members, reads_key_bytes(items, n), &keys);
    if (members && !read_caller(s, req, &(kd_bytes){NULL}, read)) return NULL;
    for (uint32_t i = 0; i < n; i++) edge_reads_add(read, &items[i], &keys);
    return read;
}

void kd_reads_query(kd_shard *s, kd_http_request *req)
{
    kd_edge_read *read = read_query(s, req, KD_READ_BULK);
    if (read && kd_reads_velocity_prepare(read, req)) edge_reads_start(read, s, req);
}

/* When a stream ends that was opened with a token: by the clock of streams. */
static uint64_t live_until_us(kd_shard *s, const kd_edge_read *read)
{
    uint64_t wall_us = kd_clock_wall_us(), end_us = read->good_until_s * 1000000;
    if (read->good_until_s == 0) return 0;
    return kd_live_hub_now(&s->live) + (end_us > wall_us ? end_us - wall_us : 0);
}

static bool live_open(kd_shard *s, kd_http_request *req, kd_edge_read *read)
{
    kd_bytes items[KD_BULK_ITEMS_MAX], last;
    kd_http_request_header(req, "last-event-id", &last);
    for (uint32_t i = 0; i < read->count; i++) items[i] = read->at[i].item;
    const kd_live_request rq = {.items = items,
                                .count = read->count,
                                .members = read->members,
                                .user = read->user,
                                .seen = &read->seen,
                                .until_us = live_until_us(s, read),
                                .last = last};
    kd_live_refusal refusal = kd_live_hub_open(&s->live, &rq, read->counters[0], req->client, &read->live);
    if (refusal == KD_LIVE_OPENED) return true;
    kd_answer_live_refusal(req, refusal);
    return false;
}

void kd_reads_live(kd_shard *s, kd_http_request *req)
{
    kd_edge_read *read = read_query(s, req, KD_READ_LIVE);
    if (read && live_open(s, req, read)) edge_reads_start(read, s, req);
}

/* At most: an item's key has a byte more than its text. */
static size_t reads_texts_key_bytes(const kd_body_items *body)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < body->count; i++) bytes += body->item[i].len + 1;
    return bytes;
}

static bool add_texts(kd_shard *s, kd_http_request *req, const kd_body_items *body, kd_edge_read *read,
                      uint8_t *keys)
{
    for (uint32_t i = 0; i < body->count; i++) {
        kd_item item;
        kd_refusal why;
        if (!kd_route_item_text(body->item[i], &s->served.collections, "items", &item, &why)) {
            kd_answer_refusal(req, &why);
            return false;
        }
        edge_reads_add(read, &item, &keys);
    }
    return true;
}

static void edge_reads_read_body(kd_shard *s, kd_http_request *req, kd_read_kind kind)
{
    kd_body_items body;
    kd_refusal why;
    uint8_t *keys;
    bool lookup = kind == KD_READ_LOOKUP;
    if (!kd_body_read_items(req->body, &s->text, lookup, &body, &why)) {
        kd_answer_refusal(req, &why);
        return;
    }
    bool named = body.me_sets > 0;
    uint32_t sets = named ? body.me_sets : lookup || body.me;
    kd_edge_read *read =
        edge_reads_prepare(s, req, kind, body.count, sets, reads_texts_key_bytes(&body), &keys);
    read->named = named;
    if (sets > 0 && !read_caller(s, req, named ? body.me_set : &body.counter, read)) return;
    if (!add_texts(s, req, &body, read, keys)) return;
    if (lookup || kd_reads_velocity_prepare(read, req)) edge_reads_start(read, s, req);
}

void kd_reads_bulk(kd_shard *s, kd_http_request *req)
{
    edge_reads_read_body(s, req, KD_READ_BULK);
}
void kd_reads_lookup(kd_shard *s, kd_http_request *req)
{
    edge_reads_read_body(s, req, KD_READ_LOOKUP);
}
