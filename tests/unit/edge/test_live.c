/* What a live stream is sent: its state, then the newest of each item, whatever came between. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "kudos/live.h"

enum { SECOND = 1000000, START = 100 * SECOND };

typedef struct {
    kd_live_set *l;
    kd_buf out;
    uint64_t now_us;
} live_rig;

/* {item=count} is enough to see what is told. Behind it `liked` would stand. */
static void rig_render(void *arg, kd_bytes item, const kd_view *view, bool central, kd_buf *out,
                       size_t *liked_at)
{
    char text[KD_ITEM_KEY_MAX + 32];
    (void)arg, (void)central;
    int len = snprintf(text, sizeof text, "{%.*s=%llu", (int)item.len, (const char *)item.data,
                       (unsigned long long)view->count[0]);
    kd_buf_put(out, text, (size_t)len);
    *liked_at = out->len;
    kd_buf_put(out, "}", 1);
}

static live_rig rig_open(void)
{
    return (live_rig){.l = kd_live_create(&(kd_live_config){.life = 7, .seed = 1, .render = rig_render}),
                      .now_us = START};
}

static void rig_close(live_rig *r)
{
    kd_item item;
    while (kd_live_dropped(r->l, &item)) continue;
    kd_live_destroy(r->l);
    kd_buf_finish(&r->out);
}

static kd_bytes rig_name(const char *name)
{
    return kd_bytes_str(name);
}

static kd_live_stream *rig_ask(live_rig *r, const kd_bytes *items, uint32_t n, bool members, const char *last)
{
    static const kd_seen nothing;
    const kd_live_request rq = {.items = items,
                                .count = n,
                                .members = members,
                                .user = kd_bytes_str("ada"),
                                .seen = &nothing,
                                .last = last ? kd_bytes_str(last) : (kd_bytes){0}};
    return kd_live_open(r->l, &rq, NULL);
}

static void rig_begin(live_rig *r, kd_live_stream *s, uint32_t n)
{
    const kd_view zero = {.known = true, .told = 1};
    for (uint32_t i = 0; i < n; i++)
        kd_live_put(r->l, s, i, &(kd_live_found){.view = &zero, .at_us = r->now_us, .shard = i % 2});
    kd_live_begin(r->l, s, r->now_us);
}

static kd_live_stream *rig_stream(live_rig *r, const char *one, const char *two)
{
    const kd_bytes items[] = {kd_bytes_str(one), kd_bytes_str(two ? two : "")};
    kd_live_stream *s = rig_ask(r, items, two ? 2 : 1, false, NULL);
    rig_begin(r, s, two ? 2 : 1);
    return s;
}

static void rig_tell(live_rig *r, const char *item, uint64_t count, const uint64_t *acted, uint32_t n)
{
    const kd_view view = {.known = true, .told = 1, .count = {count}};
    r->now_us += SECOND;
    kd_live_changed(
        r->l,
        &(kd_live_change){
            .item = rig_name(item), .view = &view, .at_us = r->now_us, .acted = acted, .acted_count = n});
    kd_live_heard(r->l, 0, r->now_us);
    kd_live_heard(r->l, 1, r->now_us);
}

/* What the stream is sent next, as text; "" when it has nothing. */
static const char *rig_next(live_rig *r, kd_live_stream *s)
{
    kd_buf_clear(&r->out);
    kd_live_next(r->l, s, r->now_us, &r->out);
    kd_buf_put_u8(&r->out, 0);
    return (const char *)r->out.data;
}

static bool rig_says(live_rig *r, kd_live_stream *s, const char *part)
{
    return strstr(rig_next(r, s), part) != NULL;
}

/* Otherwise who opens a stream, opens another one of the same items and ends the first would have them for nothing, again and again. */
Test(live, an_item_counts_for_another_stream_when_the_first_one_ends)
{
    live_rig r = rig_open();
    size_t bytes = 0;
    kd_live_stream *first = rig_stream(&r, "a", "b"), *alone = rig_stream(&r, "c", NULL);
    kd_live_stream *second = rig_stream(&r, "a", "b"), *third = rig_stream(&r, "b", NULL);
    size_t of_second = kd_live_size(second);
    cr_expect_eq(kd_live_size(first), of_second + 2 * KD_LIVE_ITEM_BYTES);
    kd_live_close(r.l, alone);
    cr_expect_null(kd_live_grown(r.l, &bytes), "nobody shows its item");
    kd_live_close(r.l, first);
    size_t grown = 0;
    while (kd_live_grown(r.l, &bytes)) grown += bytes;
    cr_expect_eq(grown, 2 * KD_LIVE_ITEM_BYTES);
    kd_live_close(r.l, third);
    if (kd_live_grown(r.l, &bytes) == second) grown += bytes;
    cr_expect_eq(kd_live_size(second), of_second + 2 * KD_LIVE_ITEM_BYTES);
    kd_live_close(r.l, second);
    cr_expect_null(kd_live_grown(r.l, &bytes));
    rig_close(&r);
}

/* What ended before it begins is in its size, which its shell asks for then. */
Test(live, what_a_stream_takes_over_before_it_begins_is_told_once)
{
    live_rig r = rig_open();
    size_t bytes;
    const kd_bytes item = kd_bytes_str("a");
    kd_live_stream *first = rig_stream(&r, "a", NULL), *second = rig_ask(&r, &item, 1, false, NULL);
    size_t before = kd_live_size(second);
    kd_live_close(r.l, first);
    cr_expect_eq(kd_live_size(second), before + KD_LIVE_ITEM_BYTES);
    rig_begin(&r, second, 1);
    cr_expect_null(kd_live_grown(r.l, &bytes));
    kd_live_close(r.l, second);
    rig_close(&r);
}

Test(live, a_stream_begins_with_its_state_and_then_waits)
{
    live_rig r = rig_open();
    kd_live_stream *s = rig_stream(&r, "a", "b");
    cr_assert_eq(kd_live_ready(r.l), s);
    const char *first = rig_next(&r, s);
    cr_assert(strstr(first, "retry: 2000\n\nevent: state\nid: 00000007.") == first, "%s", first);
    cr_assert(strstr(first, "\ndata: {\"items\":[{a=0},{b=0}]}\n\n"), "%s", first);
    cr_assert_str_eq(rig_next(&r, s), "");
    cr_assert_null(kd_live_ready(r.l));
    kd_live_close(r.l, s);
    rig_close(&r);
}

Test(live, what_was_not_taken_is_replaced_by_the_newest)
{
    live_rig r = rig_open();
    kd_live_stream *s = rig_stream(&r, "a", "b");
    rig_next(&r, s);
    rig_next(&r, s);
    while (kd_live_ready(r.l)) continue;
    rig_next(&r, s);
    for (uint64_t n = 1; n <= 5; n++) rig_tell(&r, "a", n, NULL, 0);
    cr_assert_eq(kd_live_ready(r.l), s);
    cr_assert_null(kd_live_ready(r.l), "it is given once");
    cr_assert(rig_says(&r, s, "event: change"));
    cr_assert(strstr((const char *)r.out.data, "[{a=5}]"));
    cr_assert_str_eq(rig_next(&r, s), "");
    cr_assert_eq(kd_live_get_stats(r.l).skipped, 4);
    kd_live_close(r.l, s);
    rig_close(&r);
}

Test(live, many_items_are_told_in_events_of_a_bounded_size)
{
    char names[KD_BULK_ITEMS_MAX][130];
    kd_bytes items[KD_BULK_ITEMS_MAX];
    live_rig r = rig_open();
    for (uint32_t i = 0; i < KD_COUNT(items); i++) {
        int len = snprintf(names[i], sizeof names[i], "%0128u", i);
        items[i] = kd_bytes_of(names[i], (size_t)len);
    }
    kd_live_stream *s = rig_ask(&r, items, KD_COUNT(items), false, NULL);
    rig_begin(&r, s, KD_COUNT(items));
    uint32_t events = 0;
    for (; *rig_next(&r, s) != 0; events++) {
        cr_assert(strstr((const char *)r.out.data, "event: state"));
        cr_assert_lt(r.out.len, KD_LIVE_EVENT_BYTES + 512);
    }
    cr_assert_eq(events, 4);
    kd_live_close(r.l, s);
    rig_close(&r);
}

Test(live, an_item_waits_for_the_answer_whether_its_user_likes_it)
{
    const kd_bytes items[] = {kd_bytes_str("a"), kd_bytes_str("b")};
    const uint64_t ada = kd_hash(kd_bytes_str("ada"));
    live_rig r = rig_open();
    kd_live_look look;
    kd_live_stream *s = rig_ask(&r, items, 2, true, NULL);
    rig_begin(&r, s, 2);
    cr_assert(rig_says(&r, s, "[{a=0,\"liked\":false},{b=0,\"liked\":false}]"));
    rig_next(&r, s);
    rig_tell(&r, "a", 1, &ada, 1);
    rig_tell(&r, "b", 1, (const uint64_t[]){ada - 1}, 1);
    cr_assert(kd_live_next_look(r.l, &look) && look.stream == s && look.at == 0);
    cr_assert_not(kd_live_next_look(r.l, &look), "nobody else has acted");
    cr_assert(rig_says(&r, s, "[{b=1,\"liked\":false}]"));
    cr_assert_str_eq(rig_next(&r, s), "");
    kd_live_looked(r.l, s, 0, 1);
    cr_assert_eq(kd_live_ready(r.l), s);
    cr_assert(rig_says(&r, s, "[{a=1,\"liked\":true}]"));
    kd_live_close(r.l, s);
    rig_close(&r);
}

Test(live, a_stream_that_was_closed_takes_answers_still)
{
    const kd_bytes items[] = {kd_bytes_str("a")};
    const uint64_t ada = kd_hash(kd_bytes_str("ada"));
    live_rig r = rig_open();
    kd_live_look looks[2];
    for (int i = 0; i < 2; i++) {
        kd_live_stream *s = rig_ask(&r, items, 1, true, NULL);
        rig_begin(&r, s, 1);
    }
    rig_tell(&r, "a", 1, &ada, 1);
    for (int i = 0; i < 2; i++) cr_assert(kd_live_next_look(r.l, &looks[i]));
    for (int i = 0; i < 2; i++) kd_live_close(r.l, looks[i].stream);
    kd_live_looked(r.l, looks[0].stream, looks[0].at, 1);
    rig_close(&r); /* the other answer never comes: the process ends */
}

static uint64_t id_known(live_rig *r, const char *item, bool members, const char *last)
{
    const kd_bytes items[] = {kd_bytes_str(item)};
    kd_live_stream *s = rig_ask(r, items, 1, members, last);
    uint64_t known_us = kd_live_known_us(s);
    kd_live_close(r->l, s);
    return known_us;
}

Test(live, an_id_tells_what_its_client_knows_of_these_items_and_nothing_else)
{
    char id[64] = "";
    live_rig r = rig_open();
    kd_live_stream *s = rig_stream(&r, "a", NULL);
    rig_next(&r, s);
    rig_tell(&r, "a", 1, NULL, 0);
    cr_assert_eq(sscanf(strstr(rig_next(&r, s), "id: "), "id: %63[0-9a-z.]", id), 1);
    cr_assert_eq(id_known(&r, "a", false, id), r.now_us);
    cr_assert_eq(id_known(&r, "b", false, id), 0, "another list");
    cr_assert_eq(id_known(&r, "a", true, id), 0, "what the user likes is not told by it");
    cr_assert_eq(id_known(&r, "a", false, NULL), 0);
    id[7]++;
    cr_assert_eq(id_known(&r, "a", false, id), 0, "another process");
    for (size_t len = strlen(id); len > 0; len--) {
        id[len - 1] = 0;
        id_known(&r, "a", false, id);
    }
    kd_live_close(r.l, s);
    rig_close(&r);
}

Test(live, who_knows_everything_gets_an_empty_state)
{
    const kd_bytes items[] = {kd_bytes_str("a")};
    const kd_view zero = {.known = true, .told = 1};
    live_rig r = rig_open();
    kd_live_stream *s = rig_ask(&r, items, 1, false, NULL);
    kd_live_put(r.l, s, 0, &(kd_live_found){.view = &zero, .at_us = START, .unchanged = true});
    kd_live_begin(r.l, s, START);
    cr_assert(rig_says(&r, s, "event: state"));
    cr_assert(strstr((const char *)r.out.data, "{\"items\":[]}"));
    cr_assert_str_eq(rig_next(&r, s), "");
    kd_live_close(r.l, s);
    rig_close(&r);
}

Test(live, silence_is_broken_by_a_comment)
{
    live_rig r = rig_open();
    kd_live_stream *s = rig_stream(&r, "a", NULL);
    rig_next(&r, s);
    while (kd_live_ready(r.l)) continue;
    rig_next(&r, s);
    kd_live_tick(r.l, START + KD_LIVE_BEAT_US - 1);
    cr_assert_null(kd_live_ready(r.l));
    kd_live_tick(r.l, START + KD_LIVE_BEAT_US);
    cr_assert_eq(kd_live_ready(r.l), s);
    cr_assert_str_eq(rig_next(&r, s), ": beat\n\n");
    cr_assert_str_eq(rig_next(&r, s), "");
    kd_live_close(r.l, s);
    rig_close(&r);
}

Test(live, a_drain_says_goodbye_to_all_and_to_those_that_begin_later)
{
    live_rig r = rig_open();
    kd_live_stream *s = rig_stream(&r, "a", NULL);
    rig_next(&r, s);
    kd_live_drain(r.l);
    kd_live_stream *late = rig_stream(&r, "a", NULL);
    kd_buf_clear(&r.out);
    cr_assert_not(kd_live_next(r.l, s, START, &r.out));
    cr_assert_eq(r.out.len, strlen("event: bye\ndata: {}\n\n"));
    cr_assert_not(kd_live_next(r.l, late, START, &r.out));
    kd_live_close(r.l, s);
    kd_live_close(r.l, late);
    rig_close(&r);
}

Test(live, an_item_that_nobody_shows_is_dropped_once)
{
    kd_item item;
    live_rig r = rig_open();
    kd_live_stream *one = rig_stream(&r, "a", "b"), *two = rig_stream(&r, "a", NULL);
    kd_live_close(r.l, one);
    cr_assert(kd_live_dropped(r.l, &item) && kd_bytes_eq(kd_item_key(&item), kd_bytes_str("b")));
    cr_assert_not(kd_live_dropped(r.l, &item));
    kd_live_close(r.l, two);
    two = rig_stream(&r, "a", NULL);
    cr_assert_not(kd_live_any_dropped(r.l), "it is shown again");
    kd_live_close(r.l, two);
    rig_close(&r);
}

Test(live, a_stream_takes_leave_when_its_token_has_expired)
{
    live_rig r = rig_open();
    const kd_bytes items[] = {kd_bytes_str("posts/1")};
    const kd_live_request rq = {.items = items, .count = 1, .until_us = START + 3 * SECOND};
    kd_live_stream *s = kd_live_open(r.l, &rq, NULL);
    rig_begin(&r, s, 1);
    kd_live_ready(r.l);
    cr_assert_not_null(strstr(rig_next(&r, s), "event: state"));
    cr_assert_str_empty(rig_next(&r, s));
    rig_tell(&r, "posts/1", 1, NULL, 0);
    cr_assert_not_null(strstr(rig_next(&r, s), "event: change"));
    r.now_us = START + 4 * SECOND;
    kd_buf_clear(&r.out);
    cr_expect_not(kd_live_next(r.l, s, r.now_us, &r.out));
    cr_expect_not_null(strstr((char *)r.out.data, "event: bye"));
    kd_live_close(r.l, s);
    rig_close(&r);
}
