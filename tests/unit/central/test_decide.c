/* What operators decide, as records of the log: which one is merged, which is void, and what their operations do (rule 24). */
#include <criterion/criterion.h>
#include <stdio.h>

#include "central/core/state.h"
#include "central/core/summed.h"
#include "kudos/decide.h"
#include "kudos/forget.h"
#include "tests/lib/central_rig.h"

enum { LIKE = 0, VIEW = 2 };
static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2, second = 1000000;

static rig r;
static rig_edge a;
static kd_buf body, record;

static void set_up(void)
{
    rig_init(&r);
    r.now_us = noon;
    a = (rig_edge){.name = "edge-a", .region = "eu"};
    body = record = (kd_buf){0};
}

static void tear_down(void)
{
    kd_buf_finish(&body);
    kd_buf_finish(&record);
    rig_finish(&r);
}

TestSuite(decide, .init = set_up, .fini = tear_down);

static kd_bytes one_operation(uint32_t user, uint64_t time_us, bool liked)
{
    kd_op op = {rig_item(1), rig_user(user), time_us, RIG_LIKE, liked};
    kd_body b = {.ops = &op, .op_count = 1};
    kd_buf_clear(&body);
    kd_body_encode(&b, &body);
    return kd_buf_view(&body);
}

static kd_decision of_operations(const char *job, uint64_t seq, kd_bytes ops)
{
    return (kd_decision){.job = kd_bytes_str(job),
                         .seq = seq,
                         .what = KD_DECIDED_OPERATIONS,
                         .region = kd_bytes_str("office"),
                         .author = kd_bytes_str("_import"),
                         .body = ops};
}

static int write_decision(const kd_decision *d)
{
    kd_buf_clear(&record);
    return kd_central_decide(r.c, d, r.now_us, &record);
}

static kd_fed feed_again(void)
{
    kd_fed fed = rig_feed(&r, kd_buf_view(&record));
    rig_commit(&r);
    return fed;
}

static kd_fed decide(const kd_decision *d)
{
    cr_assert_eq(write_decision(d), KD_OK);
    return feed_again();
}

static kd_fed like_of(const char *job, uint64_t seq, uint32_t user)
{
    kd_decision d = of_operations(job, seq, one_operation(user, noon, true));
    return decide(&d);
}

static kd_fed claim(uint64_t epoch, const char *central)
{
    kd_buf claimed = {0};
    kd_claim_encode(&(kd_claim){.epoch = epoch, .central = kd_bytes_str(central), .at_us = noon}, &claimed);
    kd_fed fed = rig_feed(&r, kd_buf_view(&claimed));
    kd_buf_finish(&claimed);
    return fed;
}

static void reopen(void)
{
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
}

static kd_job_progress progress(const char *job)
{
    return kd_central_decided(r.c, kd_bytes_str(job));
}

Test(decide, operations_count_as_those_of_a_batch_in_their_region)
{
    cr_assert_eq(like_of("j", 1, 7), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
    cr_expect_eq(rig_region(&r, 1, LIKE, "office"), 1u);
    rig_one(&r, &a, (rig_op){1, 7, noon + second, RIG_LIKE, false});
    rig_commit(&r);
    cr_expect_eq(rig_total(&r, 1, LIKE), 0u, "a later stamp of an edge wins");
    kd_decision older = of_operations("j", 2, one_operation(7, noon + 1, true));
    cr_expect_eq(decide(&older), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 0u, "an older one does nothing");
    cr_expect(rig_sums_agree(&r, 1));
}

static kd_bytes one_sum(uint64_t amount)
{
    kd_sum sum = {rig_item(1), amount, kd_day_of(noon), RIG_VIEW};
    kd_body b = {.sums = &sum, .sum_count = 1};
    kd_buf_clear(&body);
    kd_body_encode(&b, &body);
    return kd_buf_view(&body);
}

Test(decide, sums_of_a_decision_count_once_however_often_it_is_read)
{
    kd_decision d = of_operations("j", 1, one_sum(500));
    cr_assert_eq(decide(&d), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, VIEW), 500u);
    cr_expect_eq(rig_region(&r, 1, VIEW, "office"), 500u);
    cr_expect_eq(feed_again(), KD_FED_DUPLICATE);
    reopen();
    cr_expect_eq(feed_again(), KD_FED_DUPLICATE);
    cr_expect_eq(rig_total(&r, 1, VIEW), 500u);
    cr_expect(rig_sums_agree(&r, 1));
}

/* Other jobs, as many as a partition remembers. */
static void crowd_out(int life)
{
    char name[24];
    for (uint32_t i = 0; i < KD_DECIDED_JOBS_MAX; i++) {
        snprintf(name, sizeof name, "j%d-%u", life, i);
        r.now_us += second;
        kd_decision d = of_operations(name, 1, one_operation(100 + i, noon, true));
        d.last = true;
        cr_assert_eq(decide(&d), KD_FED_DECIDED, "%s", name);
    }
}

Test(decide, a_job_that_added_sums_is_never_forgotten)
{
    cr_assert_eq(like_of("old", 1, 7), KD_FED_DECIDED);
    kd_decision d = of_operations("old", 2, one_sum(500)); /* it had only likes before */
    d.last = true;
    cr_assert_eq(decide(&d), KD_FED_DECIDED);
    cr_expect_eq(r.c->decider.job_count, 0u, "it leaves the others their room");
    for (int life = 0; life < 2; life++) {
        crowd_out(life);
        cr_expect_eq(progress("old").seq, 2u);
        cr_expect(progress("old").finished);
        kd_decision again = of_operations("old", 1, one_sum(500));
        cr_expect_eq(decide(&again), KD_FED_DUPLICATE, "said anew");
        cr_expect_eq(rig_total(&r, 1, VIEW), 500u);
        reopen();
    }
}

Test(decide, when_too_many_jobs_have_added_sums_one_more_is_refused)
{
    char name[16];
    kd_decided_job j = {.seq = 1, .finished = true, .sums = true};
    kd_decision more = of_operations("more", 1, one_sum(1));
    cr_assert_eq(write_decision(&more), KD_OK);
    while (!kd_summed_full(&r.c->decider)) {
        j.name_len = (uint8_t)snprintf(name, sizeof name, "j%zu", r.c->decider.summed.count);
        memcpy(j.name, name, j.name_len);
        kd_summed_add(&r.c->decider, &j);
    }
    cr_expect_eq(feed_again(), KD_FED_VOID, "it was written when there was room");
    cr_expect_eq(write_decision(&more), KD_EFULL);
    kd_decision d = of_operations("j3", 2, one_sum(1));
    cr_expect_eq(write_decision(&d), KD_OK);
    cr_expect_eq(like_of("likes", 1, 7), KD_FED_DECIDED, "likes have stamps");
    d = of_operations("likes", 2, one_sum(1));
    cr_expect_eq(write_decision(&d), KD_EFULL);
}

Test(decide, sums_of_an_author_are_bounded_as_those_of_an_edge_and_no_void_has_any)
{
    kd_decision huge = of_operations("j", 1, one_sum(KD_SUM_AMOUNT_MAX + 1));
    cr_expect_eq(write_decision(&huge), KD_EINVAL);
    kd_decision withdraw = {.job = kd_bytes_str("v"),
                            .seq = 1,
                            .what = KD_DECIDED_WITHDRAW,
                            .stamp_us = noon,
                            .author = kd_bytes_str("_void"),
                            .body = one_sum(1)};
    cr_expect_eq(write_decision(&withdraw), KD_EINVAL);
    kd_decision most = of_operations("j", 1, one_sum(KD_SUM_AMOUNT_MAX));
    cr_assert_eq(decide(&most), KD_FED_DECIDED);
    r.c->edges[kd_registry_find(r.c, kd_bytes_str("_import"))].tentative.amount = (1ull << 51) - 1;
    kd_decision next = of_operations("j", 2, one_sum(2));
    cr_expect_eq(write_decision(&next), KD_EINVAL);
}

Test(decide, an_author_of_equal_time_stands_by_its_name_as_an_edge_does)
{
    rig_one(&r, &a, (rig_op){1, 7, noon, RIG_LIKE, false});
    rig_commit(&r);
    cr_assert_eq(like_of("j", 1, 7), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 0u, "_import is below edge-a");
}

Test(decide, an_author_is_no_edge_to_anybody)
{
    kd_central_edge edges[4];
    rig_one(&r, &a, (rig_op){1, 1, noon, RIG_LIKE, true});
    rig_commit(&r);
    uint64_t as_of = kd_central_as_of_us(r.c);
    cr_assert_gt(as_of, 0u);
    cr_assert_eq(like_of("j", 1, 7), KD_FED_DECIDED);
    cr_expect_eq(kd_central_as_of_us(r.c), as_of, "nobody waits for it");
    cr_expect_eq(kd_central_edges(r.c, edges, 4), 1u);
    rig_snapshot s;
    cr_assert_eq(rig_snapshot_take(&r, noon, &s), KD_OK);
    cr_expect_eq(s.parts[0].edge_count, 1u);
    rig_snapshot_finish(&s);
    cr_expect_eq(rig_decide(&r, KD_DECIDED_RETIRE, kd_bytes_str("_import"), NULL), KD_ENOTFOUND);
    reopen();
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u);
    cr_expect_eq(kd_central_as_of_us(r.c), as_of);
}

Test(decide, a_new_author_does_not_hold_what_edges_may_forget)
{
    uint64_t version;
    rig_one(&r, &a, (rig_op){1, 1, noon, RIG_LIKE, true});
    rig_commit(&r);
    cr_assert_eq(kd_central_backup_begin(r.c, kd_bytes_str("b"), &version), KD_OK);
    cr_assert_eq(kd_central_backup_complete(r.c, kd_bytes_str("b"), &version), KD_OK);
    rig_commit(&r);
    uint64_t stable = kd_central_stable_us(r.c);
    cr_assert_gt(stable, 0u);
    like_of("j", 1, 7);
    cr_expect_eq(kd_central_stable_us(r.c), stable);
}

Test(decide, a_repeated_decision_is_merged_once)
{
    kd_decision like = of_operations("j", 1, one_operation(7, noon, true));
    cr_assert_eq(decide(&like), KD_FED_DECIDED);
    cr_expect_eq(feed_again(), KD_FED_DUPLICATE, "a copy in the log");
    cr_expect_eq(decide(&like), KD_FED_DUPLICATE, "written once more");
    reopen();
    cr_expect_eq(feed_again(), KD_FED_DUPLICATE, "read again by a later start");
    cr_expect_eq(progress("j").seq, 1u);
}

Test(decide, decisions_of_a_job_are_merged_in_their_order)
{
    cr_expect_eq(like_of("j", 2, 7), KD_FED_VOID, "the first one is missing");
    cr_expect_eq(like_of("j", 1, 7), KD_FED_DECIDED);
    cr_expect_eq(like_of("j", 3, 7), KD_FED_VOID);
    cr_expect_eq(like_of("j", 2, 8), KD_FED_DECIDED);
    cr_expect_eq(like_of("k", 1, 9), KD_FED_DECIDED, "another job has its own order");
    cr_expect_eq(rig_total(&r, 1, LIKE), 3u);
}

Test(decide, an_order_is_answered_when_its_merge_is_durable)
{
    kd_decision like = of_operations("j", 1, one_operation(7, noon, true));
    like.last = true;
    cr_expect_eq(progress("j").seq, 0u);
    cr_assert_eq(write_decision(&like), KD_OK);
    cr_expect_eq(progress("j").seq, 0u, "written is not merged");
    rig_feed(&r, kd_buf_view(&record));
    cr_expect_eq(progress("j").seq, 1u);
    cr_expect(!progress("j").durable);
    rig_commit(&r);
    cr_expect(progress("j").durable && progress("j").finished);
    reopen();
    cr_expect(progress("j").durable && progress("j").finished);
    cr_expect_eq(like_of("j", 2, 8), KD_FED_VOID, "nothing comes behind the last one");
}

Test(decide, a_decision_of_a_superseded_epoch_is_void_where_it_stands_behind_the_later_claim)
{
    uint64_t epoch = kd_central_epoch(r.c);
    claim(epoch, "central-1");
    kd_decision like = of_operations("j", 1, one_operation(7, noon, true));
    cr_assert_eq(write_decision(&like), KD_OK);
    reopen();
    claim(kd_central_epoch(r.c), "central-1");
    cr_expect_eq(feed_again(), KD_FED_VOID);
    cr_expect_eq(rig_total(&r, 1, LIKE), 0u);
    cr_expect_eq(decide(&like), KD_FED_DECIDED, "the operator says it again");
}

Test(decide, a_later_start_obeys_what_stands_before_its_own_claim)
{
    claim(kd_central_epoch(r.c), "central-1");
    kd_decision like = of_operations("j", 1, one_operation(7, noon, true));
    cr_assert_eq(write_decision(&like), KD_OK);
    reopen();
    cr_expect_eq(feed_again(), KD_FED_DECIDED, "the first claim is in force there");
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
}

Test(decide, a_decision_whose_claim_the_log_lost_is_obeyed_and_its_epoch_outbid)
{
    kd_decision like = of_operations("j", 1, one_operation(7, noon, true));
    cr_assert_eq(write_decision(&like), KD_OK);
    uint64_t epoch = kd_central_epoch(r.c);
    kd_decision d;
    kd_buf other = {0};
    cr_assert_eq(kd_decision_decode(kd_buf_view(&record), &d), KD_OK);
    d.epoch += 1000;
    kd_decision_encode(&d, &other);
    cr_expect_eq(rig_feed(&r, kd_buf_view(&other)), KD_FED_DECIDED);
    rig_commit(&r);
    cr_expect_gt(kd_central_epoch(r.c), epoch + 1000);
    cr_expect_eq(feed_again(), KD_FED_VOID, "the lower epoch is superseded there");
    kd_buf_finish(&other);
}

Test(decide, a_log_that_is_read_again_is_judged_by_the_claims_that_stand_in_it)
{
    uint64_t first = kd_central_epoch(r.c);
    rig_one(&r, &a, (rig_op){1, 1, noon, RIG_LIKE, true});
    rig_commit(&r);
    claim(first, "central-1");
    kd_decision like = of_operations("j", 1, one_operation(7, noon, true));
    cr_assert_eq(write_decision(&like), KD_OK); /* never merged: as in a central that was restored */
    reopen();
    claim(kd_central_epoch(r.c), "central-1");
    cr_assert_eq(rig_decide(&r, KD_DECIDED_RETIRE, kd_bytes_str("edge-a"), NULL), KD_OK);
    cr_assert_eq(rig_one(&r, &a, (rig_op){1, 2, noon, RIG_LIKE, true}), KD_FED_RETIRED);
    cr_assert_eq(rig_decide(&r, KD_DECIDED_READMIT, kd_bytes_str("edge-a"), NULL), KD_OK);
    rig_commit(&r);
    cr_assert(kd_central_log_again(r.c));
    claim(first, "central-1");
    cr_expect_eq(feed_again(), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u);
}

Test(decide, finished_jobs_are_forgotten_first_and_what_they_left_is_not_merged_again)
{
    char name[16];
    cr_assert_eq(like_of("open", 1, 1), KD_FED_DECIDED);
    kd_decision first = of_operations("first", 1, one_operation(7, noon, true));
    first.last = true;
    cr_assert_eq(decide(&first), KD_FED_DECIDED);
    kd_buf kept = {0};
    kd_buf_put(&kept, record.data, record.len);
    for (uint32_t i = 0; i < KD_DECIDED_JOBS_MAX; i++) {
        snprintf(name, sizeof name, "j%u", i);
        r.now_us += second;
        kd_decision d = of_operations(name, 1, one_operation(100 + i, noon, true));
        d.last = true;
        cr_assert_eq(decide(&d), KD_FED_DECIDED, "%s", name);
    }
    cr_expect_eq(progress("first").seq, 0u, "the oldest finished one went");
    cr_expect_eq(progress("open").seq, 1u, "one that goes on stays");
    cr_expect_eq(rig_feed(&r, kd_buf_view(&kept)), KD_FED_VOID, "a copy of what is forgotten is no new job");
    kd_buf_finish(&kept);
    reopen();
    r.now_us -= 2 * KD_DECIDED_JOBS_MAX * second; /* a clock that was set back */
    cr_expect_eq(like_of("new", 1, 9), KD_FED_DECIDED);
}

Test(decide, jobs_that_all_go_on_leave_no_room_until_one_was_idle_for_long)
{
    char name[16];
    for (uint32_t i = 0; i < KD_DECIDED_JOBS_MAX; i++) {
        snprintf(name, sizeof name, "j%u", i);
        cr_assert_eq(like_of(name, 1, i), KD_FED_DECIDED);
    }
    cr_expect_eq(like_of("more", 1, 7), KD_FED_VOID);
    r.now_us += KD_DECIDED_IDLE_US + second;
    cr_expect_eq(like_of("more", 1, 7), KD_FED_DECIDED);
    cr_expect_eq(progress("j0").seq, 0u);
}

Test(decide, what_central_could_not_merge_it_does_not_write)
{
    kd_decision d = of_operations("j", 1, one_operation(7, noon + 3 * RIG_DAY, true));
    cr_expect_eq(write_decision(&d), KD_EINVAL, "days ahead of the clock");
    kd_op op = {rig_item(1), rig_user(1), noon, RIG_VIEW, true};
    kd_body b = {.ops = &op, .op_count = 1};
    kd_buf_clear(&body);
    kd_body_encode(&b, &body);
    d = of_operations("j", 1, kd_buf_view(&body));
    cr_expect_eq(write_decision(&d), KD_EINVAL, "a sum is no set");
    kd_buf_put_u8(&body, 0);
    d.body = kd_buf_view(&body);
    cr_expect_eq(write_decision(&d), KD_EINVAL, "no body");
}

Test(decide, a_decision_that_cannot_be_merged_is_kept_and_its_job_waits)
{
    kd_decision d, good = of_operations("j", 1, one_operation(7, noon, true));
    kd_central_stats stats;
    kd_buf other = {0};
    cr_assert_eq(write_decision(&good), KD_OK);
    cr_assert_eq(kd_decision_decode(kd_buf_view(&record), &d), KD_OK);
    d.at_us = noon - 3 * RIG_DAY; /* its operation lies ahead of that */
    kd_decision_encode(&d, &other);
    cr_expect_eq(rig_feed(&r, kd_buf_view(&other)), KD_FED_QUARANTINED);
    kd_central_get_stats(r.c, &stats);
    cr_expect_eq(stats.quarantine_kept, 1u);
    cr_expect_eq(progress("j").seq, 0u);
    cr_expect_eq(feed_again(), KD_FED_DECIDED);
    kd_buf_finish(&other);
}

Test(decide, an_old_operation_counts_though_tombstones_below_the_floor_are_gone)
{
    r.config.tombstone_ttl_us = 1;
    r.now_us = noon + 3600 * second;
    reopen();
    for (int i = 0; i < 4; i++) {
        rig_one(&r, &a, (rig_op){2, 1, noon + (uint64_t)i * second, RIG_LIKE, true});
        rig_commit(&r);
    }
    kd_central_forgetting f;
    rig_hand(&r);
    rig_commit(&r);
    kd_central_get_forgetting(r.c, &f);
    cr_assert_gt(f.floor_us, noon);
    kd_decision old = of_operations("j", 1, one_operation(7, noon - 1000 * second, true));
    cr_assert_eq(decide(&old), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
}
