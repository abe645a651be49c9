/* What has to be in the log before an operation is answered there (rule 26), and the answers that wait for it. */
#include <criterion/criterion.h>

#include "kudos/log_waits.h"
#include "tests/lib/edge_rig.h"

enum { PATIENCE_US = 1000, BATCHES_MAX = 8 };

static edge_rig r;
static kd_log_waits waits;
static kd_position at[BATCHES_MAX];
static kd_position own; /* central has applied it */
static uint64_t own_digest;

typedef struct {
    kd_log_wait wait;
    const kd_log_mark *more; /* behind the first */
    uint32_t more_count;
    int status, calls;
} asker;

static void asker_told(kd_log_wait *wait, int status)
{
    asker *who = KD_CONTAINER(wait, asker, wait);
    who->status = status;
    who->calls++;
}

static bool asker_next(kd_log_wait *wait)
{
    asker *who = KD_CONTAINER(wait, asker, wait);
    if (who->more_count == 0) return false;
    who->more_count--;
    wait->mark = *who->more++;
    return true;
}

static void set_up(void)
{
    er_init(&r);
    r.config.log_flush_interval_us = 5000;
    r.config.send_window = 2;
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(er_like(&r, 9, 9), KD_OK);
    er_seal(&r);
    er_ship(&r);
    er_word w = {.epoch = 5, .version = 1, .applied = r.batch.at, .digest = r.batch.digest};
    cr_assert_eq(er_snapshot(&r, &w), KD_SNAPSHOT_GAP);
    own = r.batch.at;
    own_digest = r.batch.digest;
    kd_log_waits_init(&waits, r.e, 1, 1, PATIENCE_US);
}

static void tear_down(void)
{
    kd_log_waits_finish(&waits);
    er_finish(&r);
}

TestSuite(in_log, .init = set_up, .fini = tear_down);

/* A batch of one like, sealed and durable. */
static kd_log_mark batch_of(uint32_t user)
{
    cr_assert_eq(er_like(&r, 1, user), KD_OK);
    er_seal(&r);
    return r.out.log;
}

static void hand_over(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_eq(er_send(&r), KD_OK);
        at[i] = r.batch.at;
    }
}

static void report(uint32_t n, bool ok)
{
    kd_edge_delivered(r.e, 0, at[n], ok, r.now_us);
}

static int logged(kd_log_mark mark)
{
    return kd_edge_in_log(r.e, &mark);
}

Test(in_log, a_batch_counts_when_kafka_has_it_and_not_when_the_disk_has_it)
{
    kd_log_mark mark = batch_of(1);
    cr_expect_eq(logged(mark), KD_EAGAIN);
    hand_over(1);
    cr_expect_eq(logged(mark), KD_EAGAIN);
    report(0, true);
    cr_expect_eq(logged(mark), KD_OK);
}

Test(in_log, an_operation_of_the_open_batch_waits_for_its_seal)
{
    batch_of(1);
    hand_over(1);
    cr_assert_eq(er_like(&r, 1, 2), KD_OK);
    report(0, true);
    cr_expect_eq(logged(r.out.log), KD_EAGAIN);
}

Test(in_log, a_batch_waits_for_those_before_it)
{
    kd_log_mark first = batch_of(1), second = batch_of(2);
    hand_over(2);
    report(1, true);
    cr_expect_eq(logged(second), KD_EAGAIN);
    report(0, true);
    cr_expect_eq(logged(first), KD_OK);
    cr_expect_eq(logged(second), KD_OK);
}

Test(in_log, a_copy_in_front_of_its_predecessor_does_not_count)
{
    kd_log_mark first = batch_of(1), second = batch_of(2);
    hand_over(2);
    report(0, false);
    report(1, true);
    r.now_us += 2 * r.config.resend_min_us;
    kd_edge_tick(r.e, r.now_us);
    hand_over(2);
    report(0, true);
    cr_expect_eq(logged(first), KD_OK);
    cr_expect_eq(logged(second), KD_EAGAIN, "its copy in the log stands before the first");
    report(1, true);
    cr_expect_eq(logged(second), KD_OK);
}

Test(in_log, what_kafka_did_not_take_goes_out_again_without_the_back_off_of_central)
{
    kd_log_mark mark = batch_of(1);
    for (uint32_t attempt = 0; attempt < 6; attempt++) {
        hand_over(1);
        report(0, false);
        r.now_us += r.config.resend_min_us + r.config.resend_min_us / 4;
        kd_edge_tick(r.e, r.now_us);
    }
    hand_over(1);
    report(0, true);
    cr_expect_eq(logged(mark), KD_OK);
}

Test(in_log, what_central_has_merged_is_there_whatever_kafka_reports)
{
    kd_log_mark first = batch_of(1), second = batch_of(2);
    hand_over(1);
    er_word w = {.epoch = 5, .version = 2, .previous = 1, .applied = r.batch.at, .digest = r.batch.digest};
    hand_over(1);
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    cr_expect_eq(logged(first), KD_OK);
    cr_expect_eq(logged(second), KD_EAGAIN);
    report(0, true);
    cr_expect_eq(logged(second), KD_OK);
}

Test(in_log, behind_a_stray_copy_that_central_has_merged_the_next_batch_goes_out_again)
{
    kd_log_mark first = batch_of(1), second = batch_of(2);
    cr_assert_eq(er_send(&r), KD_OK);
    er_word w = {.epoch = 5, .version = 2, .previous = 1, .applied = r.batch.at, .digest = r.batch.digest};
    kd_edge_producer_reset(r.e, r.now_us);
    er_ship(&r);
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    cr_expect_eq(logged(first), KD_OK);
    cr_expect_eq(logged(second), KD_EAGAIN, "the stray copy may stand behind it");
    kd_edge_tick(r.e, r.now_us);
    r.now_us += 2 * r.config.resend_min_us;
    kd_edge_tick(r.e, r.now_us);
    er_ship(&r);
    cr_expect_eq(logged(second), KD_OK);
}

Test(in_log, batches_leave_without_regard_to_what_central_has_applied)
{
    kd_log_mark mark = {0};
    for (uint32_t i = 0; i < 3 * r.config.send_window; i++) {
        mark = batch_of(i);
        er_ship(&r);
    }
    cr_expect_eq(logged(mark), KD_OK);
    for (uint32_t i = 0; i < r.config.send_window; i++) batch_of(100 + i);
    hand_over(r.config.send_window);
    mark = batch_of(200);
    cr_expect_eq(er_send(&r), KD_ENOTFOUND, "so many are on their way");
}

Test(in_log, a_batch_gathers_longer_while_central_applies_nothing)
{
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    er_commit(&r);
    cr_expect_eq(kd_edge_tick(r.e, r.now_us), r.now_us + r.config.log_flush_interval_us);
    for (uint32_t i = 0; i < 2 * r.config.send_window; i++) batch_of(10 + i);
    cr_assert_eq(er_like(&r, 1, 2), KD_OK);
    er_commit(&r);
    cr_expect_eq(kd_edge_tick(r.e, r.now_us), r.now_us + 3 * r.config.log_flush_interval_us);
}

Test(in_log, after_a_start_a_retry_waits_until_the_old_batches_were_reported_anew)
{
    kd_request rq = er_request(1, 1);
    rq.idempotency_key = kd_bytes_str("key");
    cr_assert_eq(er_take(&r, &rq), KD_OK);
    er_seal(&r);
    er_ship(&r);
    cr_expect_eq(logged(r.out.log), KD_OK);
    cr_assert_eq(er_open(&r), KD_OK);
    er_commit(&r);
    cr_assert_eq(er_take(&r, &rq), KD_OK);
    cr_assert(r.out.replayed);
    cr_expect_eq(logged(r.out.log), KD_EAGAIN);
    er_ship(&r);
    cr_expect_eq(logged(r.out.log), KD_OK);
}

Test(in_log, after_a_restore_of_central_the_outbox_has_to_be_there_once_more)
{
    er_word w = {.epoch = 5, .version = 9, .previous = 1, .applied = own, .digest = own_digest};
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    kd_log_mark mark = batch_of(1);
    er_ship(&r);
    cr_expect_eq(logged(mark), KD_OK);
    w = (er_word){.epoch = 6, .version = 4, .previous = 3, .chain = {{5, 3}}, .chain_count = 1};
    w.applied = own;
    w.digest = own_digest;
    cr_assert_eq(er_snapshot(&r, &w), KD_SNAPSHOT_UNDONE);
    cr_expect_eq(logged(mark), KD_EAGAIN);
    er_ship(&r);
    cr_expect_eq(logged(mark), KD_OK);
}

Test(in_log, a_mark_from_before_a_move_never_tells)
{
    kd_log_mark mark = batch_of(1);
    er_word w = {.epoch = 5, .version = 2, .previous = 1, .digest = 3};
    w.applied = (kd_position){kd_edge_incarnation(r.e) + 1, 7};
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    cr_expect_eq(logged(mark), KD_ENOTFOUND);
    er_settle(&r);
    er_seal(&r);
    while (er_send(&r) == KD_OK) kd_edge_delivered(r.e, 0, r.batch.at, true, r.now_us);
    cr_expect_eq(logged(mark), KD_ENOTFOUND);
    kd_log_mark later = batch_of(2);
    er_ship(&r);
    cr_expect_eq(logged(later), KD_EAGAIN, "applied is the other process's");
    w = (er_word){.epoch = 5, .version = 3, .previous = 2, .applied = r.batch.at, .digest = r.batch.digest};
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    cr_expect_eq(logged(later), KD_OK);
}

Test(in_log, an_empty_disk_answers_nothing_before_central_has_merged_a_batch_of_it)
{
    sim_disk_destroy(r.disk);
    r.disk = sim_disk_create();
    cr_assert_eq(er_open(&r), KD_OK);
    kd_log_mark first = batch_of(1);
    er_ship(&r);
    cr_expect_eq(logged(first), KD_EAGAIN, "an earlier life may have gone further");
    er_word w = {.epoch = 5, .version = 2, .previous = 1, .applied = {7, 3}, .digest = 9};
    cr_assert_eq(er_snapshot(&r, &w), KD_SNAPSHOT_GAP);
    er_ship(&r);
    cr_expect_eq(r.batch.after.seq, 3, "it goes again at once");
    cr_expect_eq(logged(first), KD_EAGAIN, "central may still read batches of the earlier life");
    kd_log_mark second = batch_of(2);
    w = (er_word){.epoch = 5, .version = 3, .previous = 2, .applied = r.batch.at, .digest = r.batch.digest};
    er_ship(&r);
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    cr_expect_eq(logged(first), KD_OK);
    cr_expect_eq(logged(second), KD_OK);
}

/* ---- waits ---- */

static asker asker_of(kd_log_mark mark)
{
    return (asker){.wait = {.mark = mark, .fn = asker_told}, .status = 1};
}

Test(in_log, an_answer_waits_for_its_batch)
{
    asker who = asker_of(batch_of(1));
    kd_log_waits_begin(&waits, &who.wait, 10);
    hand_over(1);
    kd_log_waits_answer(&waits);
    cr_expect_eq(who.calls, 0);
    report(0, true);
    kd_log_waits_answer(&waits);
    cr_expect_eq(who.calls, 1);
    cr_expect_eq(who.status, KD_OK);
    cr_expect_eq(waits.waiting, 0);
}

Test(in_log, an_answer_of_what_is_there_leaves_at_once)
{
    asker who = asker_of(batch_of(1));
    er_ship(&r);
    kd_log_waits_begin(&waits, &who.wait, 10);
    cr_expect_eq(who.calls, 1);
    cr_expect_eq(who.status, KD_OK);
}

Test(in_log, an_answer_waits_for_all_its_marks)
{
    asker who = asker_of(batch_of(1));
    kd_log_mark more[] = {batch_of(2)};
    who.wait.next = asker_next;
    who.more = more;
    who.more_count = 1;
    hand_over(2);
    kd_log_waits_begin(&waits, &who.wait, 10);
    report(0, true);
    kd_log_waits_answer(&waits);
    cr_expect_eq(who.calls, 0);
    report(1, true);
    kd_log_waits_answer(&waits);
    cr_expect_eq(who.status, KD_OK);
}

Test(in_log, beyond_its_patience_an_answer_leaves_without_the_log)
{
    asker first = asker_of(batch_of(1)), second = asker_of(batch_of(2));
    kd_log_waits_begin(&waits, &first.wait, 10);
    kd_log_waits_begin(&waits, &second.wait, 20);
    cr_expect_eq(kd_log_waits_next_us(&waits), 10 + PATIENCE_US);
    cr_expect_eq(kd_log_waits_expire(&waits, 9 + PATIENCE_US), 0);
    cr_expect_eq(kd_log_waits_expire(&waits, 10 + PATIENCE_US), 1);
    cr_expect_eq(first.status, KD_ENOTLOGGED);
    cr_expect_eq(second.calls, 0);
    kd_log_waits_release(&waits, KD_EUNAVAILABLE);
    cr_expect_eq(second.status, KD_EUNAVAILABLE);
}

Test(in_log, a_process_that_ends_does_not_wait_for_the_patience)
{
    asker who = asker_of(batch_of(1));
    kd_log_waits_begin(&waits, &who.wait, 10);
    kd_log_waits_hurry(&waits, 50);
    cr_expect_eq(kd_log_waits_next_us(&waits), 50);
    cr_expect_eq(kd_log_waits_expire(&waits, 50), 1);
    cr_expect_eq(who.status, KD_ENOTLOGGED);
}

Test(in_log, a_retry_that_names_an_earlier_batch_is_not_answered_by_a_later_one)
{
    kd_log_mark early = batch_of(1), late = batch_of(2);
    asker first = asker_of(late), second = asker_of(early);
    kd_log_waits_begin(&waits, &first.wait, 10);
    kd_log_waits_begin(&waits, &second.wait, 10);
    hand_over(2);
    report(0, true);
    report(1, true);
    kd_log_waits_answer(&waits);
    cr_expect_eq(first.status, KD_OK);
    cr_expect_eq(second.status, KD_OK);
}
