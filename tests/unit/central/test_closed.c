/* Items that an operator closed, opened or deleted: what counts, what edges are told, and what is left of a deleted one (rule 27). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "kudos/audit.h"
#include "kudos/central_compare.h"
#include "kudos/decide.h"
#include "tests/lib/central_rig.h"

enum { LIKE = 0, VIEW = 2 };
static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2, second = 1000000;

static rig r;
static rig_edge a;
static uint64_t job;

static void set_up(void)
{
    rig_init(&r);
    r.now_us = noon;
    a = (rig_edge){.name = "edge-a", .region = "eu"};
    job = 0;
}

static void tear_down(void)
{
    rig_finish(&r);
}

TestSuite(closed, .init = set_up, .fini = tear_down);

static void decide(kd_decided what, uint32_t item, uint64_t stamp_us)
{
    char name[16];
    kd_buf record = {0};
    snprintf(name, sizeof name, "j%llu", (unsigned long long)++job);
    kd_decision d = {.job = kd_bytes_str(name), .seq = 1, .last = true, .what = what};
    d.item = rig_item(item);
    d.stamp_us = stamp_us;
    cr_assert_eq(kd_central_decide(r.c, &d, r.now_us, &record), KD_OK);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_DECIDED);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_DUPLICATE);
    rig_commit(&r);
    kd_buf_finish(&record);
}

static void like(uint32_t item, uint32_t user, uint64_t time_us)
{
    cr_assert_eq(rig_one(&r, &a, (rig_op){item, user, time_us, RIG_LIKE, true}), KD_FED_MERGED);
    rig_commit(&r);
}

static void view(uint32_t item, uint64_t amount, uint64_t complete_to_us)
{
    kd_buf record = {0};
    kd_sum sum = {.item = rig_item(item), .amount = amount, .day = kd_day_of(noon), .counter = RIG_VIEW};
    rig_seal(&a, NULL, 0, &sum, 1, complete_to_us, &record);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_MERGED);
    rig_commit(&r);
    kd_buf_finish(&record);
}

static void reopen(void)
{
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
}

static uint64_t ignored(void)
{
    kd_central_stats stats;
    kd_central_get_stats(r.c, &stats);
    return stats.closed_ignored;
}

static int count_row(void *arg, kd_bytes key, kd_bytes value)
{
    (void)key, (void)value;
    ++*(uint32_t *)arg;
    return 0;
}

static uint32_t members(void)
{
    uint32_t rows = 0;
    kd_store store = sim_disk_view(r.disk);
    cr_assert_eq(store.scan(store.ctx, kd_bytes_str("m"), kd_bytes_str("n"), count_row, &rows), KD_OK);
    return rows;
}

static void wrong(void *arg, const kd_audit_mismatch *m)
{
    (void)arg, (void)m;
}

static bool go_on(void *arg, uint64_t rows)
{
    (void)arg, (void)rows;
    return true;
}

static uint64_t mismatches(void)
{
    kd_audit_result result;
    kd_audit_config config = {.counters = &r.counters,
                              .shown = kd_central_counts_copy(r.c, 1000),
                              .mismatch = wrong,
                              .progress = go_on};
    cr_assert_eq(kd_audit_run(&r.store, &config, &result), KD_OK);
    kd_counts_copy_destroy(config.shown);
    return result.mismatches;
}

Test(closed, the_stamp_decides_however_late_an_operation_arrives)
{
    like(1, 1, noon - second);
    decide(KD_DECIDED_CLOSE, 1, noon);
    like(1, 2, noon);
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u, "stamped before the close, merged after it");
    like(1, 3, noon + 1);
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u);
    cr_expect_eq(ignored(), 1u);
    like(2, 3, noon + 1);
    cr_expect_eq(rig_total(&r, 2, LIKE), 1u, "another item");
}

Test(closed, an_unlike_behind_the_close_takes_nothing_back)
{
    like(1, 1, noon - second);
    decide(KD_DECIDED_CLOSE, 1, noon);
    rig_one(&r, &a, (rig_op){1, 1, noon + second, RIG_LIKE, false});
    rig_commit(&r);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
}

Test(closed, what_is_stamped_behind_the_opening_counts_again_and_what_lies_between_never)
{
    decide(KD_DECIDED_CLOSE, 1, noon);
    decide(KD_DECIDED_OPEN, 1, noon + 10 * second);
    cr_expect(!kd_central_closed(r.c, rig_item(1)));
    like(1, 1, noon + 5 * second);
    like(1, 2, noon + 10 * second);
    like(1, 3, noon + 10 * second + 1);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
    decide(KD_DECIDED_CLOSE, 1, noon + 20 * second);
    reopen();
    cr_expect(kd_central_closed(r.c, rig_item(1)));
    like(1, 4, noon + 6 * second);
    like(1, 5, noon + 20 * second);
    like(1, 6, noon + 21 * second);
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u);
}

Test(closed, of_many_closings_the_oldest_become_one)
{
    for (uint64_t i = 0; i < 9; i++) {
        decide(KD_DECIDED_CLOSE, 1, noon + 2 * i * second);
        decide(KD_DECIDED_OPEN, 1, noon + (2 * i + 1) * second);
    }
    reopen();
    like(1, 1, noon + second + 1);
    cr_expect_eq(rig_total(&r, 1, LIKE), 0u, "the time between the first two is closed as well");
    like(1, 2, noon + 3 * second + 1);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
    like(1, 3, noon + 16 * second + 1);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
}

Test(closed, a_sum_is_left_out_where_the_item_was_closed_all_the_while)
{
    view(1, 5, noon - second);
    decide(KD_DECIDED_CLOSE, 1, noon);
    view(1, 7, noon + second);
    cr_expect_eq(rig_total(&r, 1, VIEW), 12u, "some of it may be older than the close");
    view(1, 9, noon + 2 * second);
    cr_expect_eq(rig_total(&r, 1, VIEW), 12u);
}

Test(closed, edges_are_told_with_the_counts_when_it_is_durable)
{
    rig_snapshot s;
    like(1, 1, noon - second);
    cr_assert_eq(rig_snapshot_take(&r, noon, &s), KD_OK);
    cr_expect(!s.parts[0].items[0].closed);
    rig_snapshot_finish(&s);
    decide(KD_DECIDED_CLOSE, 1, noon);
    cr_assert_eq(rig_snapshot_take(&r, noon, &s), KD_OK);
    cr_assert_eq(s.parts[0].item_count, 1u, "no count has changed, and the item is listed");
    cr_expect(s.parts[0].items[0].closed);
    cr_expect_eq(s.parts[0].items[0].at[0].value, 1u);
    rig_snapshot_finish(&s);
    decide(KD_DECIDED_OPEN, 1, noon + second);
    reopen();
    cr_assert_eq(rig_snapshot_take(&r, noon, &s), KD_OK);
    cr_assert_eq(s.parts[0].item_count, 1u, "also by the snapshot after a start");
    cr_expect(!s.parts[0].items[0].closed);
    rig_snapshot_finish(&s);
}

Test(closed, an_item_can_be_closed_before_anybody_was_heard_of)
{
    decide(KD_DECIDED_CLOSE, 1, noon);
    reopen();
    cr_expect(kd_central_closed(r.c, rig_item(1)));
    like(1, 1, noon + 1);
    cr_expect_eq(rig_total(&r, 1, LIKE), 0u);
}

Test(closed, a_deleted_item_counts_nothing_and_keeps_no_rows)
{
    for (uint32_t u = 0; u < 600; u++) rig_one(&r, &a, (rig_op){1, u, noon - second, RIG_LIKE, u % 3 != 0});
    view(1, 5, noon - second);
    like(2, 1, noon);
    decide(KD_DECIDED_DELETE, 1, noon);
    cr_expect_eq(rig_total(&r, 1, LIKE), 0u);
    cr_expect_eq(rig_total(&r, 1, VIEW), 0u);
    cr_expect_eq(members(), 1u, "the other item's");
    cr_expect(!kd_central_sweeps(r.c));
    cr_expect(rig_sums_agree(&r, 1));
    cr_expect_eq(mismatches(), 0u);
    reopen();
    cr_expect_eq(rig_total(&r, 1, LIKE) + rig_total(&r, 1, VIEW), 0u);
    cr_expect_eq(rig_total(&r, 2, LIKE), 1u);
}

Test(closed, what_is_older_than_the_deletion_brings_nothing_back)
{
    like(1, 1, noon - second);
    decide(KD_DECIDED_DELETE, 1, noon);
    like(1, 2, noon - 2 * second);
    reopen();
    like(1, 3, noon - 3 * second);
    decide(KD_DECIDED_CLOSE, 1, noon + second);
    decide(KD_DECIDED_DELETE, 1, noon + second);
    like(1, 4, noon + 2 * second);
    cr_expect_eq(rig_total(&r, 1, LIKE), 0u);
    cr_expect_eq(members(), 0u);
}

Test(closed, a_deleted_item_is_not_opened_again)
{
    kd_buf record = {0};
    kd_decision d = {.job = kd_bytes_str("o"), .seq = 1, .last = true, .what = KD_DECIDED_OPEN};
    d.item = rig_item(1);
    d.stamp_us = noon + second;
    cr_assert_eq(kd_central_decide(r.c, &d, r.now_us, &record), KD_OK, "it is not deleted yet");
    decide(KD_DECIDED_DELETE, 1, noon);
    cr_expect_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_VOID, "by what stands in front of it");
    cr_expect_eq(kd_central_decide(r.c, &d, r.now_us, &record), KD_ECLOSED);
    like(1, 1, noon + 2 * second);
    cr_expect_eq(rig_total(&r, 1, LIKE), 0u);
    cr_expect(kd_central_closed(r.c, rig_item(1)));
    kd_buf_finish(&record);
}

static void commit_once(void)
{
    const kd_writes *w;
    uint64_t version;
    if (kd_central_commit_begin(r.c, &w, &version) != KD_OK) return;
    sim_disk_apply(r.disk, w);
    cr_assert_eq(kd_central_commit_end(r.c, version, KD_OK), KD_OK);
}

Test(closed, a_deletion_goes_on_after_a_crash_and_the_audit_is_exact_on_the_way)
{
    char name[] = "j";
    kd_buf record = {0};
    for (uint32_t u = 0; u < 1000; u++) rig_one(&r, &a, (rig_op){1, u, noon - second, RIG_LIKE, true});
    rig_commit(&r);
    kd_decision d = {.job = kd_bytes_str(name), .seq = 1, .what = KD_DECIDED_DELETE, .stamp_us = noon};
    d.item = rig_item(1);
    cr_assert_eq(kd_central_decide(r.c, &d, r.now_us, &record), KD_OK);
    rig_feed(&r, kd_buf_view(&record));
    for (int i = 0; i < 3; i++) commit_once();
    uint64_t left = rig_total(&r, 1, LIKE);
    cr_assert(left > 0 && left < 1000, "%llu", (unsigned long long)left);
    cr_expect_eq(mismatches(), 0u);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    commit_once();
    cr_expect_lt(rig_total(&r, 1, LIKE), left);
    cr_expect_eq(mismatches(), 0u);
    rig_commit(&r);
    cr_expect_eq(rig_total(&r, 1, LIKE), 0u);
    cr_expect_eq(members(), 0u);
    kd_buf_finish(&record);
}

/* The edge did not know, and its batch stood in front of the opening. */
Test(closed, what_was_left_out_in_front_of_an_opening_lies_in_the_closing_whatever_its_stamp)
{
    kd_row_verdict verdict = KD_ROW_SAME;
    kd_compare_row row = {.counter = RIG_LIKE, .liked = true, .time_us = noon + 12 * second};
    decide(KD_DECIDED_CLOSE, 1, noon);
    like(1, 1, noon + 11 * second);
    like(1, 2, noon + 12 * second);
    reopen();
    decide(KD_DECIDED_OPEN, 1, noon + 10 * second);
    reopen();
    row.item = rig_item(1);
    row.user = rig_user(2);
    cr_assert_eq(kd_central_compare_row(r.c, kd_bytes_str("edge-a"), &row, &verdict), KD_OK);
    cr_expect_eq(verdict, KD_ROW_FORGOTTEN, "no lost like: the operator is not alarmed");
    like(1, 3, noon + 12 * second);
    cr_expect_eq(rig_total(&r, 1, LIKE), 0u);
    like(1, 4, noon + 12 * second + 1);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
    decide(KD_DECIDED_CLOSE, 1, noon + 20 * second);
    decide(KD_DECIDED_OPEN, 1, noon + 21 * second);
    like(1, 5, noon + 22 * second);
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u, "what was left out of one closing prolongs no other");
}

Test(closed, an_edges_row_that_was_left_out_is_no_lost_like)
{
    kd_row_verdict verdict;
    decide(KD_DECIDED_CLOSE, 1, noon);
    like(1, 1, noon + second);
    like(2, 1, noon + 2 * second);
    kd_compare_row row = {.counter = RIG_LIKE, .liked = true, .time_us = noon + second};
    row.item = rig_item(1);
    row.user = rig_user(1);
    cr_assert_eq(kd_central_compare_row(r.c, kd_bytes_str("edge-a"), &row, &verdict), KD_OK);
    cr_expect_eq(verdict, KD_ROW_FORGOTTEN);
    row.time_us = noon - second;
    cr_assert_eq(kd_central_compare_row(r.c, kd_bytes_str("edge-a"), &row, &verdict), KD_OK);
    cr_expect_eq(verdict, KD_ROW_MISSING, "older than the close, and not here");
}
