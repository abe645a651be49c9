/* Erased users: what is withdrawn, what late records bring, and what is left of the user (rule 28). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "kudos/central_compare.h"
#include "kudos/decide.h"
#include "kudos/erase.h"
#include "kudos/forget.h"
#include "kudos/void.h"
#include "tests/lib/central_rig.h"

enum { LIKE = 0 };
static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2, second = 1000000;
/* Likes are stamped at noon; the erasure a minute later. */
#define STAMP (noon + 60 * second)

static rig r;
static rig_edge a, b;
static kd_buf body, record;

static void set_up(void)
{
    rig_init(&r);
    r.now_us = noon + 3600 * second;
    a = (rig_edge){.name = "edge-a", .region = "eu"};
    b = (rig_edge){.name = "edge-b", .region = "us"};
    body = record = (kd_buf){0};
}

static void tear_down(void)
{
    kd_buf_finish(&body);
    kd_buf_finish(&record);
    rig_finish(&r);
}

TestSuite(erased, .init = set_up, .fini = tear_down);

static int write_decision(const kd_decision *d)
{
    kd_buf_clear(&record);
    return kd_central_decide(r.c, d, r.now_us, &record);
}

static kd_fed feed_only(const kd_decision *d)
{
    cr_assert_eq(write_decision(d), KD_OK);
    return rig_feed(&r, kd_buf_view(&record));
}

static kd_fed decide(const kd_decision *d)
{
    kd_fed fed = feed_only(d);
    rig_commit(&r);
    return fed;
}

static kd_decision mark_of(const char *job, uint32_t user, uint64_t stamp_us)
{
    return (kd_decision){.job = kd_bytes_str(job),
                         .seq = 1,
                         .what = KD_DECIDED_ERASE,
                         .author = kd_bytes_str(KD_ERASE_AUTHOR),
                         .stamp_us = stamp_us,
                         .body = rig_user(user)};
}

/* Names the user's rows of these items, as the operator saw them. */
static kd_decision rows_of(const char *job, uint64_t seq, uint32_t user, uint32_t items, uint64_t time_us)
{
    kd_op ops[8];
    for (uint32_t i = 0; i < items; i++)
        ops[i] = (kd_op){rig_item(i + 1), rig_user(user), time_us, RIG_LIKE, false};
    kd_body named = {.ops = ops, .op_count = items};
    kd_buf_clear(&body);
    kd_body_encode(&named, &body);
    kd_decision d = mark_of(job, user, STAMP);
    d.seq = seq;
    d.last = true;
    d.what = KD_DECIDED_WITHDRAW;
    d.body = kd_buf_view(&body);
    return d;
}

static kd_fed mark(uint32_t user)
{
    kd_decision d = mark_of("e", user, STAMP);
    return decide(&d);
}

static kd_fed withdraw(uint32_t user, uint32_t items)
{
    kd_decision d = rows_of("e", 2, user, items, noon);
    return decide(&d);
}

static void says(rig_edge *e, uint32_t item, uint32_t user, uint64_t time_us, bool liked)
{
    rig_one(&r, e, (rig_op){item, user, time_us, RIG_LIKE, liked});
}

/* Users 1 and 2 like items 1 and 2. */
static void likes(void)
{
    for (uint32_t i = 1; i <= 2; i++) says(&a, i, 1, noon, true), says(&b, i, 2, noon, true);
    rig_commit(&r);
}

static void reopen(void)
{
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
}

static int erased_find(void *arg, kd_bytes digest, const kd_erased *told)
{
    kd_erased *found = arg;
    (void)digest;
    *found = *told;
    return 0;
}

/* All 0: nobody is remembered. */
static kd_erased remembered(void)
{
    kd_erased found = {0};
    cr_assert_eq(kd_erased_each(&r.store, erased_find, &found), KD_OK);
    return found;
}

typedef struct {
    kd_bytes name;
    uint32_t rows;
    bool redo;
} holding;

static int count_row(void *arg, kd_bytes key, kd_bytes value)
{
    holding *h = arg;
    bool named = memmem(key.data, key.len, h->name.data, h->name.len) ||
                 memmem(value.data, value.len, h->name.data, h->name.len);
    if (named && (key.data[0] != 'r' || h->redo)) h->rows++;
    return 0;
}

static uint32_t rows_that_name(const char *name, bool redo)
{
    const uint8_t from[] = {0}, to[] = {0xff};
    holding h = {.name = kd_bytes_str(name), .redo = redo};
    cr_assert_eq(r.store.scan(r.store.ctx, kd_bytes_of(from, 1), kd_bytes_of(to, 1), count_row, &h), KD_OK);
    return h.rows;
}

/* Rows of the store that name the user, but redo. */
static uint32_t rows_naming(const char *name)
{
    return rows_that_name(name, false);
}

Test(erased, likes_are_withdrawn_and_no_row_names_the_user)
{
    likes();
    says(&a, 3, 1, noon, false); /* a tombstone of his own */
    rig_commit(&r);
    cr_assert_eq(rows_naming("u1"), 3u);
    cr_assert_eq(mark(1), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u, "the mark alone withdraws nothing");
    cr_assert_eq(withdraw(1, 3), KD_FED_DECIDED);
    for (uint32_t i = 1; i <= 2; i++) {
        cr_expect_eq(rig_total(&r, i, LIKE), 1u);
        cr_expect_eq(rig_region(&r, i, LIKE, "us"), 1u, "of user 2");
        cr_expect(rig_sums_agree(&r, i));
    }
    cr_expect_eq(remembered().withdrawn, 2u);
    cr_expect_neq(remembered().finished_us, 0u);
    cr_expect_eq(rows_naming("u1"), 0u);
    cr_expect_eq(rows_naming("u2"), 2u);
}

/* All that the topics are owed is delivered. */
static void publish(void)
{
    rig_snapshot s = {0};
    uint64_t version;
    while (kd_central_changes_next(r.c, &record, &version) == KD_OK) continue;
    cr_assert_eq(rig_snapshot_take(&r, r.now_us, &s), KD_OK);
    kd_central_changes_delivered(r.c, kd_central_version(r.c));
    rig_snapshot_finish(&s);
}

Test(erased, redo_that_names_the_user_goes_with_the_next_commits)
{
    likes();
    cr_assert_eq(mark(1), KD_FED_DECIDED);
    cr_assert_eq(withdraw(1, 2), KD_FED_DECIDED);
    reopen();
    cr_assert_gt(rows_that_name("u1", true), 0u);
    for (uint64_t i = 1; i < 6; i++) {
        publish();
        says(&b, 5, 9, STAMP + i * second, true);
        rig_commit(&r);
    }
    cr_expect_eq(rows_that_name("u1", true), 0u);
    cr_expect_gt(rows_that_name("u9", true), 1u, "others' redo stays as long as it is small");
}

Test(erased, what_comes_late_does_not_count_on_any_item)
{
    kd_central_stats stats;
    likes();
    cr_assert_eq(mark(1), KD_FED_DECIDED);
    cr_assert_eq(withdraw(1, 2), KD_FED_DECIDED);
    reopen();
    says(&b, 1, 1, STAMP, true);
    says(&b, 4, 1, noon + second, true); /* an item that he was never seen on */
    says(&b, 5, 1, noon, false);
    rig_commit(&r);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
    cr_expect_eq(rig_total(&r, 4, LIKE), 0u);
    cr_expect_eq(rows_naming("u1"), 0u);
    kd_central_get_stats(r.c, &stats);
    cr_expect_eq(stats.erased_ignored, 3u);
    says(&b, 4, 2, noon, true);
    rig_commit(&r);
    cr_expect_eq(rig_total(&r, 4, LIKE), 1u, "others are no concern of it");
}

Test(erased, what_he_says_later_counts_as_of_a_new_user)
{
    likes();
    cr_assert_eq(mark(1), KD_FED_DECIDED);
    says(&b, 1, 1, STAMP + 1, true); /* before his rows are named */
    rig_commit(&r);
    cr_assert_eq(withdraw(1, 2), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u);
    cr_expect_eq(rig_region(&r, 1, LIKE, "us"), 2u);
    cr_expect_eq(remembered().withdrawn, 1u, "of item 2");
    says(&b, 2, 1, STAMP + 1, true);
    rig_commit(&r);
    cr_expect_eq(rig_total(&r, 2, LIKE), 2u);
    says(&b, 2, 1, STAMP + 2, false);
    rig_commit(&r);
    cr_expect_eq(rig_total(&r, 2, LIKE), 1u);
    cr_expect_eq(rows_naming("u1"), 2u, "a tombstone of later stands");
}

/* Mark, rows and what is later in one commit or in several: the same. */
Test(erased, it_does_not_matter_where_commits_end)
{
    for (int apart = 0; apart < 2; apart++) {
        if (apart) tear_down(), set_up();
        likes();
        kd_decision d = mark_of("e", 1, STAMP);
        cr_assert_eq(feed_only(&d), KD_FED_DECIDED);
        if (apart) rig_commit(&r);
        says(&b, 1, 1, noon + second, true);
        d = rows_of("e", 2, 1, 2, noon);
        cr_assert_eq(feed_only(&d), KD_FED_DECIDED);
        if (apart) rig_commit(&r);
        says(&b, 2, 1, STAMP + second, true);
        rig_commit(&r);
        cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
        cr_expect_eq(rig_total(&r, 2, LIKE), 2u);
        cr_expect_eq(rows_naming("u1"), 1u);
        cr_expect_eq(remembered().withdrawn, 2u);
    }
}

Test(erased, a_decision_that_is_repeated_or_of_another_job_withdraws_nothing)
{
    likes();
    kd_decision d = rows_of("e", 1, 1, 2, noon);
    cr_expect_eq(decide(&d), KD_FED_VOID, "nobody is erased");
    cr_assert_eq(mark(1), KD_FED_DECIDED);
    cr_expect_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_DUPLICATE);
    d = rows_of("f", 1, 1, 2, noon);
    cr_expect_eq(decide(&d), KD_FED_VOID, "a job that erases nobody");
    d = rows_of("e", 2, 1, 2, noon);
    d.stamp_us++;
    cr_expect_eq(decide(&d), KD_FED_VOID, "another stamp");
    d = rows_of("e", 2, 2, 2, noon);
    cr_expect_eq(decide(&d), KD_FED_DECIDED, "rows of somebody else stay");
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u);
    cr_expect_eq(remembered().withdrawn, 0u);
}

Test(erased, an_older_row_than_the_operator_saw_goes_as_well)
{
    likes();
    cr_assert_eq(mark(1), KD_FED_DECIDED);
    kd_decision d =
        rows_of("e", 2, 1, 2, noon + second); /* a later word, which this central has lost with the log */
    cr_assert_eq(decide(&d), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
    cr_expect_eq(rows_naming("u1"), 0u);
}

Test(erased, who_is_erased_again_is_erased_up_to_the_later_stamp)
{
    likes();
    cr_assert_eq(mark(1), KD_FED_DECIDED);
    cr_assert_eq(withdraw(1, 2), KD_FED_DECIDED);
    says(&a, 1, 1, STAMP + second, true);
    rig_commit(&r);
    kd_decision d = mark_of("f", 1, STAMP);
    cr_expect_eq(write_decision(&d), KD_EINVAL, "not above the stamp before");
    d = mark_of("f", 1, STAMP + 2 * second);
    cr_assert_eq(decide(&d), KD_FED_DECIDED);
    cr_expect_eq(remembered().finished_us, 0u, "it is under way again");
    d = rows_of("f", 2, 1, 1, STAMP + second);
    d.stamp_us = STAMP + 2 * second;
    cr_assert_eq(decide(&d), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
    cr_expect_eq(remembered().withdrawn, 1u);
}

Test(erased, who_is_erased_is_remembered_by_the_commit_that_merges_the_decision)
{
    likes();
    kd_decision d = mark_of("e", 1, STAMP);
    cr_assert_eq(feed_only(&d), KD_FED_DECIDED);
    reopen(); /* the commit is lost, and the log still has the decision */
    cr_expect_eq(remembered().stamp_us, 0u);
    cr_expect_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_DECIDED);
    rig_commit(&r);
    reopen();
    cr_expect_eq(remembered().stamp_us, STAMP);
    cr_assert_eq(withdraw(1, 2), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
}

Test(erased, an_import_of_what_he_said_before_counts_nothing)
{
    likes();
    cr_assert_eq(mark(1), KD_FED_DECIDED);
    kd_op ops[] = {{rig_item(7), rig_user(1), noon, RIG_LIKE, true},
                   {rig_item(7), rig_user(3), noon, RIG_LIKE, true}};
    kd_body imported = {.ops = ops, .op_count = 2};
    kd_buf_clear(&body);
    kd_body_encode(&imported, &body);
    kd_decision d = {.job = kd_bytes_str("i"), .seq = 1, .what = KD_DECIDED_OPERATIONS};
    d.region = kd_bytes_str("in");
    d.author = kd_bytes_str("_import");
    d.body = kd_buf_view(&body);
    cr_assert_eq(decide(&d), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 7, LIKE), 1u);
    cr_expect_eq(rows_naming("u1"), 2u, "what stood before, and is not withdrawn yet");
}

/* ---- beside voids ---- */

static kd_decision void_of(uint64_t seq, kd_decided what, uint64_t time_us)
{
    kd_op op = {rig_item(1), rig_user(1), time_us, RIG_LIKE, what == KD_DECIDED_PUT_BACK};
    kd_body named = {.ops = &op, .op_count = 1};
    kd_buf_clear(&body);
    kd_body_encode(&named, &body);
    return (kd_decision){.job = kd_bytes_str("v"),
                         .seq = seq,
                         .what = what,
                         .author = kd_bytes_str(KD_VOID_AUTHOR),
                         .stamp_us = noon + second + (what == KD_DECIDED_PUT_BACK),
                         .body = kd_buf_view(&body)};
}

Test(erased, a_void_that_is_undone_brings_nothing_of_him_back)
{
    likes();
    kd_decision d = void_of(1, KD_DECIDED_WITHDRAW, noon);
    cr_assert_eq(decide(&d), KD_FED_DECIDED);
    cr_assert_eq(rig_total(&r, 1, LIKE), 1u);
    cr_assert_eq(mark(1), KD_FED_DECIDED);
    d = void_of(2, KD_DECIDED_PUT_BACK, noon + second);
    cr_assert_eq(decide(&d), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
    d = rows_of("e", 2, 1, 1, noon + second); /* the tombstone of the void names him, too */
    cr_assert_eq(decide(&d), KD_FED_DECIDED);
    cr_expect_eq(rows_naming("u1"), 1u, "of item 2, which was not named");
}

Test(erased, a_void_leaves_an_erased_user_alone)
{
    likes();
    cr_assert_eq(mark(1), KD_FED_DECIDED);
    kd_decision d = void_of(1, KD_DECIDED_WITHDRAW, noon);
    cr_assert_eq(decide(&d), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u, "the erasure finds the row as it was");
    cr_assert_eq(withdraw(1, 2), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
}

Test(erased, an_erasure_is_stamped_above_the_voids_that_can_be_undone)
{
    likes();
    kd_decision d = void_of(1, KD_DECIDED_WITHDRAW, noon);
    d.stamp_us = STAMP + second;
    cr_assert_eq(decide(&d), KD_FED_DECIDED);
    d = mark_of("e", 1, STAMP);
    cr_expect_eq(write_decision(&d), KD_EINVAL);
}

/* ---- forgetting ---- */

Test(erased, the_mark_goes_as_a_tombstone_does)
{
    kd_central_forgetting f;
    r.config.tombstone_ttl_us = 1;
    reopen();
    likes();
    cr_assert_eq(mark(1), KD_FED_DECIDED);
    for (uint64_t i = 1; i < 6; i++) {
        says(&a, 5, 9, STAMP + i * 100 * second, true), says(&b, 5, 9, STAMP + i * 100 * second, true);
        rig_commit(&r);
    }
    rig_hand(&r);
    rig_commit(&r);
    kd_central_get_forgetting(r.c, &f);
    cr_assert_gt(f.floor_us, STAMP);
    cr_expect_eq(remembered().stamp_us, STAMP, "rows of him may be left");
    cr_assert_eq(withdraw(1, 2), KD_FED_DECIDED);
    says(&a, 5, 9, STAMP + 700 * second, true), says(&b, 5, 9, STAMP + 700 * second, true);
    rig_commit(&r);
    r.now_us += second;
    rig_hand(&r);
    says(&a, 5, 9, STAMP + 800 * second, true), says(&b, 5, 9, STAMP + 800 * second, true);
    rig_commit(&r);
    cr_expect_eq(remembered().stamp_us, 0u);
    says(&b, 1, 1, noon, true); /* sent again by an edge that was put back to a copy */
    rig_commit(&r);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u, "rule 22");
    reopen();
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
}

Test(erased, a_row_that_an_edge_still_has_of_him_is_forgotten_and_not_missing)
{
    kd_row_verdict verdict;
    likes();
    cr_assert_eq(mark(1), KD_FED_DECIDED);
    cr_assert_eq(withdraw(1, 2), KD_FED_DECIDED);
    const kd_compare_row row = {rig_item(1), rig_user(1), noon, RIG_LIKE, true};
    cr_assert_eq(kd_central_compare_row(r.c, kd_bytes_str("edge-a"), &row, &verdict), KD_OK);
    cr_expect_eq(verdict, KD_ROW_FORGOTTEN);
}
