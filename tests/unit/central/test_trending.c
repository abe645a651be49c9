/* What is trending: velocities against an oracle that keeps every row, over restarts, other cuts into commits, and the real log. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

#include "central/core/state.h"
#include "central/core/trend_rows.h"
#include "sim/replay/replay_log.h"
#include "tests/lib/central_rig.h"

enum { MINUTE = 60, OPS = 400, ITEMS = 3000, USERS = 60 };
static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2, second = 1000000;
static const uint64_t windows[] = {60, 600, 3600, 86400};
static const char *const all[] = {"*"}, *const none[] = {"save"};

static rig r, other;
static rig_edge a, b;

static void begin(rig *x, const char *const *trending)
{
    rig_init(x);
    kd_central_close(x->c);
    sim_disk_destroy(x->disk);
    x->disk = sim_disk_create();
    x->c = NULL;
    x->config.trending = trending;
    x->config.trending_count = 1;
    KD_ASSERT(rig_reopen(x) == KD_OK);
    rig_commit(x);
}

static void set_up(void)
{
    begin(&r, all);
    a = (rig_edge){.name = "edge-a", .region = "eu"};
    b = (rig_edge){.name = "edge-b", .region = "us"};
}

static void tear_down(void)
{
    rig_finish(&r);
}

TestSuite(trending, .init = set_up, .fini = tear_down);

static int ask(rig *x, uint64_t window_s, uint64_t now_us, kd_trending *out)
{
    const kd_trending_query q = {.counter = RIG_LIKE,
                                 .collection = kd_bytes_str("posts"),
                                 .window_us = window_s * second,
                                 .now_us = now_us,
                                 .limit = KD_TRENDING_ITEMS_MAX};
    return kd_central_trending(x->c, &q, out);
}

static int ask_items(rig *x, uint64_t window_s, uint64_t now_us, const kd_bytes *ids, uint32_t count,
                     kd_velocity *found)
{
    const kd_trending_query q = {.counter = RIG_LIKE,
                                 .collection = kd_bytes_str("posts"),
                                 .window_us = window_s * second,
                                 .now_us = now_us};
    return kd_central_velocities(x->c, &q, ids, count, found);
}

/* The answer as "item least-most, ...". */
static const char *shown(uint64_t window_s, uint64_t now_us)
{
    static char text[1024];
    kd_trending t;
    size_t len = 0;
    cr_assert_eq(ask(&r, window_s, now_us, &t), KD_OK);
    text[0] = '\0';
    for (uint32_t i = 0; i < t.count; i++) {
        char item[KD_ITEM_KEY_MAX];
        kd_key_text(kd_item_key(&t.at[i].item), item);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s %lu-%lu", i ? ", " : "", item,
                                t.at[i].least, t.at[i].most);
    }
    return text;
}

static void op(rig_edge *e, uint32_t item, uint32_t user, uint64_t time_us, bool liked)
{
    cr_assert_eq(rig_one(&r, e, (rig_op){item, user, time_us, RIG_LIKE, liked}), KD_FED_MERGED);
}

Test(trending, counts_each_user_once_at_the_last_like)
{
    op(&a, 1, 1, noon, true);
    op(&a, 1, 1, noon + 200 * second, true);
    op(&b, 1, 1, noon + 100 * second, true);
    op(&a, 2, 1, noon + 200 * second, true);
    op(&a, 2, 2, noon + 201 * second, true);
    rig_commit(&r);
    cr_assert_str_eq(shown(60, noon + 210 * second), "posts/2 2-2, posts/1 1-1");
    cr_assert_str_eq(shown(600, noon + 210 * second), "posts/2 2-2, posts/1 1-1", "not the like at noon");
}

Test(trending, an_unlike_takes_back_the_like_of_the_window_and_nothing_else)
{
    op(&a, 1, 1, noon, true);
    op(&a, 1, 2, noon + 1000 * second, true);
    rig_commit(&r);
    op(&a, 1, 1, noon + 1001 * second, false);
    op(&a, 2, 7, noon + 1001 * second, false);
    rig_commit(&r);
    cr_assert_str_eq(shown(60, noon + 1002 * second), "posts/1 1-1");
    op(&b, 1, 2, noon + 1003 * second, false);
    rig_commit(&r);
    cr_assert_str_eq(shown(60, noon + 1004 * second), "");
    cr_assert_str_eq(shown(3600, noon + 1004 * second), "");
}

Test(trending, likes_leave_each_window_by_the_clock_of_the_read)
{
    op(&a, 1, 1, noon, true);
    rig_commit(&r);
    for (size_t i = 0; i < KD_COUNT(windows); i++) {
        cr_assert_str_eq(shown(windows[i], noon + windows[i] * second - 1), "posts/1 1-1");
        cr_assert_str_eq(shown(windows[i], noon + windows[i] * second + 3600 * second), "");
    }
    op(&a, 2, 1, noon + 80 * 3600 * second, true); /* all that is older leaves the state, too */
    rig_commit(&r);
    cr_assert_str_eq(shown(86400, noon + 80 * 3600 * second), "posts/2 1-1");
    cr_assert_eq(r.c->trend.series[0]->count, 1u);
}

Test(trending, a_clock_that_is_days_ahead_makes_the_present_coarse_and_drops_nothing)
{
    kd_trending t;
    op(&a, 1, 1, noon, true);
    op(&b, 2, 1, noon + 2 * RIG_DAY, true);
    op(&a, 1, 2, noon + second, true);
    rig_commit(&r);
    cr_assert_str_eq(shown(60, noon + second), "posts/1 2-2, posts/2 1-1");
    cr_assert_eq(ask(&r, 60, noon + second, &t), KD_OK);
    cr_assert(t.complete && t.since_us + 3661 * second > noon);
    cr_assert_eq(ask(&r, 86400, noon - 3 * RIG_DAY, &t), KD_OK);
    cr_assert_not(t.complete, "what lies behind the last step is not known");
}

Test(trending, a_counter_that_is_not_kept_is_told_apart_from_one_without_likes)
{
    kd_trending t;
    cr_assert_eq(ask(&r, 60, noon, &t), KD_OK);
    cr_assert(t.count == 0 && t.missing == 0 && t.complete);
    begin(&other, none);
    cr_assert_eq(ask(&other, 60, noon, &t), KD_ENOTFOUND);
    rig_finish(&other);
}

Test(trending, an_item_that_is_named_has_its_velocity_and_none_of_a_counter_that_is_not_kept)
{
    const kd_bytes ids[] = {kd_bytes_str("1"), kd_bytes_str("never-liked"), kd_bytes_str("2")};
    kd_velocity found[3];
    op(&a, 1, 1, noon, true);
    op(&a, 1, 2, noon + second, true);
    op(&a, 2, 2, noon + second, true);
    op(&b, 2, 2, noon + 2 * second, false);
    rig_commit(&r);
    cr_assert_eq(ask_items(&r, 60, noon + 3 * second, ids, 3, found), KD_OK);
    cr_assert(found[0].known && found[0].least == 2 && found[0].most == 2);
    cr_assert(found[1].known && found[1].least == 0 && found[1].most == 0);
    cr_assert(found[2].known && found[2].least == 0 && found[2].most == 0);
    begin(&other, none);
    cr_assert_eq(ask_items(&other, 60, noon, ids, 3, found), KD_ENOTFOUND);
    cr_assert_not(found[0].known || found[1].known || found[2].known);
    rig_finish(&other);
}

Test(trending, no_bound_is_told_of_a_named_item_before_velocities_were_kept_for_the_window)
{
    const kd_bytes id = kd_bytes_str("1");
    kd_velocity found;
    op(&a, 1, 1, noon, true);
    rig_commit(&r);
    r.config.trending_count = 0;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    op(&a, 1, 2, noon + second, true);
    rig_commit(&r);
    r.config.trending_count = 1;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    op(&a, 1, 3, noon + 20 * second, true);
    rig_commit(&r);
    cr_assert_eq(ask_items(&r, 600, noon + 30 * second, &id, 1, &found), KD_OK);
    cr_assert(found.known && found.least <= 1 && found.most == KD_VELOCITY_UNBOUNDED);
}

Test(trending, a_changed_configuration_begins_anew_and_says_so)
{
    kd_trending t;
    op(&a, 1, 1, noon, true);
    rig_commit(&r);
    r.config.trending_count = 0;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    op(&a, 1, 2, noon + second, true);
    rig_commit(&r);
    r.config.trending_count = 1;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    op(&a, 1, 3, noon + 10 * second, true);
    op(&a, 1, 4, noon + 20 * second, true);
    rig_commit(&r);
    cr_assert_eq(ask(&r, 60, noon + 30 * second, &t), KD_OK);
    cr_assert_not(t.complete);
    cr_assert_eq(ask(&r, 60, noon + 100 * second, &t), KD_OK);
    cr_assert(t.complete);
    cr_assert_str_eq(shown(60, noon + 30 * second), "posts/1 1-1", "what is stamped after the beginning");
}

/* ---- many operations ---- */

typedef struct {
    uint64_t time_us;
    char edge; /* 'a' or 'b' */
    bool liked;
} cell;

static cell rows[ITEMS][USERS];
static uint64_t chance;

static void oracle_put(const rig_op *o, char edge)
{
    cell *c = &rows[o->item][o->user];
    if (o->time_us > c->time_us || (o->time_us == c->time_us && edge > c->edge))
        *c = (cell){o->time_us, edge, o->liked};
}

static uint64_t oracle_velocity(uint32_t item, uint64_t since_us)
{
    uint64_t n = 0;
    for (uint32_t u = 0; u < USERS; u++) n += rows[item][u].liked && rows[item][u].time_us >= since_us;
    return n;
}

static uint32_t draw(uint32_t n)
{
    return (uint32_t)(kd_random_next(&chance) % n);
}

/* Few items get most likes. Some operations are late, some hit the same row again within the batch's commit. */
static rig_op draw_op(uint64_t now_us)
{
    uint64_t late = draw(10) == 0 ? draw(7200) * second : draw(20) * second;
    uint32_t item = draw(3) ? draw(40) : draw(ITEMS);
    return (rig_op){item, draw(USERS), now_us - late + draw(1000), RIG_LIKE, draw(4) != 0};
}

/* A batch holds a row once. */
static uint32_t draw_ops(uint64_t now_us, rig_op ops[OPS])
{
    uint32_t n = 0, wanted = 1 + draw(OPS);
    for (uint32_t i = 0; i < wanted; i++) {
        rig_op o = draw_op(now_us);
        bool held = false;
        for (uint32_t j = 0; j < n && !held; j++) held = ops[j].item == o.item && ops[j].user == o.user;
        if (!held) ops[n++] = o;
    }
    return n;
}

/* The velocities of the items that get most likes, and of as many that get few, asked for by name. */
static void check_velocities(rig *x, uint64_t window_s, uint64_t now_us, uint64_t since_us)
{
    enum { EACH = KD_BULK_ITEMS_MAX };
    char text[EACH][16];
    kd_bytes ids[EACH];
    kd_velocity found[EACH];
    for (uint32_t first = 0; first < ITEMS; first += ITEMS - EACH) {
        for (uint32_t i = 0; i < EACH; i++) {
            snprintf(text[i], sizeof text[i], "%u", first + i);
            ids[i] = kd_bytes_str(text[i]);
        }
        cr_assert_eq(ask_items(x, window_s, now_us, ids, EACH, found), KD_OK);
        for (uint32_t i = 0; i < EACH; i++) {
            uint64_t is = oracle_velocity(first + i, since_us);
            cr_assert(found[i].known && found[i].least <= is && is <= found[i].most,
                      "posts/%u has %lu, not %lu to %lu", first + i, is, found[i].least, found[i].most);
        }
    }
}

static void check_answer(rig *x, uint64_t window_s, uint64_t now_us)
{
    static kd_trending t;
    bool listed[ITEMS] = {false};
    cr_assert_eq(ask(x, window_s, now_us, &t), KD_OK);
    for (uint32_t i = 0; i < t.count; i++) {
        char text[KD_ITEM_KEY_MAX];
        kd_key_text(kd_item_key(&t.at[i].item), text);
        uint32_t item = (uint32_t)atoi(text + 6);
        uint64_t is = oracle_velocity(item, t.since_us);
        cr_assert(t.at[i].least <= is && is <= t.at[i].most, "%s: %lu not in %lu-%lu", text, is,
                  t.at[i].least, t.at[i].most);
        listed[item] = true;
    }
    uint64_t likes = 0;
    for (uint32_t i = 0; i < ITEMS; i++) {
        uint64_t is = oracle_velocity(i, t.since_us);
        likes += is;
        cr_assert(listed[i] || is <= t.missing, "posts/%u is not listed and has %lu > %lu", i, is, t.missing);
    }
    cr_assert(t.complete && (likes == 0 || t.count > 0));
    check_velocities(x, window_s, now_us, t.since_us);
}

static void feed_both(rig_edge *e, uint64_t now_us)
{
    static rig_op ops[OPS];
    kd_buf record = {0};
    uint32_t n = draw_ops(now_us, ops);
    rig_seal(e, ops, n, NULL, 0, 1, &record);
    for (uint32_t i = 0; i < n; i++) oracle_put(&ops[i], e == &a ? 'a' : 'b');
    cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_MERGED);
    cr_assert_eq(rig_feed(&other, kd_buf_view(&record)), KD_FED_MERGED);
    kd_buf_finish(&record);
}

static void restart(rig *x)
{
    uint64_t before = kd_trend_digest(x->c);
    cr_assert_eq(rig_reopen(x), KD_OK);
    cr_assert_eq(kd_trend_digest(x->c), before, "a restart has the state that was written");
}

Test(trending, any_cut_into_commits_and_any_restart_gives_the_same_state_within_its_bounds)
{
    uint64_t now_us = noon;
    chance = 5;
    begin(&other, all);
    for (uint32_t i = 0; i < 400; i++) {
        now_us += draw(20) == 0 ? draw(3 * 3600) * second : draw(60) * second;
        feed_both(draw(2) ? &a : &b, now_us);
        rig_commit(&r);
        if (draw(10) == 0) restart(&r);
        if (draw(6)) continue;
        rig_commit(&other);
        cr_assert_eq(kd_trend_digest(r.c), kd_trend_digest(other.c), "after %u batches", i);
        if (draw(4) == 0)
            for (size_t w = 0; w < KD_COUNT(windows); w++) check_answer(&other, windows[w], now_us);
    }
    rig_finish(&other);
}

Test(trending, a_commit_that_was_not_written_is_not_in_the_answer)
{
    op(&a, 1, 1, noon, true);
    rig_commit(&r);
    uint64_t before = kd_trend_digest(r.c);
    const kd_writes *writes;
    uint64_t version;
    op(&a, 1, 2, noon, true);
    cr_assert_eq(kd_central_commit_begin(r.c, &writes, &version), KD_OK);
    cr_assert_str_eq(shown(60, noon), "posts/1 1-1");
    cr_assert_eq(rig_reopen(&r), KD_OK);
    cr_assert_eq(kd_trend_digest(r.c), before);
}

Test(trending, a_damaged_row_is_an_error_and_never_no_likes)
{
    kd_writes w = {0};
    kd_buf key = {0};
    kd_trending t;
    uint64_t start_us = noon;
    op(&a, 1, 1, noon, true);
    rig_commit(&r);
    kd_writes_put(&w, kd_trend_key(&key, RIG_LIKE, kd_bytes_str("posts"), &start_us), kd_bytes_str("?"));
    sim_disk_apply(r.disk, &w);
    cr_assert_eq(ask(&r, 60, noon, &t), KD_EIO);
    cr_assert_eq(rig_reopen(&r), KD_EMALFORMED);
    kd_writes_finish(&w);
    kd_buf_finish(&key);
}

/* What may be missing grows with the likes of the window, and not above one in KD_SUMMARY_ITEMS of them. */
Test(trending, what_is_missing_is_at_most_the_likes_divided_by_the_items_held)
{
    uint64_t added = 0;
    kd_summary s = {0}, more = {0};
    chance = 9;
    for (uint32_t i = 0; i < 200000; i++) {
        char id[16];
        snprintf(id, sizeof id, "%u", draw(2) ? draw(50) : draw(5000));
        kd_bytes name = kd_bytes_str(id);
        if (draw(4) == 0)
            kd_summary_take(&s, name, kd_summary_tag(name));
        else
            kd_summary_add(draw(2) ? &s : &more, name, kd_summary_tag(name)), added++;
        if (i % 5000 == 0) kd_summary_merge(&s, &more);
    }
    cr_assert_gt(s.missed, 0u);
    cr_assert_leq(s.missed + more.missed, added / KD_SUMMARY_ITEMS);
    kd_summary_finish(&s);
    kd_summary_finish(&more);
}

/* ---- the real log ---- */

typedef struct {
    uint64_t *liked_us; /* of (item, user), in a table of open places */
    uint64_t *pair;
    size_t places;
    uint32_t *velocity; /* by item */
} exact;

static size_t exact_place(const exact *x, uint64_t pair)
{
    size_t at = (pair * 0x9e3779b97f4a7c15u) % x->places;
    while (x->pair[at] && x->pair[at] != pair) at = (at + 1) % x->places;
    return at;
}

static void exact_velocities(exact *x, uint64_t since_us, uint32_t items)
{
    memset(x->velocity, 0, items * sizeof *x->velocity);
    for (size_t i = 0; i < x->places; i++)
        if (x->pair[i] && x->liked_us[i] >= since_us && x->liked_us[i])
            x->velocity[(uint32_t)(x->pair[i] >> 32) - 1]++;
}

static int descending(const void *left, const void *right)
{
    const uint32_t *p = left, *q = right;
    return *p < *q ? 1 : *p > *q ? -1 : 0;
}

/* How many of the answer's first ten have at least the velocity of the tenth of the exact list. */
static uint32_t recalled(const kd_trending *t, sim_replay_log *rl, const exact *x, uint32_t *of)
{
    uint32_t n = rl->items.count, right = 0;
    uint32_t *sorted = kd_alloc(n * sizeof *sorted);
    memcpy(sorted, x->velocity, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, descending);
    for (*of = 0; *of < 10 && sorted[*of] > 0;) ++*of;
    uint32_t least = *of ? sorted[*of - 1] : 1;
    free(sorted);
    for (uint32_t i = 0; i < t->count && i < *of; i++) {
        char text[KD_ITEM_KEY_MAX];
        kd_key_text(kd_item_key(&t->at[i].item), text);
        uint32_t item = sim_names_add(&rl->items, kd_bytes_str(text));
        uint64_t is = x->velocity[item];
        cr_assert(t->at[i].least <= is && is <= t->at[i].most, "%s: %lu not in %lu-%lu", text, is,
                  t->at[i].least, t->at[i].most);
        right += is >= least;
    }
    return right;
}

static void exact_put(exact *x, const sim_replay_event *e, uint64_t time_us)
{
    uint64_t pair = ((uint64_t)e->item + 1) << 32 | e->user;
    size_t at = exact_place(x, pair);
    x->pair[at] = pair;
    x->liked_us[at] = e->liked ? time_us : 0;
}

static void feed_event(sim_replay_log *rl, const sim_replay_event *e, uint64_t time_us)
{
    kd_item item;
    kd_buf record = {0};
    kd_op o = {.time_us = time_us, .counter = RIG_LIKE, .liked = e->liked};
    cr_assert_eq(kd_item_parse(&item, kd_bytes_str(sim_names_at(&rl->items, e->item))), KD_OK);
    o.item = kd_item_key(&item);
    o.user = kd_bytes_str(sim_names_at(&rl->users, e->user));
    rig_seal_body(&a, &(kd_body){.ops = &o, .op_count = 1}, 1, &record);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_MERGED);
    kd_buf_finish(&record);
}

static uint32_t asked, exactly;

/* Items of all the log, 50 in a question, as a feed asks. Returns how many are told exactly. */
static uint32_t judge_items(const exact *x, sim_replay_log *rl, uint64_t window_s, uint64_t now_us)
{
    enum { FEED = 50 };
    kd_bytes ids[FEED];
    kd_velocity found[FEED];
    uint32_t sure = 0;
    for (uint32_t first = 0; first < rl->items.count; first += 8 * FEED) {
        uint32_t n = KD_MIN((uint32_t)FEED, rl->items.count - first);
        for (uint32_t i = 0; i < n; i++)
            ids[i] = kd_bytes_str(strchr(sim_names_at(&rl->items, first + i), '/') + 1);
        cr_assert_eq(ask_items(&r, window_s, now_us, ids, n, found), KD_OK);
        for (uint32_t i = 0; i < n; i++) {
            uint64_t is = x->velocity[first + i];
            cr_assert(found[i].known && found[i].least <= is && is <= found[i].most, "%s: %lu not in %lu-%lu",
                      sim_names_at(&rl->items, first + i), is, found[i].least, found[i].most);
            sure += found[i].least == found[i].most;
            asked++;
        }
    }
    return sure;
}

static void judge_moment(exact *x, sim_replay_log *rl, uint64_t now_us, uint32_t *right, uint32_t *of)
{
    static kd_trending t;
    for (size_t w = 0; w < KD_COUNT(windows); w++) {
        uint32_t here;
        cr_assert_eq(ask(&r, windows[w], now_us, &t), KD_OK);
        exact_velocities(x, t.since_us, rl->items.count);
        *right += recalled(&t, rl, x, &here);
        exactly += judge_items(x, rl, windows[w], now_us);
        *of += here;
        uint64_t added = 0;
        for (uint32_t i = 0; i < rl->items.count; i++) added += x->velocity[i];
        if (t.count < KD_TRENDING_ITEMS_MAX) cr_assert_leq(t.missing, added / KD_SUMMARY_ITEMS + 1);
    }
}

Test(trending, of_the_real_log_nine_of_ten_of_the_exact_list_are_there_within_the_bounds)
{
    static sim_replay_log rl;
    static char error[KD_LINE_FILE_ERROR_MAX];
    uint32_t right = 0, of = 0;
    uint64_t time_us = 0;
    cr_assert_eq(sim_replay_log_load(&rl, "sim/data/polis.tsv.gz", "posts", error), KD_OK, "%s", error);
    exact x = {.places = 1 << 19};
    x.pair = kd_alloc(x.places * sizeof *x.pair);
    x.liked_us = kd_alloc(x.places * sizeof *x.liked_us);
    x.velocity = kd_alloc(rl.items.count * sizeof *x.velocity);
    for (uint32_t i = 0; i < rl.count; i++) {
        time_us = KD_MAX(time_us + 1, rl.events[i].at_ms * 1000); /* equal times keep their order */
        exact_put(&x, &rl.events[i], time_us);
        feed_event(&rl, &rl.events[i], time_us);
        if (i % 400 == 0) rig_commit(&r);
        if (i % 8000 == 7999) {
            rig_commit(&r);
            judge_moment(&x, &rl, time_us, &right, &of);
        }
    }
    cr_log_info("trending on the real log: %u of %u; of %u velocities asked for, %u exact", right, of, asked,
                exactly);
    cr_assert_geq(10 * right, 9 * of, "%u of %u", right, of);
    free(x.pair);
    free(x.liked_us);
    free(x.velocity);
    sim_replay_log_finish(&rl);
}
