/* Collections whose items have a life (rule 29): when an item begins and ends, what central proposes by its clock, and where a proposal is void. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "kudos/central_compare.h"
#include "kudos/decide.h"
#include "tests/lib/central_rig.h"

enum { LIKE = 0, VIEW = 2 };
static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2, second = 1000000, life = 100 * 1000000,
                      keep = 50 * 1000000;

static rig r;
static rig_edge a;

static void set_up(void)
{
    rig_init(&r);
    r.now_us = noon;
    a = (rig_edge){.name = "edge-a", .region = "eu"};
}

static void tear_down(void)
{
    rig_finish(&r);
}

TestSuite(span, .init = set_up, .fini = tear_down);

/* What central proposes goes into the log; returns how much was merged. */
static uint32_t hand(uint32_t *made_void)
{
    kd_decision d;
    kd_buf record = {0};
    uint32_t merged = 0;
    int err;
    while ((err = kd_central_propose(r.c, r.now_us, &d)) == KD_OK) {
        kd_buf_clear(&record);
        cr_assert_eq(kd_central_decide(r.c, &d, r.now_us, &record), KD_OK);
        kd_fed fed = rig_feed(&r, kd_buf_view(&record));
        merged += fed == KD_FED_DECIDED;
        if (made_void) *made_void += fed == KD_FED_VOID;
    }
    cr_assert_eq(err, KD_ENOTFOUND);
    kd_buf_finish(&record);
    rig_commit(&r);
    return merged;
}

static void configure(uint64_t life_us, uint64_t keep_us)
{
    r.config.lives = (kd_lifespans){.count = 0};
    if (life_us > 0)
        cr_assert_eq(kd_lifespans_add(&r.config.lives, kd_key_collection(rig_item(1)), life_us, keep_us),
                     KD_OK);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
}

static void alive(void)
{
    configure(life, keep);
    cr_assert_eq(hand(NULL), 1u, "the lives of the configuration");
}

static void at(uint64_t now_us)
{
    r.now_us = now_us;
}

static void like(uint32_t item, uint32_t user, uint64_t time_us)
{
    cr_assert_eq(rig_one(&r, &a, (rig_op){item, user, time_us, RIG_LIKE, true}), KD_FED_MERGED);
    rig_commit(&r);
}

static void operator_says(kd_decided what, uint32_t item, uint64_t stamp_us)
{
    static uint32_t job;
    char name[16];
    kd_buf record = {0};
    snprintf(name, sizeof name, "o%u", ++job);
    kd_decision d = {.job = kd_bytes_str(name), .seq = 1, .last = true, .what = what, .stamp_us = stamp_us};
    d.item = rig_item(item);
    cr_assert_eq(kd_central_decide(r.c, &d, r.now_us, &record), KD_OK);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_DECIDED);
    rig_commit(&r);
    kd_buf_finish(&record);
}

static uint32_t rows_of(const char *from, const char *to);

static int count_row(void *arg, kd_bytes key, kd_bytes value)
{
    (void)key, (void)value;
    ++*(uint32_t *)arg;
    return 0;
}

static uint32_t rows_of(const char *from, const char *to)
{
    uint32_t rows = 0;
    kd_store store = sim_disk_view(r.disk);
    cr_assert_eq(store.scan(store.ctx, kd_bytes_str(from), kd_bytes_str(to), count_row, &rows), KD_OK);
    return rows;
}

Test(span, an_item_ends_so_long_after_its_first_operation_by_the_stamps)
{
    alive();
    like(1, 1, noon);
    like(1, 2, noon + life);
    like(1, 3, noon + life + 1);
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u, "no clock said anything yet");
    cr_expect(!kd_central_closed(r.c, rig_item(1)));
    at(noon + life + 1);
    cr_assert_eq(hand(NULL), 1u);
    cr_expect(kd_central_closed(r.c, rig_item(1)), "edges are told");
    like(1, 4, noon + life);
    like(1, 5, noon + life + 2);
    cr_expect_eq(rig_total(&r, 1, LIKE), 3u);
}

Test(span, what_comes_later_and_is_older_moves_no_beginning)
{
    alive();
    like(1, 1, noon);
    like(1, 2, noon - 20 * second);
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u);
    like(1, 3, noon + life - second);
    cr_expect_eq(rig_total(&r, 1, LIKE), 3u);
}

Test(span, it_is_deleted_so_long_after_its_end_and_begins_no_more)
{
    alive();
    like(1, 1, noon);
    like(2, 1, noon + 60 * second);
    at(noon + life + keep - 1);
    cr_assert_eq(hand(NULL), 1u);
    at(noon + life + keep + 4 * second);
    cr_assert_eq(hand(NULL), 1u);
    at(noon + life + keep + 8 * second);
    cr_assert_eq(hand(NULL), 0u);
    cr_expect_eq(rig_total(&r, 1, LIKE), 0u);
    cr_expect_eq(rows_of("m", "n"), 1u);
    cr_expect_eq(rows_of("o", "p"), 1u, "the other item's");
    like(1, 1, noon + 1);
    like(1, 2, noon + life + keep + 20 * second);
    cr_expect_eq(rig_total(&r, 1, LIKE), 0u);
    cr_expect_eq(rig_total(&r, 2, LIKE), 1u);
}

/* The kinds of the rows whose keys name item 1. */
static int note_kind(void *arg, kd_bytes key, kd_bytes value)
{
    kd_buf *kinds = arg;
    kd_bytes item = rig_item(1);
    (void)value;
    if (key.len > item.len && memmem(key.data, key.len, item.data, item.len))
        kd_buf_put_u8(kinds, key.data[0]);
    return 0;
}

Test(span, of_a_deleted_item_a_place_on_the_list_and_an_empty_row_of_counts_are_left)
{
    kd_buf kinds = {0};
    r.config.redo_bytes_max = 1; /* counts are written back with the next commit */
    alive();
    for (uint32_t user = 0; user < 20; user++) like(1, user, noon + user);
    cr_assert_eq(rig_one(&r, &a, (rig_op){1, 3, noon + second, RIG_LIKE, false}), KD_FED_MERGED);
    at(noon + life);
    hand(NULL);
    at(noon + life + keep + 4 * second);
    hand(NULL);
    cr_assert(!kd_central_sweeps(r.c));
    for (uint32_t user = 0; user < 4; user++) like(2, user, r.now_us); /* some commits more */
    kd_store store = sim_disk_view(r.disk);
    cr_assert_eq(store.scan(store.ctx, kd_bytes_str("A"), kd_bytes_str("~"), note_kind, &kinds), KD_OK);
    kd_buf_put_u8(&kinds, 0);
    cr_expect_str_eq((const char *)kinds.data, "nx");
    kd_buf_finish(&kinds);
}

Test(span, it_follows_from_the_log_and_not_from_commits_or_starts)
{
    alive();
    kd_buf first = {0}, second_batch = {0};
    rig_seal(&a, (rig_op[]){{1, 1, noon, RIG_LIKE, true}}, 1, NULL, 0, noon, &first);
    rig_seal(&a, (rig_op[]){{1, 2, noon + life + 1, RIG_LIKE, true}, {1, 3, noon + life, RIG_LIKE, true}}, 2,
             NULL, 0, noon + life + 1, &second_batch);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&first)), KD_FED_MERGED);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&second_batch)), KD_FED_MERGED);
    rig_commit(&r);
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u, "in one commit");
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    like(1, 4, noon + life + 2);
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u);
    kd_buf_finish(&first);
    kd_buf_finish(&second_batch);
}

Test(span, an_operator_who_opens_it_ends_its_life_and_a_proposal_that_stands_behind_is_void)
{
    uint32_t void_ones = 0;
    kd_decision d;
    kd_buf late = {0};
    alive();
    like(1, 1, noon);
    at(noon + life + second);
    hand(NULL);
    at(noon + life + keep + 5 * second);
    cr_assert_eq(kd_central_propose(r.c, r.now_us, &d), KD_OK);
    cr_assert_eq(d.what, KD_DECIDED_EXPIRED);
    cr_assert_eq(kd_central_decide(r.c, &d, r.now_us, &late), KD_OK);
    operator_says(KD_DECIDED_OPEN, 1, r.now_us);
    cr_expect_eq(rig_feed(&r, kd_buf_view(&late)), KD_FED_VOID);
    rig_commit(&r);
    like(1, 2, r.now_us + 2 * life);
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u);
    at(r.now_us + 10 * life);
    cr_expect_eq(hand(&void_ones), 0u);
    cr_expect_eq(void_ones, 0u);
    cr_expect_eq(rows_of("o", "p"), 0u);
    kd_buf_finish(&late);
}

static void expect_left_out(uint32_t user, uint64_t time_us)
{
    kd_row_verdict verdict;
    kd_compare_row row = {.counter = RIG_LIKE, .liked = true, .time_us = time_us};
    row.item = rig_item(1);
    row.user = rig_user(user);
    cr_assert_eq(kd_central_compare_row(r.c, kd_bytes_str("edge-a"), &row, &verdict), KD_OK);
    cr_expect_eq(verdict, KD_ROW_FORGOTTEN, "the like of user %u is called lost", user);
}

Test(span, an_opening_leaves_out_all_from_the_end_of_the_life_on_whoever_closed_the_item)
{
    alive();
    like(1, 1, noon);
    like(1, 2, noon + life + 5 * second);
    at(noon + life + 10 * second);
    operator_says(KD_DECIDED_CLOSE, 1, r.now_us);
    at(noon + life + 20 * second);
    operator_says(KD_DECIDED_OPEN, 1, r.now_us);
    like(1, 3, noon + life + 7 * second);
    expect_left_out(2, noon + life + 5 * second);
    expect_left_out(3, noon + life + 7 * second);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u, "what was stamped between end and opening never counts");
    like(1, 4, noon + life);
    like(1, 5, noon + life + 21 * second);
    cr_expect_eq(rig_total(&r, 1, LIKE), 3u);
}

/* An edge's clock was ahead; central closed the item and was told to open it before that time came. */
Test(span, what_a_life_left_out_with_a_later_stamp_than_the_opening_stays_left_out)
{
    alive();
    like(1, 1, noon);
    like(1, 2, noon + life + 60 * second);
    like(1, 3, noon + life + 30 * second);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    at(noon + life + 10 * second);
    cr_assert_eq(hand(NULL), 1u);
    at(noon + life + 20 * second);
    operator_says(KD_DECIDED_OPEN, 1, r.now_us);
    expect_left_out(2, noon + life + 60 * second);
    expect_left_out(3, noon + life + 30 * second);
    like(1, 4, noon + life + 60 * second);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
    like(1, 5, noon + life + 61 * second);
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u);
}

Test(span, an_item_that_is_opened_before_its_life_would_end_was_closed_for_no_longer_than_that)
{
    alive();
    like(1, 1, noon);
    at(noon + 10 * second);
    operator_says(KD_DECIDED_CLOSE, 1, r.now_us);
    at(noon + 20 * second);
    operator_says(KD_DECIDED_OPEN, 1, r.now_us);
    like(1, 2, noon + 9 * second);
    like(1, 3, noon + 15 * second);
    like(1, 4, noon + 21 * second);
    like(1, 5, noon + 2 * life);
    cr_expect_eq(rig_total(&r, 1, LIKE), 4u);
}

Test(span, lives_are_those_of_the_last_decision_and_without_one_nothing_ends)
{
    like(1, 1, noon);
    like(1, 2, noon + 2 * life);
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u);
    alive();
    like(1, 3, noon + 3 * life);
    like(1, 4, noon + 4 * life + 1);
    cr_expect_eq(rig_total(&r, 1, LIKE), 3u, "an item that was there begins with what comes next");
    configure(2 * life, 0);
    like(1, 5, noon + 4 * life + 2);
    cr_expect_eq(rig_total(&r, 1, LIKE), 3u, "the configuration alone does nothing");
    cr_assert_eq(hand(NULL), 1u);
    like(1, 6, noon + 4 * life + 3);
    cr_expect_eq(rig_total(&r, 1, LIKE), 4u);
    at(noon + 9 * life);
    hand(NULL);
    at(noon + 90 * life);
    hand(NULL);
    cr_expect_eq(rig_total(&r, 1, LIKE), 4u, "closed, and never deleted");
    configure(0, 0);
    at(noon + 91 * life);
    cr_assert_eq(hand(NULL), 1u);
    like(2, 1, noon);
    like(2, 2, noon + 50 * life);
    cr_expect_eq(rig_total(&r, 2, LIKE), 2u);
}

Test(span, sums_begin_it_and_end_with_it)
{
    alive();
    kd_buf record = {0};
    for (uint32_t i = 0; i < 3; i++) {
        kd_sum sum = {.item = rig_item(1), .amount = 5, .day = kd_day_of(noon), .counter = RIG_VIEW};
        kd_buf_clear(&record);
        rig_seal(&a, NULL, 0, &sum, 1, noon + i * (life + second), &record);
        cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_MERGED);
        rig_commit(&r);
    }
    cr_expect_eq(rig_total(&r, 1, VIEW), 10u, "some of the second batch may be older than the end");
    kd_buf_finish(&record);
}

Test(span, what_ended_is_no_lost_like_before_central_has_closed_it)
{
    kd_row_verdict verdict;
    alive();
    like(1, 1, noon);
    like(1, 2, noon + life + second);
    kd_compare_row row = {.counter = RIG_LIKE, .liked = true, .time_us = noon + life + second};
    row.item = rig_item(1);
    row.user = rig_user(2);
    cr_assert_eq(kd_central_compare_row(r.c, kd_bytes_str("edge-a"), &row, &verdict), KD_OK);
    cr_expect_eq(verdict, KD_ROW_FORGOTTEN);
}

static void overdue_is(uint64_t wanted_us)
{
    uint64_t overdue_us;
    cr_assert_eq(kd_central_life_overdue(r.c, r.now_us, &overdue_us), KD_OK);
    cr_expect_eq(overdue_us, wanted_us, "%llu", (unsigned long long)overdue_us);
}

Test(span, what_waits_is_told_while_it_waits_though_no_walk_of_the_hand_has_ended)
{
    kd_decision d;
    alive();
    like(1, 1, noon);
    like(2, 1, noon + 7 * second);
    at(noon + life);
    overdue_is(0);
    at(noon + life + 9 * second);
    cr_assert_eq(kd_central_propose(r.c, r.now_us, &d), KD_OK,
                 "the first one is proposed, and the walk goes on");
    overdue_is(9 * second);
    at(noon + life + 400 * second);
    overdue_is(400 * second); /* Kafka takes no decision */
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    cr_assert_eq(hand(NULL), 2u);
    overdue_is(400 * second - keep);
    at(noon + life + 404 * second);
    cr_assert_eq(hand(NULL), 2u, "deleted");
    at(noon + life + 408 * second);
    overdue_is(0);
}

/* Operators' decisions on items from `from` on, until the list has that many. */
static void fill(uint32_t from, uint32_t listed)
{
    kd_central_stats s;
    kd_buf record = {0};
    for (kd_central_get_stats(r.c, &s); s.closed_items < listed; kd_central_get_stats(r.c, &s), from++) {
        char name[16];
        snprintf(name, sizeof name, "f%u", from);
        kd_decision d = {.job = kd_bytes_str(name), .seq = 1, .last = true, .what = KD_DECIDED_CLOSE};
        d.stamp_us = noon;
        d.item = rig_item(from);
        kd_buf_clear(&record);
        cr_assert_eq(kd_central_decide(r.c, &d, r.now_us, &record), KD_OK);
        cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_DECIDED);
        if (from % 512 == 0) rig_commit(&r);
    }
    rig_commit(&r);
    kd_buf_finish(&record);
}

/* A decision that a central wrote which did not know yet how full the list is. */
static kd_fed fed_of(kd_decided what, uint32_t item, uint64_t stamp_us)
{
    kd_buf record = {0};
    kd_decision d = {.job = kd_bytes_str("late"), .seq = 1, .last = true, .what = what, .stamp_us = stamp_us};
    d.epoch = kd_central_epoch(r.c);
    d.central = r.config.name;
    d.at_us = r.now_us;
    d.item = rig_item(item);
    kd_decision_encode(&d, &record);
    kd_fed fed = rig_feed(&r, kd_buf_view(&record));
    kd_buf_finish(&record);
    return fed;
}

Test(span, lives_fill_the_list_of_closed_items_but_for_what_is_left_to_operators)
{
    enum { LIVES = KD_CLOSED_MAX - KD_CLOSED_RESERVED };
    kd_decision d;
    kd_buf record = {0};
    alive();
    like(1, 1, noon);
    like(2, 1, noon);
    fill(10, LIVES - 1);
    at(noon + life + second);
    cr_assert_eq(kd_central_propose(r.c, r.now_us, &d), KD_OK);
    cr_assert_eq(kd_central_decide(r.c, &d, r.now_us, &record), KD_OK);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_DECIDED, "the last place");
    rig_commit(&r);
    cr_expect_eq(fed_of(KD_DECIDED_ENDED, 2, noon + life), KD_FED_VOID, "there is no other one");
    like(2, 2, noon + life + second);
    cr_expect_eq(rig_total(&r, 2, LIKE), 1u, "left out all the same");

    at(noon + life + keep + 4 * second);
    cr_assert_eq(kd_central_propose(r.c, r.now_us, &d), KD_OK);
    cr_expect_eq(d.what, KD_DECIDED_EXPIRED, "what needs no place goes on");
    cr_assert_eq(hand(NULL), 0u, "and the other one is not proposed without end");
    overdue_is(keep + 4 * second);

    operator_says(KD_DECIDED_DELETE, 2, noon + second);
    cr_expect_eq(rig_total(&r, 2, LIKE), 0u);
    fill(100000, KD_CLOSED_MAX);
    cr_assert_eq(rig_reopen(&r), KD_OK, "all that may be listed is read back");
    rig_commit(&r);
    d = (kd_decision){.job = kd_bytes_str("one-more"), .seq = 1, .last = true, .what = KD_DECIDED_CLOSE};
    d.item = rig_item(5);
    cr_expect_eq(kd_central_decide(r.c, &d, r.now_us, &record), KD_EFULL);
    operator_says(KD_DECIDED_DELETE, 10, noon); /* one that is listed */
    kd_buf_finish(&record);
}

Test(span, the_list_of_closed_items_tells_how_full_it_is_before_it_is)
{
    cr_expect_eq(kd_closed_stage_of(49151), KD_CLOSED_ROOM);
    cr_expect_eq(kd_closed_stage_of(49152), KD_CLOSED_FILLS);
    cr_expect_eq(kd_closed_stage_of(65535), KD_CLOSED_FILLS);
    cr_expect_eq(kd_closed_stage_of(65536), KD_CLOSED_FULL_OF_LIVES);
    cr_expect_eq(kd_closed_stage_of(73727), KD_CLOSED_FULL_OF_LIVES);
    cr_expect_eq(kd_closed_stage_of(73728), KD_CLOSED_FULL);
}

Test(span, a_body_of_lives_is_read_back_or_refused)
{
    kd_lifespans spans = {.count = 0}, back;
    kd_buf body = {0};
    cr_assert_eq(kd_lifespans_add(&spans, kd_bytes_str("stories"), 5, 0), KD_OK);
    cr_assert_eq(kd_lifespans_add(&spans, kd_bytes_str("polls"), 7, 9), KD_OK);
    cr_assert_eq(kd_lifespans_add(&spans, kd_bytes_str("polls"), 8, 9), KD_EINVAL, "twice");
    cr_assert_eq(kd_lifespans_add(&spans, kd_bytes_str("Polls"), 8, 9), KD_EINVAL);
    cr_assert_eq(kd_lifespans_add(&spans, kd_bytes_str("p"), 0, 9), KD_EINVAL);
    kd_lifespans_encode(&spans, &body);
    cr_assert(kd_lifespans_decode(kd_buf_view(&body), &back));
    cr_expect(back.count == 2 && strcmp(back.at[0].collection, "polls") == 0 && back.at[0].keep_us == 9 &&
              back.at[1].life_us == 5);
    for (size_t len = 0; len < body.len; len++)
        cr_expect(!kd_lifespans_decode(kd_bytes_of(body.data, len), &back), "%zu", len);
    kd_buf_finish(&body);
}

static void import_views(uint32_t item, uint64_t amount)
{
    kd_buf body = {0}, record = {0};
    kd_sum sum = {.item = rig_item(item), .amount = amount, .day = kd_day_of(r.now_us), .counter = RIG_VIEW};
    kd_body_encode(&(kd_body){.sums = &sum, .sum_count = 1}, &body);
    const kd_decision d = {.job = kd_bytes_str("moved"),
                           .seq = 1,
                           .last = true,
                           .what = KD_DECIDED_OPERATIONS,
                           .author = kd_bytes_str("_import"),
                           .region = kd_bytes_str("eu"),
                           .body = kd_buf_view(&body)};
    cr_assert_eq(kd_central_decide(r.c, &d, r.now_us, &record), KD_OK);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_DECIDED);
    rig_commit(&r);
    kd_buf_finish(&body);
    kd_buf_finish(&record);
}

Test(span, an_item_that_begins_with_an_imported_sum_lives_from_the_import_on)
{
    alive();
    at(noon + second);
    import_views(1, 40);
    like(1, 1, noon + second + life);
    like(1, 2, noon + second + life + 1);
    cr_expect_eq(rig_total(&r, 1, VIEW), 40u);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u, "up to the end of its life likes count");
}
