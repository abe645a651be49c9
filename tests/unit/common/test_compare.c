/* test_compare.c - an edge's rows against central's: digests of ranges, verdicts on rows. */
#include <criterion/criterion.h>

#include "kudos/central_compare.h"
#include "kudos/edge_compare.h"
#include "tests/lib/edge_rig.h"

static edge_rig e;
static rig c;
static er_word word;
static const kd_bytes all = {0};

static void set_up(void)
{
    er_init(&e);
    rig_init(&c);
    word = (er_word){.epoch = 1};
}

static void tear_down(void)
{
    er_finish(&e);
    rig_finish(&c);
}

TestSuite(compare, .init = set_up, .fini = tear_down);

/* Ships the edge's open batch to central, merges it, and installs central's snapshot at the edge. */
static void merged(void)
{
    e.now_us += ER_SECOND;
    er_seal(&e);
    er_ship(&e);
    cr_assert_eq(rig_feed(&c, kd_buf_view(&e.record)), KD_FED_MERGED);
    rig_commit(&c);
    word.previous = word.version++;
    word.applied = e.batch.at;
    word.digest = e.batch.digest;
    word.watermark_us = word.low_us = e.batch.complete_to_us;
    er_snapshot(&e, &word);
    er_commit(&e);
}

static kd_compare_window window(void)
{
    kd_compare_window w;
    cr_assert_eq(kd_edge_compare_window(e.e, 0, &w), KD_OK);
    return w;
}

static kd_range_digest at_edge(kd_bytes from, kd_bytes to, uint32_t rows_max, kd_buf *next)
{
    kd_range_digest d;
    cr_assert_eq(kd_edge_compare_digest(e.e, 0, from, to, window(), rows_max, &d, next), KD_OK);
    return d;
}

static kd_range_digest at_central(kd_bytes from, kd_bytes to, uint32_t rows_max, kd_buf *next)
{
    kd_range_digest d;
    cr_assert_eq(kd_central_compare_digest(c.c, e.config.edge, from, to, window(), rows_max, &d, next),
                 KD_OK);
    return d;
}

static bool agree(void)
{
    kd_buf next = {0};
    bool same = kd_range_digest_eq(at_edge(all, all, 1000, &next), at_central(all, all, 1000, &next));
    cr_assert_eq(next.len, 0u);
    kd_buf_finish(&next);
    return same;
}

typedef struct {
    uint32_t of[KD_ROW_OTHER + 1], bad;
} verdicts;

static int take_row(void *arg, const kd_compare_row *row)
{
    verdicts *v = arg;
    kd_row_verdict said;
    cr_assert_eq(kd_central_compare_row(c.c, e.config.edge, row, &said), KD_OK);
    v->of[said]++;
    v->bad += !kd_row_verdict_good(said);
    return 0;
}

static verdicts judge(void)
{
    verdicts v = {0};
    kd_buf next = {0};
    cr_assert_eq(kd_edge_compare_rows(e.e, 0, all, all, window(), 1000, take_row, &v, &next), KD_OK);
    kd_buf_finish(&next);
    return v;
}

/* The member row of posts/1 and that user in central's store. */
static kd_bytes central_key(uint32_t user, kd_buf *key)
{
    kd_compare_row row = {.item = rig_item(1), .user = rig_user(user), .counter = ER_LIKE_ID};
    kd_buf tail = {0};
    kd_compare_key(&row, &tail);
    kd_buf_clear(key);
    kd_buf_put_u8(key, 'm');
    kd_buf_put(key, tail.data, tail.len);
    kd_buf_finish(&tail);
    return kd_buf_view(key);
}

static void ten_likes(void)
{
    for (uint32_t user = 0; user < 10; user++) er_like(&e, 1, user);
    merged();
}

Test(compare, rows_that_are_merged_agree)
{
    er_like(&e, 2, 1);
    er_unlike(&e, 3, 1);
    ten_likes();
    cr_assert(agree());
    cr_assert_eq(judge().of[KD_ROW_SAME], 12u);
}

Test(compare, rows_above_the_watermark_are_not_compared)
{
    ten_likes();
    er_like(&e, 5, 5);
    er_commit(&e);
    cr_assert(agree());
    kd_compare_row row = {rig_item(5), rig_user(5), e.out.stamp_us, ER_LIKE_ID, true};
    kd_row_verdict said;
    cr_assert_eq(kd_central_compare_row(c.c, e.config.edge, &row, &said), KD_OK);
    cr_assert_eq(said, KD_ROW_PENDING);
}

Test(compare, a_user_who_went_on_elsewhere_is_no_mistake)
{
    ten_likes();
    rig_edge other = {.name = "oslo", .region = "eu"};
    rig_one(&c, &other, (rig_op){1, 3, e.now_us, RIG_LIKE, false});
    rig_commit(&c);
    cr_assert_not(agree());
    verdicts v = judge();
    cr_assert_eq(v.of[KD_ROW_LATER], 1u);
    cr_assert_eq(v.bad, 0u);
}

Test(compare, a_row_that_is_gone_at_central_is_found)
{
    ten_likes();
    kd_buf key = {0};
    sim_disk_delete(c.disk, central_key(4, &key));
    kd_buf_finish(&key);
    cr_assert_not(agree());
    verdicts v = judge();
    cr_assert_eq(v.of[KD_ROW_MISSING], 1u);
    cr_assert_eq(v.bad, 1u);
}

static void flip(uint32_t user, uint64_t less)
{
    kd_buf key = {0}, value = {0};
    kd_store store = sim_disk_view(c.disk);
    cr_assert_eq(store.get(store.ctx, central_key(user, &key), &value), KD_OK);
    if (less)
        value.data[6]--; /* of the time */
    else
        value.data[7] ^= 1; /* liked */
    sim_disk_put(c.disk, kd_buf_view(&key), kd_buf_view(&value));
    kd_buf_finish(&key);
    kd_buf_finish(&value);
}

Test(compare, a_row_that_central_holds_otherwise_is_found)
{
    ten_likes();
    flip(4, 0);
    cr_assert_not(agree());
    cr_assert_eq(judge().of[KD_ROW_OTHER], 1u);
    flip(6, 1);
    verdicts v = judge();
    cr_assert_eq(v.of[KD_ROW_OLDER], 1u);
    cr_assert_eq(v.bad, 2u);
}

Test(compare, the_digests_of_pages_add_up_to_that_of_the_whole)
{
    ten_likes();
    kd_buf next = {0}, from = {0}, none = {0};
    kd_range_digest whole = at_edge(all, all, 1000, &none), sum = {0};
    uint32_t pages = 0;
    do {
        kd_range_digest mine = at_edge(kd_buf_view(&from), all, 3, &next);
        kd_range_digest theirs = at_central(kd_buf_view(&from), kd_buf_view(&next), 1000, &none);
        cr_assert(kd_range_digest_eq(mine, theirs));
        cr_assert_leq(mine.rows, 3u);
        sum.rows += mine.rows;
        sum.digest += mine.digest;
        kd_buf_clear(&from);
        kd_buf_put(&from, next.data, next.len);
        pages++;
    } while (next.len > 0);
    cr_assert(kd_range_digest_eq(whole, sum));
    cr_assert_eq(pages, 4u);
    kd_range_digest part = at_central(all, all, 4, &next);
    cr_assert_eq(part.rows, 4u);
    cr_assert_gt(next.len, 0u);
    kd_buf_finish(&next);
    kd_buf_finish(&from);
    kd_buf_finish(&none);
}

Test(compare, a_window_bounds_the_rows_compared)
{
    er_like(&e, 1, 1);
    uint64_t first = e.out.stamp_us;
    e.now_us += 10 * ER_SECOND;
    ten_likes();
    kd_compare_window w = window();
    kd_range_digest d;
    kd_buf next = {0};
    w.since_us = first;
    cr_assert_eq(kd_edge_compare_digest(e.e, 0, all, all, w, 1000, &d, &next), KD_OK);
    cr_assert_eq(d.rows, 10u, "user 1 liked again");
    w.until_us = e.now_us + 3600 * ER_SECOND;
    cr_assert_eq(kd_central_compare_digest(c.c, e.config.edge, all, all, w, 1000, &d, &next), KD_EAGAIN,
                 "not merged up to there");
    cr_assert_eq(kd_central_compare_digest(c.c, kd_bytes_str("nobody"), all, all, w, 1000, &d, &next),
                 KD_ENOTFOUND);
    cr_assert_eq(kd_edge_compare_digest(e.e, 7, all, all, w, 1000, &d, &next), KD_ENOTFOUND);
    kd_buf_finish(&next);
}

Test(compare, nothing_is_compared_before_central_was_heard)
{
    kd_compare_window w;
    cr_assert_eq(kd_edge_compare_window(e.e, 0, &w), KD_EAGAIN);
    cr_assert_str_eq(kd_edge_compare_awaits(e.e, 0), "the edge has not heard from central yet");
    word.previous = word.version++;
    er_snapshot(&e, &word);
    cr_assert_eq(kd_edge_compare_window(e.e, 0, &w), KD_EAGAIN);
    cr_assert_str_eq(kd_edge_compare_awaits(e.e, 0),
                     "central has not told the edge yet that it merged a batch of this edge");
    cr_assert_eq(kd_edge_compare_window(e.e, 1, &w), KD_ENOTFOUND);
}

/* New rows stay in the edge's memory until a comparison asks for them. */
Test(compare, rows_that_are_not_in_the_store_yet_make_the_edge_ask_for_patience)
{
    kd_compare_window w;
    e.config.fresh_rows_max = 100;
    cr_assert_eq(er_open(&e), KD_OK);
    er_commit(&e);
    ten_likes();
    cr_assert_eq(kd_edge_compare_window(e.e, 0, &w), KD_EAGAIN);
    cr_assert_str_eq(kd_edge_compare_awaits(e.e, 0), "the edge still writes rows to its store");
    er_commit(&e);
    cr_assert(agree());
    cr_assert_eq(judge().of[KD_ROW_SAME], 10u);
}

Test(compare, a_malformed_row_is_refused)
{
    ten_likes();
    kd_row_verdict said;
    kd_compare_row row = {rig_item(1), rig_user(1), e.now_us, ER_LIKE_ID, true};
    kd_compare_row sum = row, no_user = row, no_item = row, dropped = row;
    sum.counter = ER_VIEW_ID;
    no_user.user = all;
    no_item.item = kd_bytes_str("posts/1");
    cr_assert_eq(kd_central_compare_row(c.c, e.config.edge, &sum, &said), KD_EINVAL);
    cr_assert_eq(kd_central_compare_row(c.c, e.config.edge, &no_user, &said), KD_EINVAL);
    cr_assert_eq(kd_central_compare_row(c.c, e.config.edge, &no_item, &said), KD_EINVAL);
    cr_assert_eq(kd_central_compare_row(c.c, kd_bytes_str("nobody"), &row, &said), KD_ENOTFOUND);
    /* A counter that central lacks: an operator dropped the batch that brought it. */
    dropped.counter = 33;
    dropped.time_us = 1;
    cr_assert_eq(kd_central_compare_row(c.c, e.config.edge, &dropped, &said), KD_OK);
    cr_assert_eq(said, KD_ROW_MISSING);
}
