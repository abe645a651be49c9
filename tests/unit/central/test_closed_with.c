/* Closed and deleted items together with indices, voids, milestones and lists of what is trending (rules 25 and 27). */
#include <criterion/criterion.h>
#include <stdio.h>

#include "kudos/audit.h"
#include "kudos/decide.h"
#include "kudos/index.h"
#include "kudos/trending.h"
#include "kudos/void.h"
#include "tests/lib/central_rig.h"

enum { LIKE = 0, VIEW = 2, MANY = 700, BOTH = 3 };
static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2, second = 1000000;
static const char *const every[] = {"*"};

static rig r;
static rig_edge a;
static uint64_t jobs;

static void set_up(void)
{
    rig_init(&r);
    kd_central_close(r.c);
    sim_disk_destroy(r.disk);
    r.disk = sim_disk_create();
    r.c = NULL;
    r.now_us = noon + 3600 * second;
    r.config.thresholds = (kd_thresholds){3, {2, 3, 10}};
    r.config.trending = every;
    r.config.trending_count = 1;
    r.config.indices = BOTH;
    r.config.index_rows = 50;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    a = (rig_edge){.name = "edge-a", .region = "eu"};
    jobs = 0;
}

static void tear_down(void)
{
    rig_finish(&r);
}

TestSuite(closed_with, .init = set_up, .fini = tear_down);

static kd_fed feed_decision(const kd_decision *d)
{
    kd_buf record = {0};
    cr_assert_eq(kd_central_decide(r.c, d, r.now_us, &record), KD_OK);
    kd_fed fed = rig_feed(&r, kd_buf_view(&record));
    kd_buf_finish(&record);
    return fed;
}

/* Not committed. */
static void say(kd_decided what, uint32_t item, uint64_t stamp_us)
{
    char name[24];
    snprintf(name, sizeof name, "job-%llu", (unsigned long long)++jobs);
    kd_decision d = {.job = kd_bytes_str(name), .seq = 1, .last = true, .what = what, .stamp_us = stamp_us};
    d.item = rig_item(item);
    cr_assert_eq(feed_decision(&d), KD_FED_DECIDED);
}

static void op(uint32_t item, uint32_t user, uint64_t time_us, bool liked)
{
    cr_assert_eq(rig_one(&r, &a, (rig_op){item, user, time_us, RIG_LIKE, liked}), KD_FED_MERGED);
}

static void like_many(uint32_t item)
{
    for (uint32_t u = 0; u < MANY; u++) op(item, u, noon, true);
    rig_commit(&r);
}

static bool commit_once(void)
{
    const kd_writes *w;
    uint64_t version;
    if (kd_central_commit_begin(r.c, &w, &version) != KD_OK) return false;
    sim_disk_apply(r.disk, w);
    cr_assert_eq(kd_central_commit_end(r.c, version, KD_OK), KD_OK);
    return true;
}

/* Two commits under way at a time, as the programs have them. */
static void commit_two_at_a_time(void)
{
    const kd_writes *w;
    uint64_t before = 0, version;
    for (bool begun = true; begun || before;) {
        begun = kd_central_commit_begin(r.c, &w, &version) == KD_OK;
        if (before) cr_assert_eq(kd_central_commit_end(r.c, before, KD_OK), KD_OK);
        if (begun) sim_disk_apply(r.disk, w);
        before = begun ? version : 0;
    }
}

static void wrong(void *arg, const kd_audit_mismatch *m)
{
    (void)arg, (void)m;
}

static uint64_t mismatches(void)
{
    kd_audit_result result;
    const kd_audit_config config = {.counters = &r.counters, .mismatch = wrong};
    kd_store store = sim_disk_view(r.disk);
    cr_assert_eq(kd_audit_run(&store, &config, &result), KD_OK, "%s", result.broken);
    return result.mismatches;
}

static int count_row(void *arg, kd_bytes key, kd_bytes value)
{
    (void)value;
    *(uint32_t *)arg += key.len > 1; /* alone, the prefix is the state of the index */
    return 0;
}

/* Entries of both indices. */
static uint32_t entries(void)
{
    uint32_t rows = 0;
    kd_store store = sim_disk_view(r.disk);
    cr_assert_eq(store.scan(store.ctx, kd_bytes_str("l"), kd_bytes_str("m"), count_row, &rows), KD_OK);
    cr_assert_eq(store.scan(store.ctx, kd_bytes_str("u"), kd_bytes_str("v"), count_row, &rows), KD_OK);
    return rows;
}

/* ---- indices ---- */

Test(closed_with, entries_of_a_deleted_item_go_in_the_commits_of_its_rows)
{
    like_many(1);
    op(2, 1, noon, true);
    rig_commit(&r);
    cr_assert_eq(entries(), 2u * (MANY + 1));
    say(KD_DECIDED_DELETE, 1, noon);
    while (commit_once()) cr_assert_eq(mismatches(), 0u);
    cr_expect_eq(entries(), 2u, "the other item's");
    cr_expect_eq(rig_total(&r, 1, LIKE), 0u);
}

Test(closed_with, an_index_that_is_built_meanwhile_gets_no_entry_of_a_row_that_goes)
{
    r.config.indices = 0;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    like_many(1);
    op(2, 1, noon, true);
    rig_commit(&r);
    for (uint32_t rows = 100; rows < 400; rows += 50) {
        r.config.indices = 0;
        cr_assert_eq(rig_reopen(&r), KD_OK);
        rig_commit(&r);
        cr_assert_eq(entries(), 0u);
        r.config.indices = BOTH;
        r.config.index_rows = rows;
        cr_assert_eq(rig_reopen(&r), KD_OK);
        for (uint32_t u = 0; u < MANY; u++) op(rows, u, noon, true);
        commit_once(); /* not all of the index */
        say(KD_DECIDED_DELETE, rows, noon);
        commit_two_at_a_time();
        cr_expect_eq(kd_central_index(r.c, KD_INDEX_LIKED).stage, KD_INDEX_COMPLETE);
        cr_expect_eq(entries(), 2u * (MANY + 1), "rows %u", rows);
        cr_expect_eq(mismatches(), 0u);
    }
}

/* ---- voids ---- */

static kd_fed void_says(kd_decided what, uint64_t seq, uint32_t users, uint64_t time_us)
{
    kd_op ops[8];
    kd_buf text = {0};
    for (uint32_t i = 0; i < users; i++)
        ops[i] = (kd_op){rig_item(1), rig_user(i + 1), time_us, RIG_LIKE, what == KD_DECIDED_PUT_BACK};
    kd_body_encode(&(kd_body){.ops = ops, .op_count = users}, &text);
    kd_decision d = {.job = kd_bytes_str("v"), .seq = seq, .what = what, .body = kd_buf_view(&text)};
    d.author = kd_bytes_str(KD_VOID_AUTHOR);
    d.stamp_us = noon + 60 * second + (what == KD_DECIDED_PUT_BACK);
    kd_fed fed = feed_decision(&d);
    rig_commit(&r);
    kd_buf_finish(&text);
    return fed;
}

static kd_voided remembered;
static int remember(void *arg, kd_bytes job, const kd_voided *told)
{
    (void)arg, (void)job;
    remembered = *told;
    return 0;
}

Test(closed_with, a_void_of_a_closed_item_counts_though_it_is_stamped_later)
{
    for (uint32_t u = 1; u <= 3; u++) op(1, u, noon, true);
    say(KD_DECIDED_CLOSE, 1, noon + second);
    rig_commit(&r);
    cr_assert_eq(void_says(KD_DECIDED_WITHDRAW, 1, 2, noon), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
    cr_assert_eq(void_says(KD_DECIDED_PUT_BACK, 2, 2, noon + 60 * second), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 3u);
    cr_expect_eq(mismatches(), 0u);
}

Test(closed_with, a_void_finds_no_rows_of_a_deleted_item_whether_they_are_gone_or_not)
{
    for (uint32_t u = 1; u <= 3; u++) op(1, u, noon, true);
    rig_commit(&r);
    say(KD_DECIDED_DELETE, 1, noon + second);
    cr_assert_eq(void_says(KD_DECIDED_WITHDRAW, 1, 3, noon), KD_FED_DECIDED);
    cr_assert_eq(kd_voided_each(&r.store, remember, NULL), KD_OK);
    cr_expect_eq(remembered.withdrawn, 0u);
    cr_expect_eq(remembered.skipped, 3u);
    cr_expect_eq(rig_total(&r, 1, LIKE), 0u);
    cr_expect_eq(entries(), 0u);
    cr_expect_eq(mismatches(), 0u);
}

/* ---- milestones ---- */

/* Thresholds that were passed since the last call. */
static uint32_t passed(void)
{
    uint32_t count = 0;
    kd_buf record = {0};
    uint64_t version;
    rig_commit(&r);
    while (kd_central_milestones_next(r.c, &record, &version) == KD_OK) {
        kd_milestones m;
        cr_assert_eq(kd_milestones_decode(kd_buf_view(&record), &m), KD_OK);
        count += m.milestone_count;
        kd_milestones_finish(&m);
    }
    kd_central_milestones_delivered(r.c);
    kd_buf_finish(&record);
    return count;
}

static void view(uint64_t amount, uint64_t complete_to_us)
{
    kd_buf record = {0};
    kd_sum sum = {.item = rig_item(1), .amount = amount, .day = kd_day_of(noon), .counter = RIG_VIEW};
    rig_seal(&a, NULL, 0, &sum, 1, complete_to_us, &record);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_MERGED);
    kd_buf_finish(&record);
}

Test(closed_with, what_is_left_out_passes_no_threshold_also_not_on_its_way_through_a_row)
{
    op(1, 1, noon, true);
    view(1, noon);
    cr_expect_eq(passed(), 0u);
    say(KD_DECIDED_CLOSE, 1, noon + 1);
    view(50, noon + second); /* from before the close on: counts */
    view(50, noon + 2 * second);
    op(1, 2, noon + 3 * second, true);
    op(1, 2, noon + 4 * second, false);
    cr_expect_eq(passed(), 3u, "of the views of the batch that straddles the close");
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
    cr_expect_eq(rig_total(&r, 1, VIEW), 51u);
    op(1, 3, noon, true);
    cr_expect_eq(passed(), 1u, "a like from before the close");
}

Test(closed_with, a_deletion_passes_no_threshold_nor_does_what_comes_while_rows_go)
{
    like_many(1);
    view(50, noon);
    cr_expect_eq(passed(), 6u);
    op(3, 1, noon, true);
    say(KD_DECIDED_DELETE, 1, noon);
    for (uint32_t u = 0; u < 3; u++) {
        commit_once();
        op(1, MANY + u, noon, true);
        op(3, 2 + u, noon, true);
    }
    cr_expect_eq(passed(), 2u, "of the other item");
    cr_expect_eq(rig_total(&r, 1, LIKE) + rig_total(&r, 1, VIEW), 0u);
    cr_expect_eq(rig_total(&r, 3, LIKE), 4u);
    cr_expect_eq(mismatches(), 0u);
}

/* ---- trending ---- */

/* Number of users of the item in the list; 0: it is not listed. */
static uint64_t trending(uint32_t item)
{
    kd_trending t;
    const kd_trending_query q = {.counter = RIG_LIKE,
                                 .collection = kd_bytes_str("posts"),
                                 .window_us = 3600 * second,
                                 .now_us = noon + 60 * second,
                                 .limit = 1};
    cr_assert_eq(kd_central_trending(r.c, &q, &t), KD_OK);
    cr_assert_eq(t.count, 1u);
    return kd_bytes_eq(kd_item_key(&t.at[0].item), rig_item(item)) ? t.at[0].least : 0;
}

Test(closed_with, a_closed_item_trends_by_what_counts_and_a_deleted_one_leaves_the_list)
{
    for (uint32_t u = 1; u <= 3; u++) op(1, u, noon, true);
    op(2, 1, noon, true);
    say(KD_DECIDED_CLOSE, 1, noon + second);
    for (uint32_t u = 1; u <= 9; u++) op(1, u, noon + 2 * second, u > 3);
    rig_commit(&r);
    cr_expect_eq(trending(1), 3u);
    say(KD_DECIDED_DELETE, 1, noon + second);
    cr_expect_eq(trending(1), 3u, "as of what is durable");
    commit_once();
    cr_expect_eq(trending(2), 1u, "the next in the list takes its place");
    cr_assert_eq(rig_reopen(&r), KD_OK);
    cr_expect_eq(trending(2), 1u);
}

/* ---- lists of some users ---- */

static int see(void *arg, const kd_member *m)
{
    (void)m;
    ++*(uint32_t *)arg;
    return 0;
}

Test(closed_with, who_of_some_users_likes_it_is_told_while_the_close_is_being_written)
{
    const kd_writes *w;
    uint64_t version;
    const kd_bytes users[] = {rig_user(1), rig_user(2)};
    uint32_t found = 0;
    op(1, 1, noon, true);
    op(1, 2, noon, true);
    rig_commit(&r);
    op(1, 1, noon + 1, false);
    op(2, 2, noon, true);
    say(KD_DECIDED_CLOSE, 1, noon + second);
    cr_assert_eq(kd_central_commit_begin(r.c, &w, &version), KD_OK);
    cr_assert_eq(kd_central_among(r.c, LIKE, rig_item(1), users, 2, see, &found), KD_OK);
    cr_expect_eq(found, 2u, "the counts still have both likes");
    sim_disk_apply(r.disk, w);
    cr_assert_eq(kd_central_commit_end(r.c, version, KD_OK), KD_OK);
}

static uint32_t liked_by(uint32_t user)
{
    kd_buf next = {0};
    uint32_t found = 0;
    cr_assert_eq(kd_central_liked(r.c, LIKE, rig_user(user), (kd_bytes){0}, MANY, see, &found, &next), KD_OK);
    kd_buf_finish(&next);
    return found;
}

Test(closed_with, what_a_user_likes_is_told_as_it_was_while_rows_of_a_deleted_item_go_beside_others)
{
    const kd_writes *w;
    uint64_t version;
    for (uint32_t item = 1; item <= 5; item++) op(item, 1, noon, true);
    say(KD_DECIDED_DELETE, 1, noon);
    cr_assert(commit_once(), "it is deleted, and its rows go with the next commit");
    for (uint32_t item = 2; item <= 4; item++) op(item, 1, noon + 1, false);
    cr_assert_eq(kd_central_commit_begin(r.c, &w, &version), KD_OK);
    cr_expect_eq(liked_by(1), 5u, "the counts still have all of them");
    sim_disk_apply(r.disk, w);
    cr_expect_eq(liked_by(1), 5u, "also when the rows can be read");
    cr_assert_eq(kd_central_commit_end(r.c, version, KD_OK), KD_OK);
    cr_expect_eq(liked_by(1), 1u);
}
