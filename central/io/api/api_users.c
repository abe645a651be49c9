/* api_users.c - see the header. A user who stands in the list twice counts once. */
#include "central/io/api/api_users.h"

#include "central/io/api/api_counts.h"
#include "central/io/api/liker.h"
#include "common/api/body.h"
#include "common/io/loop/clock.h"
#include "kudos/decide.h"

#include <stdlib.h>

/* ---- the list ---- */

typedef struct {
    kd_bytes user;
    uint32_t at; /* where the list has it */
} users_entry;

static int users_compare(const void *left, const void *right)
{
    const users_entry *a = left, *b = right;
    int order = kd_bytes_cmp(a->user, b->user);
    return order ? order : (a->at > b->at) - (a->at < b->at);
}

/* Takes out, in place, each user who came before. Returns how many are left. */
static uint32_t users_drop_repeats(kd_bytes *users, uint32_t count)
{
    users_entry sorted[KD_WITHOUT_USERS_MAX];
    uint32_t left = 0;
    for (uint32_t i = 0; i < count; i++) sorted[i] = (users_entry){users[i], i};
    if (count > 0) qsort(sorted, count, sizeof sorted[0], users_compare);
    for (uint32_t i = 1; i < count; i++)
        if (kd_bytes_eq(sorted[i].user, sorted[i - 1].user)) users[sorted[i].at].len = 0;
    for (uint32_t i = 0; i < count; i++)
        if (users[i].len > 0) users[left++] = users[i];
    return left;
}

/* The list, for as long as the request lives; `text` does not. */
static void users_keep(kd_api_read *r, kd_body_users *list)
{
    kd_bytes *users = kd_http_request_alloc(r->req, sizeof(kd_bytes) * KD_MAX(1, list->count));
    r->user_count = users_drop_repeats(list->user, list->count);
    for (uint32_t i = 0; i < r->user_count; i++) {
        uint8_t *copy = kd_http_request_alloc(r->req, list->user[i].len);
        memcpy(copy, list->user[i].data, list->user[i].len);
        users[i] = kd_bytes_of(copy, list->user[i].len);
    }
    r->users = users;
}

typedef bool (*users_reader)(kd_bytes body, kd_buf *text, kd_body_users *out, kd_refusal *why);

/* Begins the read that `work` does; where the body is refused, the request is answered so. */
static void users_start(kd_api *api, kd_http_request *req, const kd_item *item, users_reader read,
                        int (*work)(kd_api_read *r, kd_tenure *t, kd_api_read_item *item),
                        void (*answer)(kd_api_read *r))
{
    kd_body_users list;
    kd_buf text = {0};
    kd_refusal why;
    kd_api_read *r = kd_api_read_create(api, req, item, 1);
    if (!r) return;
    bool good =
        read(req->body, &text, &list, &why) && kd_api_read_set_counter(api, list.counter, &r->counter, &why);
    if (good) users_keep(r, &list);
    kd_buf_finish(&text);
    if (!good) {
        kd_api_read_refuse(req, &why);
        return;
    }
    r->detail = kd_access_detail(&api->access, req);
    r->work = work;
    r->answer = answer;
    kd_api_read_start(r);
}

/* ---- who of them likes it ---- */

/* On the worker's thread, which writes the whole answer: the core hands the rows out one by one, and they are not copied. */
static int users_find_among(kd_api_read *r, kd_tenure *t, kd_api_read_item *item)
{
    const kd_bytes key = kd_item_key(&item->item);
    uint64_t now = kd_clock_wall_us();
    kd_json j = kd_api_read_writer(r);
    kd_liker_writing writing = {&j, r->detail};
    int err = kd_central_totals(t->core, key, item->totals);
    item->closed = kd_central_closed(t->core, key);
    if (err != KD_OK) return err;
    kd_json_object(&j);
    kd_answer_write_item(&j, key);
    kd_json_put_str(&j, "counter", kd_bytes_str(r->api->settings->counters.at[r->counter].name));
    kd_answer_write_number(&j, &item->totals[r->counter], 0);
    kd_json_key(&j, "likers");
    kd_json_array(&j);
    err = kd_central_among(t->core, r->counter, key, r->users, r->user_count, kd_liker_write, &writing);
    kd_json_end_array(&j);
    kd_answer_write_age(&j, now, KD_MIN(now, item->made_us), kd_central_as_of_us(t->core));
    kd_json_put_str(&j, "source", kd_bytes_str("central"));
    kd_json_end_object(&j);
    return err;
}

void kd_api_among(kd_api *api, kd_http_request *req, const kd_item *item)
{
    users_start(api, req, item, kd_body_read_among, users_find_among, kd_api_read_answer);
}

/* ---- counts without them ---- */

static int users_find_without(kd_api_read *r, kd_tenure *t, kd_api_read_item *item)
{
    const kd_bytes key = kd_item_key(&item->item);
    item->closed = kd_central_closed(t->core, key);
    item->as_of_us = kd_central_as_of_us(t->core);
    return kd_central_without(t->core, key, r->users, r->user_count, item->totals);
}

void kd_api_without(kd_api *api, kd_http_request *req, const kd_item *item)
{
    users_start(api, req, item, kd_body_read_without, users_find_without, kd_api_counts_answer);
}
