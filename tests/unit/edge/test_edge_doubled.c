/* What an edge does when somebody else uses its name: a copy, or a later life of its own (rule 20). */
#include <criterion/criterion.h>

#include "tests/lib/edge_rig.h"

Test(edge_doubled, a_foreign_applied_moves_what_is_unconfirmed_above_it)
{
    edge_rig r;
    kd_view view;
    er_outstanding(&r);
    uint64_t old = kd_edge_incarnation(r.e), stamp = r.body.ops[0].time_us;
    kd_position theirs = {old + 5000000, 3};
    er_word w = {.epoch = 1, .version = 1, .applied = theirs, .digest = 77, .watermark_us = stamp - 1};
    er_snapshot(&r, &w);
    cr_assert_eq(er_stats(&r).identity_alarms, 1);
    cr_assert_gt(kd_edge_incarnation(r.e), theirs.incarnation);
    cr_assert_eq(er_send(&r), KD_ENOTFOUND, "nothing goes out while it moves");
    er_settle(&r);
    kd_edge_seal_all(r.e, r.now_us);
    er_commit(&r);
    cr_assert_eq(er_rows(&r, 'x'), 3, "sums are set aside");
    er_ship(&r);
    cr_assert_eq(r.batch.at.incarnation, kd_edge_incarnation(r.e));
    cr_assert_eq(kd_position_cmp(r.batch.after, theirs), 0);
    cr_assert_eq(r.batch.after_digest, 77);
    cr_assert_eq(r.body.op_count, 3);
    cr_assert_eq(r.body.sum_count, 0);
    cr_assert_eq(r.body.ops[0].time_us, stamp, "with its stamp");
    er_shown(&r, 1, &view);
    cr_assert_eq(view.count[ER_LIKE], 3);
    cr_assert_eq(view.pending[ER_LIKE], 3, "shown once");
    cr_assert_eq(er_send(&r), KD_ENOTFOUND);
    er_finish(&r);
}

Test(edge_doubled, complete_to_is_held_until_all_that_moves_is_out)
{
    edge_rig r;
    er_outstanding(&r);
    uint64_t last_us = r.now_us;
    r.config.flush_ops = 1;
    cr_assert_eq(er_open(&r), KD_OK);
    er_snapshot(&r, &(er_word){.epoch = 1,
                               .version = 1,
                               .applied = {kd_edge_incarnation(r.e) + 5000000, 3},
                               .digest = 77,
                               .watermark_us = last_us + 60 * ER_SECOND});
    er_settle(&r);
    er_seal(&r);
    for (int i = 0; i < 3; i++) {
        er_ship(&r);
        cr_assert_eq(r.body.op_count, 1);
        cr_assert_eq(r.batch.complete_to_us > 0, i == 2, "batch %d", i);
    }
    cr_assert_geq(r.batch.complete_to_us, r.body.ops[0].time_us);
    er_finish(&r);
}

/* Central is put back to the moment when it had merged the first moved batch: the watermark that it held then came from the other process of this
 * name. */
Test(edge_doubled, a_watermark_that_another_lifted_is_not_believed_after_a_restore)
{
    edge_rig r;
    er_outstanding(&r);
    kd_position theirs = {kd_edge_incarnation(r.e) + 5000000, 3};
    er_word w = {.epoch = 1, .version = 1, .applied = theirs, .digest = 77};
    w.watermark_us = r.now_us + 60 * ER_SECOND;
    er_snapshot(&r, &w);
    er_settle(&r);
    er_seal(&r);
    er_ship(&r);
    er_word then = w;
    then.applied = r.batch.at;
    then.digest = r.batch.digest;
    then.previous = then.version++;
    cr_assert_eq(er_snapshot(&r, &then), KD_INSTALLED);
    r.now_us += 120 * ER_SECOND;
    er_like(&r, 1, 40);
    er_seal(&r);
    er_ship(&r);
    w = then;
    w.applied = r.batch.at;
    w.digest = r.batch.digest;
    w.watermark_us = r.batch.complete_to_us;
    w.previous = w.version++;
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    er_commit(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    then.epoch = 2;
    then.chain[0] = (kd_chain_link){1, then.version};
    then.chain_count = 1;
    then.previous = then.version++;
    cr_assert_eq(er_snapshot(&r, &then), KD_SNAPSHOT_UNDONE);
    er_settle(&r);
    cr_assert_eq(er_stats(&r).resent_ops, 4, "all that it has, not only what is stamped above");
    er_finish(&r);
}

/* A number that comes with an applied position of another process holds none of our outstanding operations: they stay in the shown number, and
 * pending. */
Test(edge_doubled, a_number_beside_a_foreign_applied_ends_no_delta)
{
    edge_rig r;
    kd_view view;
    er_outstanding(&r);
    kd_position theirs = {kd_edge_incarnation(r.e) + 5000000, 3};
    er_word w = {
        .epoch = 1, .version = 1, .applied = theirs, .digest = 77, .item = 1, .items = 1, .likes = 10};
    for (int i = 0; i < 2; i++) {
        er_snapshot(&r, &w);
        cr_assert_eq(er_shown(&r, 1, &view), 13);
        cr_assert_eq(view.pending[ER_LIKE], 3,
                     "by the first word of the other, and by those that come while it moves");
        w.previous = w.version++;
    }
    er_read(&r, &w);
    er_shown(&r, 1, &view);
    cr_assert_eq(view.pending[ER_LIKE], 3, "nor by a read");
    er_settle(&r);
    er_seal(&r);
    cr_assert_eq(er_shown(&r, 1, &view), 13);
    cr_assert_eq(view.pending[ER_LIKE], 3, "shown once");
    er_finish(&r);
}

/* The directory is put back to an older copy with three outstanding batches. Returns the incarnation that the edge minted after the copy was made. */
static uint64_t put_back(edge_rig *r)
{
    er_outstanding(r);
    uint64_t undone = kd_edge_incarnation(r->e) + 500;
    r->now_us += 3600 * ER_SECOND;
    cr_assert_eq(er_open(r), KD_OK);
    return undone;
}

/* Central tells for the first time that it has applied a batch from after the copy was made: the identity alarm. */
static void hear_of(edge_rig *r, uint64_t undone)
{
    er_snapshot(r, &(er_word){.epoch = 1, .version = 1, .applied = {undone, 3}, .digest = 77});
    cr_assert_eq(er_stats(r).identity_alarms, 1);
    er_settle(r);
    er_seal(r);
}

/* The next batch that is sent has this position, follows this one, and holds this sum alone. */
static void assert_stayed(edge_rig *r, kd_position at, kd_position after, uint64_t amount)
{
    er_ship(r);
    cr_assert_eq(kd_position_cmp(r->batch.at, at), 0, "at its own position: central can merge it once only");
    cr_assert_eq(kd_position_cmp(r->batch.after, after), 0);
    cr_assert_eq(r->body.sum_count, 1);
    cr_assert_eq(r->body.sums[0].amount, amount);
    cr_assert_eq(r->batch.complete_to_us, 0, "operations with older stamps come behind it");
}

static void assert_likes_moved(edge_rig *r, uint32_t likes)
{
    er_ship(r);
    cr_assert_eq(r->batch.at.incarnation, kd_edge_incarnation(r->e));
    cr_assert_eq(r->body.op_count, likes);
    cr_assert_eq(r->body.sum_count, 0);
    cr_assert_eq(er_rows(r, 'x'), 3, "sums of the copy are set aside: the undone life may have sent them");
    cr_assert_eq(er_send(r), KD_ENOTFOUND);
}

Test(edge_doubled, sums_that_nobody_else_can_hold_stay_and_are_counted)
{
    edge_rig r;
    uint64_t undone = put_back(&r);
    kd_position at = {kd_edge_incarnation(r.e), 1};
    cr_assert_eq(er_view_add(&r, 1, 7), KD_OK);
    er_seal(&r);
    hear_of(&r, undone);
    assert_stayed(&r, at, (kd_position){undone, 3}, 7);
    assert_likes_moved(&r, 3);
    er_finish(&r);

    er_init(&r);
    cr_assert_eq(er_view_add(&r, 1, 7), KD_OK);
    er_seal(&r);
    hear_of(&r, kd_edge_incarnation(r.e) + 500);
    cr_assert_eq(er_rows(&r, 'x'), 1, "a copy of this life may have sent it");
    er_finish(&r);
}

Test(edge_doubled, they_stay_over_restarts)
{
    edge_rig r;
    uint64_t undone = put_back(&r);
    kd_position after = {undone, 3};
    for (uint64_t n = 0; n < 3; n++) {
        cr_assert_eq(er_view_add(&r, 1, 7 + n), KD_OK);
        er_commit(&r);
        after = n == 0 ? (kd_position){kd_edge_incarnation(r.e), 1} : after;
        cr_assert_eq(er_open(&r), KD_OK);
    }
    hear_of(&r, undone);
    assert_stayed(&r, after, (kd_position){undone, 3}, 7);
    for (uint64_t n = 1; n < 3; n++) {
        er_ship(&r);
        cr_assert_eq(r.body.sums[0].amount, 7 + n);
    }
    assert_likes_moved(&r, 3);
    er_finish(&r);
}

Test(edge_doubled, they_stay_when_they_were_handed_to_kafka_before_the_alarm)
{
    edge_rig r;
    uint64_t undone = put_back(&r);
    kd_position at = {kd_edge_incarnation(r.e), 1};
    cr_assert_eq(er_view_add(&r, 1, 7), KD_OK);
    er_seal(&r);
    for (int i = 0; i < 4; i++) er_ship(&r);
    cr_assert_eq(kd_position_cmp(r.batch.at, at), 0);
    hear_of(&r, undone);
    assert_stayed(&r, at, (kd_position){undone, 3}, 7);
    assert_likes_moved(&r, 3);
    er_finish(&r);
}

/* Otherwise central would merge them, the process would end, and the next one would find an own batch applied, with all that was to move in front of it. */
Test(edge_doubled, they_wait_until_the_disk_knows_that_the_others_have_moved)
{
    edge_rig r;
    uint64_t undone = put_back(&r);
    kd_position at = {kd_edge_incarnation(r.e), 1};
    er_word w = {.epoch = 1, .version = 1, .applied = {undone, 3}, .digest = 77};
    cr_assert_eq(er_view_add(&r, 1, 7), KD_OK);
    er_seal(&r);
    for (int crash = 0; crash < 2; crash++) {
        er_snapshot(&r, &w);
        er_commit(&r);
        kd_edge_tick(r.e, r.now_us);
        cr_assert_eq(er_send(&r), KD_ENOTFOUND, "it has moved, but not on the disk");
        if (crash == 0) cr_assert_eq(er_open(&r), KD_OK);
    }
    er_commit(&r);
    assert_stayed(&r, at, w.applied, 7);
    er_settle(&r);
    er_seal(&r);
    assert_likes_moved(&r, 3);
    er_finish(&r);
}

/* The directory was copied between two starts, and the copy runs: it holds the sums of the first start, not those of the second. */
Test(edge_doubled, sums_that_a_copy_made_between_starts_can_hold_are_set_aside)
{
    edge_rig r;
    er_init(&r);
    cr_assert_eq(er_view_add(&r, 1, 7), KD_OK);
    er_commit(&r);
    uint64_t copy = kd_edge_incarnation(r.e) + 500;
    r.now_us += 3600 * ER_SECOND;
    cr_assert_eq(er_open(&r), KD_OK);
    kd_position at = {kd_edge_incarnation(r.e), 1};
    cr_assert_eq(er_view_add(&r, 1, 8), KD_OK);
    er_seal(&r);
    hear_of(&r, copy);
    cr_assert_eq(er_rows(&r, 'x'), 1);
    cr_assert_eq(er_stats(&r).aside_kept_amount, 7);
    er_ship(&r);
    cr_assert_eq(kd_position_cmp(r.batch.at, at), 0);
    cr_assert_eq(r.body.sums[0].amount, 8);
    er_finish(&r);
}

/* The batch that keeps its position was on its way when the alarm came; central merges it while the older batches move. */
Test(edge_doubled, what_stays_and_is_merged_during_the_move_is_done)
{
    for (int crash = 0; crash < 2; crash++) {
        edge_rig r;
        uint64_t undone = put_back(&r);
        cr_assert_eq(er_view_add(&r, 1, 7), KD_OK);
        er_seal(&r);
        for (int i = 0; i < 4; i++) er_ship(&r);
        kd_position at = r.batch.at;
        er_word w = {.epoch = 1, .version = 1, .applied = {undone, 3}, .digest = 77};
        er_snapshot(&r, &w);
        w = (er_word){.epoch = 1, .version = 2, .previous = 1, .applied = at, .digest = r.batch.digest};
        cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
        er_commit(&r);
        if (crash) cr_assert_eq(er_open(&r), KD_OK);
        er_settle(&r);
        er_seal(&r);
        assert_likes_moved(&r, 3);
        cr_assert_eq(kd_position_cmp(r.batch.after, at), 0);
        cr_assert_eq(er_stats(&r).identity_alarms, !crash);
        cr_assert_eq(er_open(&r), KD_OK, "nothing is left at or below applied");
        er_finish(&r);
    }
}

/* Of two lives that are undone the first was heard of, and then the second, which began after the present one by a wrong clock. */
Test(edge_doubled, an_alarm_by_an_incarnation_below_the_present_one_is_no_chase)
{
    edge_rig r;
    uint64_t undone = put_back(&r), later = kd_edge_incarnation(r.e) + 1;
    while (kd_edge_incarnation(r.e) == later) later++;
    cr_assert_eq(er_view_add(&r, 1, 7), KD_OK);
    er_seal(&r);
    r.now_us += 10 * ER_SECOND;
    hear_of(&r, undone);
    er_snapshot(&r, &(er_word){.epoch = 1, .version = 2, .previous = 1, .applied = {later, 9}, .digest = 78});
    cr_assert_eq(er_stats(&r).identity_alarms, 2);
    cr_assert_eq(er_stats(&r).identity_shared, 0);
    cr_assert_not(er_stats(&r).refusing);
    er_settle(&r);
    er_seal(&r);
    cr_assert_eq(er_rows(&r, 'x'), 4, "which may hold the sums of the present one");
    er_finish(&r);
}

Test(edge_doubled, sums_set_aside_are_told_with_their_amount_until_they_are_forgotten)
{
    edge_rig r;
    hear_of(&r, put_back(&r));
    for (int start = 0; start < 2; start++) {
        kd_edge_stats stats = er_stats(&r);
        cr_assert_eq(stats.aside_kept, 3);
        cr_assert_eq(stats.aside_kept_amount, 15);
        cr_assert_eq(stats.sums_aside, start == 0 ? 3 : 0);
        cr_assert_eq(er_open(&r), KD_OK);
    }
    cr_assert_eq(kd_edge_asides_forget(r.e), KD_OK);
    er_commit(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(er_stats(&r).aside_kept, 0);
    er_finish(&r);
}

Test(edge_doubled, an_applied_that_this_edge_never_sealed_is_foreign)
{
    edge_rig r;
    er_init(&r);
    er_snapshot(&r, &(er_word){.epoch = 1, .version = 1, .applied = {kd_edge_incarnation(r.e) + 1, 1}});
    cr_assert_eq(er_stats(&r).identity_alarms, 1, "a higher incarnation, also where nothing is outstanding");
    cr_assert_eq(er_stats(&r).identity_shared, 1);
    er_finish(&r);
    er_outstanding(&r);
    kd_position beyond = {kd_edge_incarnation(r.e), 9};
    er_snapshot(&r, &(er_word){.epoch = 1, .version = 1, .applied = beyond});
    cr_assert_eq(er_stats(&r).identity_alarms, 1, "a seq that was not sealed");
    cr_assert_eq(er_stats(&r).identity_shared, 1);
    er_finish(&r);
    er_outstanding(&r);
    er_snapshot(&r,
                &(er_word){.epoch = 1, .version = 1, .applied = r.batch.at, .digest = r.batch.digest ^ 1});
    cr_assert_eq(er_stats(&r).identity_alarms, 1, "a digest that is not its own");
    er_finish(&r);
    er_outstanding(&r);
    uint64_t never = kd_edge_incarnation(r.e) + 100;
    r.now_us += 3600 * ER_SECOND;
    cr_assert_eq(er_open(&r), KD_OK);
    er_snapshot(&r, &(er_word){.epoch = 1, .version = 1, .applied = {never, 1}});
    cr_assert_eq(er_stats(&r).identity_alarms, 1,
                 "an incarnation below the present one that it never minted");
    cr_assert_eq(er_stats(&r).identity_shared, 0, "an earlier life of its own may have");
    er_finish(&r);
}

Test(edge_doubled, a_move_survives_a_restart)
{
    edge_rig r;
    er_outstanding(&r);
    for (uint32_t i = 10; i < 60; i++) { /* more than one step moves */
        cr_assert_eq(er_like(&r, 1, i), KD_OK);
        er_seal(&r);
    }
    kd_position theirs = {kd_edge_incarnation(r.e) + 5000000, 3};
    er_snapshot(&r, &(er_word){.epoch = 1, .version = 1, .applied = theirs, .digest = 77});
    er_commit(&r);
    kd_edge_tick(r.e, r.now_us);
    er_commit(&r);
    cr_assert_eq(er_send(&r), KD_ENOTFOUND, "one step is not all");
    cr_assert_eq(er_open(&r), KD_OK);
    er_settle(&r);
    er_seal(&r);
    er_ship(&r);
    cr_assert_gt(r.batch.at.incarnation, theirs.incarnation, "what had moved already");
    uint32_t moved = r.body.op_count;
    er_ship(&r);
    cr_assert_eq(r.batch.at.incarnation, kd_edge_incarnation(r.e));
    cr_assert_eq(moved + r.body.op_count, 53);
    cr_assert_eq(er_rows(&r, 'x'), 3);
    cr_assert_eq(er_send(&r), KD_ENOTFOUND);
    er_finish(&r);
}

Test(edge_doubled, what_comes_while_it_moves_moves_too_when_the_other_goes_further)
{
    edge_rig r;
    er_outstanding(&r);
    kd_position theirs = {kd_edge_incarnation(r.e) + 5000000, 3};
    er_word w = {.epoch = 1, .version = 1, .applied = theirs, .digest = 77};
    er_snapshot(&r, &w);
    cr_assert_eq(er_like(&r, 1, 10), KD_OK); /* in the incarnation that was minted above it */
    w.applied.incarnation = kd_edge_incarnation(r.e) + 5000000;
    w.previous = w.version++;
    er_snapshot(&r, &w);
    cr_assert_eq(er_stats(&r).identity_alarms, 1, "it is the same one");
    er_settle(&r);
    er_seal(&r);
    er_ship(&r);
    cr_assert_eq(kd_position_cmp(r.batch.after, w.applied), 0);
    cr_assert_eq(r.batch.at.incarnation, kd_edge_incarnation(r.e));
    cr_assert_eq(r.body.op_count, 4);
    cr_assert_eq(er_shown(&r, 1, NULL), 4);
    er_finish(&r);
}

Test(edge_doubled, a_second_alarm_with_an_undone_history_sends_all_again)
{
    edge_rig r;
    er_outstanding(&r);
    er_word w = {.epoch = 1, .version = 1, .applied = {kd_edge_incarnation(r.e) + 5000000, 3}, .digest = 77};
    er_snapshot(&r, &w);
    er_settle(&r);
    er_seal(&r);
    er_ship(&r);
    r.now_us += 30 * ER_SECOND;
    w.applied = r.batch.at;
    w.digest = r.batch.digest;
    w.watermark_us = r.now_us;
    w.previous = w.version++;
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    w = (er_word){.epoch = 2, .version = 1, .applied = {kd_edge_incarnation(r.e) + 5000000, 3}};
    cr_assert_eq(er_snapshot(&r, &w), KD_SNAPSHOT_UNDONE);
    cr_assert(er_stats(&r).refusing);
    er_settle(&r);
    cr_assert_eq(er_stats(&r).resent_ops, 3, "not from the undone history's watermark on");
    er_finish(&r);
}

Test(edge_doubled, a_second_alarm_within_a_minute_refuses_writes)
{
    edge_rig r;
    er_outstanding(&r);
    er_snapshot(&r, &(er_word){.epoch = 1, .version = 1, .applied = {kd_edge_incarnation(r.e) + 5000000, 3}});
    er_settle(&r);
    er_seal(&r);
    cr_assert_eq(er_like(&r, 1, 40), KD_OK);
    r.now_us += 59 * ER_SECOND;
    er_snapshot(
        &r, &(er_word){
                .epoch = 1, .version = 2, .previous = 1, .applied = {kd_edge_incarnation(r.e) + 5000000, 3}});
    cr_assert_eq(er_stats(&r).identity_alarms, 2);
    cr_assert(er_stats(&r).refusing);
    cr_assert_eq(er_like(&r, 1, 41), KD_EIDENTITY);
    cr_assert_eq(er_shown(&r, 1, NULL), 4, "reads go on");
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(er_like(&r, 1, 41), KD_OK, "until somebody has looked and started it again");
    er_finish(&r);
}

Test(edge_doubled, somebody_at_the_end_of_numbers_takes_the_name_and_writes_are_refused)
{
    edge_rig r;
    er_init(&r);
    er_like(&r, 1, 1);
    er_seal(&r);
    const er_word w = {.epoch = 5, .version = 1, .applied = {KD_TIME_END_US - 2, 3}, .digest = 9};
    er_snapshot(&r, &w);
    cr_expect(er_stats(&r).refusing);
    cr_expect_eq(er_stats(&r).identity_alarms, 1);
    cr_expect_eq(er_like(&r, 1, 2), KD_EIDENTITY);
    cr_expect_lt(kd_edge_incarnation(r.e), r.now_us + 1000);
    er_commit(&r);
    cr_expect_eq(er_open(&r), KD_OK, "it opens again");
    er_finish(&r);
}
