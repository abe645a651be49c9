/*
 * api_me.c - see the header.
 *
 * Each partition finds its own items of the page; the page is merged from these. An item is found as it is merged: by the cursor behind it
 * (kd_liked_cursor), which ascends in the order of the answer and is the same for every partition. So a like that comes meanwhile stands in front of
 * every cursor that was given out, and moves none of what is behind.
 */
#include "central/io/api/api_me.h"

#include "central/io/api/cursor.h"
#include "central/io/api/read.h"
#include "common/base/display.h"
#include "common/io/loop/clock.h"
#include "kudos/index.h"
#include "kudos/percent.h"

enum { INVERSE = 8 }; /* bytes of the time in a cursor */

/* ---- a partition's part, on its worker's thread ---- */

typedef struct {
    kd_buf *out; /* cursors, each behind a byte with its length */
    kd_buf cursor;
} me_finding;

static int me_take(void *arg, const kd_member *m)
{
    me_finding *f = arg;
    kd_liked_cursor(m->time_us, m->item, &f->cursor);
    kd_buf_put_u8(f->out, (uint8_t)f->cursor.len);
    kd_buf_put(f->out, f->cursor.data, f->cursor.len);
    return KD_OK;
}

_Static_assert(INVERSE + KD_ITEM_KEY_MAX <= UINT8_MAX, "the length of a cursor has one byte");

/* One more than a page has: where it is there, the page has a next one. */
static int me_find(kd_api_read *r, kd_tenure *t, kd_api_read_item *item)
{
    kd_buf next = {0};
    me_finding f = {.out = &r->found[item - r->items]};
    int err = kd_central_liked(t->core, r->counter, r->user, r->cursor, r->limit + 1, me_take, &f, &next);
    item->as_of_us = kd_central_as_of_us(t->core);
    kd_buf_finish(&f.cursor);
    kd_buf_finish(&next);
    return err;
}

/* ---- the page ---- */

typedef struct {
    kd_reader rest; /* behind the head */
    kd_bytes head;  /* empty: there are no more */
} me_part;

static void me_step(me_part *p)
{
    p->head = kd_bytes_of(NULL, 0);
    if (kd_reader_left(&p->rest) == 0) return;
    size_t len = kd_read_u8(&p->rest);
    p->head = kd_read_bytes(&p->rest, len);
}

/* The part whose head is the newest like; NULL: all are at their end. */
static me_part *me_first(me_part *parts, uint32_t count)
{
    me_part *first = NULL;
    for (uint32_t i = 0; i < count; i++)
        if (parts[i].head.len > 0 && (!first || kd_bytes_cmp(parts[i].head, first->head) < 0))
            first = &parts[i];
    return first;
}

static void me_write_item(kd_json *j, const kd_api_read *r, kd_bytes found)
{
    char at[KD_TIME_MS_MAX];
    kd_reader time = kd_reader_of(found);
    uint64_t time_us = ~kd_read_be64(&time);
    kd_json_object(j);
    kd_answer_write_item(j, kd_bytes_of(found.data + INVERSE, found.len - INVERSE));
    if (r->detail) kd_json_put_str(j, "at", kd_bytes_of(at, kd_display_time_ms(time_us, at)));
    kd_json_end_object(j);
}

/* Writes the items of the page. The cursor behind it is in r->next; empty: it is the last one. */
static void me_write_items(kd_json *j, kd_api_read *r)
{
    me_part *parts = kd_http_request_alloc(r->req, sizeof(me_part) * r->count), *first;
    for (uint32_t i = 0; i < r->count; i++) {
        parts[i].rest = kd_reader_of(kd_buf_view(&r->found[i]));
        me_step(&parts[i]);
    }
    kd_json_array(j);
    for (uint32_t left = r->limit; left > 0 && (first = me_first(parts, r->count)); left--) {
        me_write_item(j, r, first->head);
        kd_buf_clear(&r->next);
        kd_buf_put(&r->next, first->head.data, first->head.len);
        me_step(first);
    }
    kd_json_end_array(j);
    if (!me_first(parts, r->count)) kd_buf_clear(&r->next);
}

static kd_cursor_question me_question(const kd_api_read *r)
{
    return (kd_cursor_question){KD_CURSOR_ME, r->api->settings->counters.at[r->counter].id, r->user};
}

/* The as_of of the partition that is furthest behind; 0: of one it is unknown. */
static uint64_t me_as_of(const kd_api_read *r)
{
    uint64_t as_of_us = UINT64_MAX;
    for (uint32_t i = 0; i < r->count; i++) as_of_us = KD_MIN(as_of_us, r->items[i].as_of_us);
    return as_of_us;
}

static uint64_t me_made(const kd_api_read *r, uint64_t now_us)
{
    uint64_t made_us = now_us;
    for (uint32_t i = 0; i < r->count; i++) made_us = KD_MIN(made_us, r->items[i].made_us);
    return made_us;
}

static void me_answer(kd_api_read *r)
{
    const kd_cursor_question question = me_question(r);
    uint64_t now = kd_clock_wall_us();
    char cursor[KD_CURSOR_TEXT_MAX];
    kd_json j = kd_api_read_writer(r);
    kd_json_object(&j);
    kd_json_put_str(&j, "counter", kd_bytes_str(r->api->settings->counters.at[r->counter].name));
    kd_json_key(&j, "items");
    me_write_items(&j, r);
    kd_json_key(&j, "next");
    if (r->next.len == 0)
        kd_json_null(&j);
    else
        kd_json_str(&j, kd_bytes_of(cursor, kd_cursor_write(&question, kd_buf_view(&r->next), cursor)));
    kd_answer_write_age(&j, now, me_made(r, now), me_as_of(r));
    kd_json_put_str(&j, "source", kd_bytes_str("central"));
    kd_json_end_object(&j);
    kd_api_read_respond(r, NULL, NULL, 0);
}

/* ---- the question ---- */

static bool me_refuse_user(kd_refusal *why)
{
    *why = (kd_refusal){KD_PROBLEM_INVALID_ID, "the user id is not valid", "user"};
    return false;
}

/* Another user, whom only those may name who may ask for likers. */
static bool me_read_other(kd_api_read *r, kd_bytes raw, kd_refusal *why)
{
    size_t len;
    uint8_t *user = kd_http_request_alloc(r->req, KD_ID_MAX);
    if (!kd_access_may(&r->api->access, r->req, KD_RIGHT_LIKERS, why)) return false;
    if (kd_percent_decode(raw, user, KD_ID_MAX, &len) != KD_OK) return me_refuse_user(why);
    r->user = kd_bytes_of(user, len);
    r->detail = kd_access_detail(&r->api->access, r->req);
    return kd_id_valid(r->user) || me_refuse_user(why);
}

static bool me_ask(kd_api_read *r, kd_refusal *why)
{
    kd_bytes other;
    uint64_t limit;
    r->detail = true;
    bool good = kd_query_find(r->req->query, "user", &other)
                    ? me_read_other(r, other, why)
                    : kd_api_read_user(r->api, r->req, &r->user, why);
    if (!good) return false;
    if (!r->api->settings->index_liked) {
        *why = (kd_refusal){KD_PROBLEM_INDEX_OFF, "central.index_liked is not switched on", NULL};
        return false;
    }
    const kd_cursor_question question = me_question(r);
    if (!kd_cursor_read(r->req, &question, &r->cursor, why) ||
        !kd_route_number(r->req->query, "limit", KD_ME_PAGE, 1, KD_ME_PAGE_MAX, &limit, why))
        return false;
    r->limit = (uint32_t)limit;
    return true;
}

void kd_api_me(kd_api *api, kd_http_request *req, uint32_t counter)
{
    kd_refusal why;
    kd_api_read *r = kd_api_read_create(api, req, NULL, (uint32_t)api->settings->partitions);
    if (!r) return;
    r->counter = counter;
    if (!me_ask(r, &why)) {
        kd_api_read_refuse(req, &why);
        return;
    }
    r->found = kd_http_request_alloc(req, sizeof(kd_buf) * r->count);
    for (uint32_t i = 0; i < r->count; i++) r->found[i] = (kd_buf){.data = NULL};
    r->work = me_find;
    r->answer = me_answer;
    kd_api_read_start(r);
}
