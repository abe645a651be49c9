/* Watched items: nothing of what a reader is shown changes without being told. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/lib/edge_rig.h"

enum { ITEMS = 6, USERS = 5, STEPS = 20000, WATCHER = 3 };

typedef struct {
    edge_rig r;
    uint64_t now_us, version;
    kd_view told[ITEMS];
    uint64_t random;
} watch_rig;

static void wr_watch(watch_rig *w, uint32_t item, bool members)
{
    const kd_watch_request rq = {.item = rig_item(item), .watcher = WATCHER, .members = members, .client = 1};
    kd_edge_watch(w->r.e, &rq, ++w->now_us);
}

static void wr_show(watch_rig *w, uint32_t item)
{
    kd_edge_view(w->r.e, rig_item(item), &w->told[item]);
    kd_edge_watch_shown(w->r.e, rig_item(item), &w->told[item], ++w->now_us);
}

static void wr_open(watch_rig *w)
{
    *w = (watch_rig){.random = 1, .version = 1};
    er_init(&w->r);
    w->r.config.items_max = 1000;
    cr_assert_eq(er_open(&w->r), KD_OK);
    er_snapshot(&w->r, &(er_word){.epoch = 1, .version = 1});
    for (uint32_t i = 0; i < ITEMS; i++) wr_watch(w, i, true), wr_show(w, i);
}

/* Takes all that changed; returns how many were told. */
static uint32_t wr_take(watch_rig *w)
{
    kd_watch_news news;
    uint32_t n = 0;
    for (; kd_edge_watch_next(w->r.e, ++w->now_us, &news) == KD_OK; n++)
        for (uint32_t i = 0; i < ITEMS; i++)
            if (kd_bytes_eq(rig_item(i), news.item)) w->told[i] = news.view;
    return n;
}

static bool same(const kd_view *a, const kd_view *b)
{
    return a->told == b->told && memcmp(a->count, b->count, sizeof a->count) == 0 &&
           memcmp(a->pending, b->pending, sizeof a->pending) == 0;
}

/* The checker: what was told last is what a read shows. */
static void wr_check(watch_rig *w, uint32_t step)
{
    for (uint32_t i = 0; i < ITEMS; i++) {
        kd_view now;
        kd_edge_view(w->r.e, rig_item(i), &now);
        cr_assert(same(&now, &w->told[i]), "step %u: item %u is shown otherwise than it was told", step, i);
    }
}

static void wr_step(watch_rig *w)
{
    uint64_t roll = kd_random_next(&w->random);
    uint32_t item = (uint32_t)(roll >> 8) % ITEMS, user = 1 + (uint32_t)(roll >> 16) % USERS;
    switch (roll % 16) {
    case 0:
        w->version++;
        er_snapshot(&w->r, &(er_word){.epoch = 1, .version = w->version, .item = item, .likes = roll >> 60});
        break;
    case 1: /* a gap */
        w->version += 2;
        er_snapshot(&w->r, &(er_word){.epoch = 1, .version = w->version, .previous = w->version - 1});
        break;
    case 2:
        er_read(&w->r, &(er_word){.epoch = 1, .version = w->version, .item = item, .likes = roll >> 58});
        break;
    case 3:
        er_settle(&w->r);
        break;
    case 4:
        er_unlike(&w->r, item, user);
        break;
    case 5:
        er_view_add(&w->r, item, 1 + user);
        break;
    case 6:
        wr_show(w, item); /* a stream begins in between */
        break;
    default:
        er_like(&w->r, item, user);
    }
}

Test(edge_watch, whatever_is_shown_otherwise_is_told)
{
    watch_rig w;
    wr_open(&w);
    for (uint32_t i = 0; i < STEPS; i++) {
        wr_step(&w);
        if (kd_random_next(&w.random) % 3 > 0) continue;
        wr_take(&w);
        wr_check(&w, i);
    }
    er_finish(&w.r);
}

Test(edge_watch, what_was_undone_in_between_is_not_told_unless_somebody_saw_it)
{
    watch_rig w;
    wr_open(&w);
    wr_take(&w);
    cr_assert_eq(er_like(&w.r, 1, 1), KD_OK);
    wr_take(&w);
    cr_assert_not(kd_edge_watch_changed(w.r.e));
    cr_assert_eq(er_view_add(&w.r, 2, 1), KD_OK);
    wr_show(&w, 2);
    cr_assert_eq(wr_take(&w), 1, "others were not shown it");
    er_finish(&w.r);
}

Test(edge_watch, who_acted_is_told_also_where_no_number_changes)
{
    watch_rig w;
    kd_watch_news news;
    wr_open(&w);
    er_like(&w.r, 1, 4);
    wr_take(&w);
    er_like(&w.r, 1, 4);
    cr_assert_eq(kd_edge_watch_next(w.r.e, ++w.now_us, &news), KD_OK);
    cr_assert(news.acted_count == 1 && !news.all_acted && news.members == 1ull << WATCHER);
    for (uint32_t user = 10; user < 10 + 5000; user++) cr_assert_eq(er_like(&w.r, 1, user), KD_OK);
    cr_assert_eq(kd_edge_watch_next(w.r.e, ++w.now_us, &news), KD_OK);
    cr_assert_eq(news.acted_count, 4096);
    cr_assert(news.all_acted);
    er_finish(&w.r);
}

Test(edge_watch, a_watch_lingers_for_a_minute_and_tells_meanwhile_what_is_unchanged)
{
    watch_rig w;
    wr_open(&w);
    er_read(&w.r, &(er_word){.epoch = 1, .version = 1, .item = 1, .likes = 3});
    wr_take(&w);
    uint64_t known_us = ++w.now_us;
    cr_assert(kd_edge_watch_unchanged(w.r.e, rig_item(1), known_us));
    kd_edge_unwatch(w.r.e, rig_item(1), WATCHER, ++w.now_us);
    kd_edge_watch_tick(w.r.e, w.now_us + 59000000);
    cr_assert(kd_edge_watch_unchanged(w.r.e, rig_item(1), known_us));
    er_like(&w.r, 1, 1);
    cr_assert_not(kd_edge_watch_unchanged(w.r.e, rig_item(1), known_us));
    wr_take(&w);
    cr_assert_not(kd_edge_watch_unchanged(w.r.e, rig_item(1), known_us));
    cr_assert(kd_edge_watch_unchanged(w.r.e, rig_item(1), w.now_us));
    kd_edge_watch_tick(w.r.e, w.now_us + 60000000);
    cr_assert_not(kd_edge_watch_unchanged(w.r.e, rig_item(1), w.now_us));
    er_finish(&w.r);
}

Test(edge_watch, what_is_not_fresh_is_asked_about_every_five_seconds)
{
    watch_rig w;
    kd_bytes item;
    uint64_t client, again = 0;
    wr_open(&w);
    while (kd_edge_watch_stale(w.r.e, w.now_us + 5000000, &item, &client)) cr_assert_leq(++again, ITEMS);
    cr_assert_eq(again, ITEMS);
    for (uint32_t i = 0; i < ITEMS; i++)
        er_read(&w.r, &(er_word){.epoch = 1, .version = 1, .item = i, .likes = i});
    wr_take(&w);
    cr_assert_not(kd_edge_watch_stale(w.r.e, w.now_us + 100000000, &item, &client));
    er_finish(&w.r);
}

Test(edge_watch, a_watched_item_that_people_like_is_not_evicted)
{
    watch_rig w;
    wr_open(&w);
    er_read(&w.r, &(er_word){.epoch = 1, .version = 1, .item = 1, .likes = 3});
    for (uint32_t i = 0; i < 5000; i++)
        er_read(&w.r, &(er_word){.epoch = 1, .version = 1, .item = 100 + i, .likes = 1});
    kd_view view;
    cr_assert_eq(kd_edge_view(w.r.e, rig_item(1), &view), KD_OK);
    cr_assert_eq(view.count[ER_LIKE], 3);
    er_finish(&w.r);
}
