/* Who an edge is, and what it does when a history is undone (rules 5, 15); the store's errors. */
#include <criterion/criterion.h>

#include "tests/lib/edge_rig.h"

/* ---- whose store it is ---- */

Test(edge_identity, a_store_of_another_is_refused)
{
    edge_rig r;
    er_init(&r);
    const kd_edge_config mine = r.config;
    r.config.edge = kd_bytes_str("mumbai-2");
    cr_assert_eq(er_open(&r), KD_EMISMATCH);
    r.config = mine;
    r.config.partitions = 2;
    cr_assert_eq(er_open(&r), KD_EMISMATCH);
    r.config = mine;
    r.config.partitions = 2;
    r.config.shards = 2;
    cr_assert_eq(er_open(&r), KD_EMISMATCH);
    r.config.shard = 1;
    cr_assert_eq(er_open(&r), KD_EMISMATCH);
    r.config = mine;
    r.config.region = kd_bytes_str("elsewhere");
    cr_assert_eq(er_open(&r), KD_OK, "a region may change");
    sim_disk_put(r.disk, kd_bytes_str("I"), kd_bytes_str("\x02"));
    r.config = mine;
    cr_assert_eq(er_open(&r), KD_EMISMATCH, "another schema");
    er_finish(&r);
}

Test(edge_identity, a_configuration_that_makes_no_sense_is_refused)
{
    edge_rig r;
    er_init(&r);
    const kd_edge_config sane = r.config;
#define REFUSED(field, value)                                                                                \
    r.config.field = value;                                                                                  \
    cr_assert_eq(er_open(&r), KD_EINVAL, #field);                                                            \
    r.config = sane
    REFUSED(edge, kd_bytes_str("Mumbai"));
    REFUSED(region, (kd_bytes){0});
    REFUSED(shards, 0);
    REFUSED(shard, 1);
    REFUSED(partitions, 0);
    REFUSED(partitions, KD_PARTITIONS_MAX + 1);
    REFUSED(flush_ops, 0);
    REFUSED(flush_ops, KD_BATCH_OPS_MAX + 1);
    REFUSED(flush_interval_us, 0);
    REFUSED(idle_interval_max_us, 0);
    REFUSED(resend_min_us, 0);
    REFUSED(resend_max_us, r.config.resend_min_us - 1);
    REFUSED(send_window, 0);
    REFUSED(items_max, 0);
    cr_assert_eq(er_open(&r), KD_OK);
    er_finish(&r);
}

Test(edge_identity, every_start_mints_a_larger_incarnation)
{
    edge_rig r;
    er_init(&r);
    uint64_t last = kd_edge_incarnation(r.e);
    for (int i = 0; i < 300; i++) {
        r.now_us -= ER_SECOND;
        cr_assert_eq(er_open(&r), KD_OK);
        cr_assert_gt(kd_edge_incarnation(r.e), last);
        last = kd_edge_incarnation(r.e);
        er_commit(&r);
    }
    er_finish(&r);
}

Test(edge_identity, shards_share_partitions_out)
{
    edge_rig r;
    er_init(&r);
    sim_disk_destroy(r.disk);
    r.disk = sim_disk_create();
    r.config.partitions = 5;
    r.config.shards = 2;
    r.config.shard = 1;
    cr_assert_eq(er_open(&r), KD_OK);
    kd_edge_partition p;
    for (uint32_t i = 0; i < 7; i++)
        cr_assert_eq(kd_edge_partition_get(r.e, i, &p), i == 1 || i == 3 ? KD_OK : KD_ENOTFOUND);
    cr_assert_eq(kd_edge_counts_offset(r.e, 0), -1);
    er_finish(&r);
}

/* ---- rule 15: an undone history ---- */

typedef struct {
    uint64_t stamps[10];
    kd_position first; /* the batch of the first five */
    uint64_t digest;
} past;

/* Likes of ten users, five in a batch, all applied at version 9 of epoch 5; stamped a minute apart. */
static void applied_ten(edge_rig *r, past *known)
{
    er_init(r);
    for (uint32_t user = 0; user < 10; user++) {
        cr_assert_eq(er_like(r, 1, user), KD_OK);
        known->stamps[user] = r->out.stamp_us;
        r->now_us += 60 * ER_SECOND;
        if (user == 4 || user == 9) er_seal(r);
    }
    er_ship(r);
    known->first = r->batch.at;
    known->digest = r->batch.digest;
    er_ship(r);
    er_word w = {.epoch = 5,
                 .version = 9,
                 .applied = r->batch.at,
                 .digest = r->batch.digest,
                 .watermark_us = r->batch.complete_to_us};
    cr_assert_eq(er_snapshot(r, &w), KD_SNAPSHOT_GAP);
    cr_assert_eq(kd_edge_outbox_batches(r->e), 0);
}

/* Central was put back to version 4, at which it had merged the first batch alone. */
static void undo(edge_rig *r, const past *known)
{
    er_word w = {.epoch = 6,
                 .version = 5,
                 .previous = 4,
                 .watermark_us = known->stamps[4],
                 .chain = {{5, 4}},
                 .chain_count = 1};
    w.applied = known->first;
    w.digest = known->digest;
    cr_assert_eq(er_snapshot(r, &w), KD_SNAPSHOT_UNDONE);
}

Test(edge_identity, what_a_restore_undid_is_sent_again_and_complete_to_is_held)
{
    for (int crash = 0; crash < 2; crash++) {
        edge_rig r;
        past known;
        applied_ten(&r, &known);
        undo(&r, &known);
        cr_assert_eq(er_like(&r, 1, 50), KD_OK);
        er_seal(&r);
        er_ship(&r);
        cr_assert_eq(r.batch.complete_to_us, known.stamps[4], "what is to come is stamped below it");
        cr_assert_eq(r.batch.epoch, 6);
        if (crash) { /* in the middle of it */
            cr_assert_eq(er_open(&r), KD_OK);
            er_commit(&r);
            er_ship(&r);
            cr_assert_eq(r.batch.complete_to_us, known.stamps[4]);
        }
        er_settle(&r);
        er_seal(&r);
        er_ship(&r);
        /* Above the watermark less 2 D: the fifth, the undone five, and the one that came since. */
        cr_assert_eq(r.body.op_count, 7);
        cr_assert_eq(er_stats(&r).resent_ops, 7);
        for (uint32_t i = 0; i < 6; i++)
            cr_assert_eq(r.body.ops[i].time_us, known.stamps[4 + i], "the original stamp");
        cr_assert_gt(r.batch.complete_to_us, known.stamps[9], "all of it is in this batch or one before");
        cr_assert_eq(er_shown(&r, 1, NULL), 1, "its deltas were shown once");
        er_finish(&r);
    }
}

/* An unlike of a like that the restore undid would take somebody else's out of the number: no as_of promises that one beside it. */
Test(edge_identity, no_as_of_is_told_beside_own_operations_until_what_a_restore_undid_is_merged)
{
    edge_rig r;
    past known;
    kd_view view;
    applied_ten(&r, &known);
    undo(&r, &known);
    er_word w = {.epoch = 6,
                 .version = 6,
                 .previous = 5,
                 .item = 1,
                 .items = 1,
                 .likes = 5,
                 .low_us = known.stamps[4],
                 .watermark_us = known.stamps[4]};
    w.applied = known.first;
    w.digest = known.digest;
    er_snapshot(&r, &w);
    er_shown(&r, 1, &view);
    uint64_t as_of_us = view.as_of_us;
    cr_assert(view.known && as_of_us > 0);
    cr_assert_eq(er_unlike(&r, 1, 9), KD_OK);
    er_shown(&r, 1, &view);
    cr_assert(view.pending[ER_LIKE] == 1 && view.as_of_us == 0);
    er_settle(&r);
    er_seal(&r);
    er_ship(&r);
    w = (er_word){.epoch = 6,
                  .version = 20,
                  .previous = 5,
                  .applied = r.batch.at,
                  .digest = r.batch.digest,
                  .low_us = r.batch.complete_to_us};
    w.watermark_us = r.batch.complete_to_us;
    er_snapshot(&r, &w);
    cr_assert_eq(er_unlike(&r, 1, 8), KD_OK);
    er_shown(&r, 1, &view);
    cr_assert(view.pending[ER_LIKE] > 0);
    cr_assert_gt(view.as_of_us, as_of_us);
    er_finish(&r);
}

Test(edge_identity, the_next_restore_begins_at_its_own_watermark)
{
    edge_rig r;
    past known;
    applied_ten(&r, &known);
    undo(&r, &known);
    er_settle(&r);
    er_seal(&r);
    er_ship(&r);
    er_word w = {.epoch = 6, .version = 20, .previous = 5, .applied = r.batch.at, .digest = r.batch.digest};
    w.watermark_us = r.batch.complete_to_us;
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    cr_assert_eq(kd_edge_outbox_batches(r.e), 0);
    uint64_t before = er_stats(&r).resent_ops;
    er_word again = {
        .epoch = 7, .version = 19, .previous = 18, .applied = r.batch.at, .digest = r.batch.digest};
    again.watermark_us = known.stamps[8];
    again.chain[0] = (kd_chain_link){6, 18};
    again.chain_count = 1;
    cr_assert_eq(er_snapshot(&r, &again), KD_SNAPSHOT_UNDONE);
    er_settle(&r);
    cr_assert_eq(er_stats(&r).resent_ops - before, 2, "not from the first restore's watermark on");
    er_finish(&r);
}

/* Two centrals run, one of them on an older copy. The log has lost the other's claim, so the older one still merges batches that name the other's
 * epoch. */
Test(edge_identity, a_second_restore_does_not_raise_what_the_first_one_held)
{
    edge_rig r;
    past known;
    applied_ten(&r, &known);
    kd_position second = r.batch.at;
    uint64_t digest = r.batch.digest;
    undo(&r, &known);
    er_word other = {.epoch = 7, .version = 10, .previous = 9, .chain = {{5, 9}}, .chain_count = 1};
    other.applied = second;
    other.digest = digest;
    other.watermark_us = known.stamps[9];
    cr_assert_eq(er_snapshot(&r, &other), KD_SNAPSHOT_UNDONE);
    cr_assert_eq(er_like(&r, 1, 50), KD_OK);
    er_seal(&r);
    er_ship(&r);
    cr_assert_eq(r.batch.complete_to_us, known.stamps[4], "the first has not got back what it lacks");
    er_settle(&r);
    er_seal(&r);
    er_ship(&r);
    cr_assert_eq(r.body.op_count, 7, "and gets all of it");
    cr_assert_gt(r.batch.complete_to_us, known.stamps[9]);
    er_finish(&r);
}

Test(edge_identity, what_was_sent_already_goes_out_anew_at_once_after_an_undone_history)
{
    edge_rig r;
    past known;
    applied_ten(&r, &known);
    cr_assert_eq(er_like(&r, 1, 50), KD_OK);
    er_seal(&r);
    er_ship(&r);
    kd_position sent = r.batch.at;
    cr_assert_eq(er_send(&r), KD_ENOTFOUND);
    undo(&r, &known);
    cr_assert_eq(er_send(&r), KD_OK, "central need not hear of it only after the wait for a resend");
    cr_assert_eq(kd_position_cmp(r.batch.at, sent), 0);
    cr_assert_eq(r.batch.complete_to_us, known.stamps[4]);
    er_finish(&r);
}

Test(edge_identity, an_undone_history_takes_its_numbers_along)
{
    edge_rig r;
    kd_view view;
    er_init(&r);
    er_snapshot(&r, &(er_word){.epoch = 5, .version = 3});
    er_read(&r, &(er_word){.epoch = 5, .version = 3, .item = 1, .likes = 3});
    cr_assert_eq(er_snapshot(&r, &(er_word){.epoch = 5, .version = 9, .previous = 3, .item = 2, .items = 1}),
                 KD_INSTALLED);
    er_read(&r, &(er_word){.epoch = 5, .version = 9, .item = 2, .likes = 9});
    er_word w = {.epoch = 6, .version = 5, .previous = 4, .chain = {{5, 4}}, .chain_count = 1};
    cr_assert_eq(er_snapshot(&r, &w), KD_SNAPSHOT_UNDONE);
    cr_assert_eq(kd_edge_view(r.e, rig_item(1), &view), KD_EAGAIN);
    cr_assert(view.known && view.count[ER_LIKE] == 3, "what the chain admits is stale, not wrong");
    cr_assert_eq(kd_edge_view(r.e, rig_item(2), &view), KD_EAGAIN);
    cr_assert_not(view.known);
    er_commit(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    kd_edge_view(r.e, rig_item(2), &view);
    cr_assert_not(view.known);
    er_finish(&r);
}

Test(edge_identity, a_history_that_goes_on_undoes_only_reads_that_were_ahead)
{
    edge_rig r;
    kd_view view;
    er_init(&r);
    er_snapshot(&r, &(er_word){.epoch = 5, .version = 3});
    er_read(&r, &(er_word){.epoch = 5, .version = 3, .item = 1, .likes = 3});
    er_read(&r, &(er_word){.epoch = 5, .version = 8, .item = 2, .likes = 8});
    er_word w = {.epoch = 6, .version = 6, .previous = 3, .chain = {{5, 5}}, .chain_count = 1};
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    cr_assert_eq(kd_edge_view(r.e, rig_item(1), &view), KD_OK);
    cr_assert_eq(kd_edge_view(r.e, rig_item(2), &view), KD_EAGAIN);
    cr_assert_not(view.known);
    cr_assert_eq(er_stats(&r).undone, 0);
    er_finish(&r);
}

Test(edge_identity, what_is_sent_again_waits_for_room_in_the_outbox)
{
    edge_rig r;
    er_init(&r);
    r.config.flush_ops = 100;
    r.config.outbox_bytes_max = 60000;
    cr_assert_eq(er_open(&r), KD_OK);
    er_commit(&r);
    past known = {.stamps = {[4] = 1}, .first = {kd_edge_incarnation(r.e), 1}};
    er_word w = {.epoch = 5, .version = 1};
    for (uint32_t user = 0; user < 4000; user++) {
        cr_assert_eq(er_like(&r, 1, user), KD_OK);
        if (user % 100 != 99) continue;
        er_commit(&r);
        er_ship(&r);
        w.applied = r.batch.at;
        w.digest = r.batch.digest;
        w.watermark_us = r.batch.complete_to_us;
        er_snapshot(&r, &w);
        w.previous = w.version++;
    }
    undo(&r, &known);
    for (int i = 0; i < 100; i++) {
        kd_edge_tick(r.e, r.now_us);
        er_commit(&r);
        cr_assert_lt(kd_edge_outbox_bytes(r.e), 60000 + 256 * 40, "one step more than the bound");
    }
    w = (er_word){.epoch = 6, .version = 6, .chain = {{5, 4}}, .chain_count = 1};
    for (int i = 0; i < 100; i++) {
        while (er_send(&r) == KD_OK) kd_edge_delivered(r.e, 0, r.batch.at, true, r.now_us);
        w.applied = r.batch.at;
        w.digest = r.batch.digest;
        w.previous = w.version++;
        er_snapshot(&r, &w);
        kd_edge_tick(r.e, r.now_us);
        er_commit(&r);
    }
    cr_assert_eq(er_stats(&r).resent_ops, 4000, "and all of it goes out in the end");
    kd_edge_partition part;
    kd_edge_partition_get(r.e, 0, &part);
    cr_assert_not(part.resending);
    er_finish(&r);
}

/* ---- the store's errors ---- */

static void assert_poisoned(edge_rig *r)
{
    const kd_writes *writes;
    uint64_t group;
    kd_view view;
    uint32_t partition;
    kd_position at;
    cr_assert_eq(er_like(r, 1, 5), KD_EIO);
    cr_assert_eq(kd_edge_send_next(r->e, r->now_us, &r->record, &partition, &at), KD_EIO);
    cr_assert_eq(kd_edge_view(r->e, rig_item(1), &view), KD_EIO);
    cr_assert_eq(kd_edge_member(r->e, ER_LIKE, rig_item(1), rig_user(0)), KD_EIO);
    cr_assert_eq(kd_edge_ask(r->e, rig_item(1)), KD_EIO);
    cr_assert_eq(kd_edge_answer(r->e, rig_item(1), (kd_bytes){0}, r->now_us), KD_EIO);
    cr_assert_eq(er_snapshot(r, &(er_word){.epoch = 9, .version = 9}), KD_EIO);
    cr_assert_eq(kd_edge_tick(r->e, r->now_us), UINT64_MAX);
    cr_assert_eq(kd_edge_commit_begin(r->e, r->now_us, &writes, &group), KD_EIO);
}

Test(edge_identity, a_write_that_fails_ends_it)
{
    edge_rig r;
    er_init(&r);
    const kd_writes *writes;
    uint64_t group;
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    cr_assert_eq(kd_edge_commit_begin(r.e, r.now_us, &writes, &group), KD_OK);
    cr_assert_eq(kd_edge_commit_end(r.e, group, KD_EIO), KD_EIO);
    assert_poisoned(&r);
    er_finish(&r);
}

Test(edge_identity, a_read_that_fails_where_a_batch_is_built_ends_it_and_says_so)
{
    edge_rig r;
    er_outstanding(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    er_commit(&r);
    cr_assert_not(kd_edge_commit_wanted(r.e));
    sim_disk_fail_after(r.disk, 0);
    cr_assert_eq(er_send(&r), KD_EIO);
    cr_assert(kd_edge_commit_wanted(r.e), "or the shell would not hear of it");
    assert_poisoned(&r);
    er_finish(&r);
}

Test(edge_identity, a_read_that_fails_in_a_resend_ends_it)
{
    edge_rig r;
    past known;
    applied_ten(&r, &known);
    undo(&r, &known);
    er_commit(&r);
    sim_disk_fail_after(r.disk, 0);
    cr_assert_eq(kd_edge_tick(r.e, r.now_us), UINT64_MAX);
    assert_poisoned(&r);
    er_finish(&r);
}

Test(edge_identity, a_store_that_cannot_be_read_does_not_open)
{
    edge_rig r;
    er_outstanding(&r);
    uint64_t reads = 0;
    for (;; reads++) {
        sim_disk_fail_after(r.disk, reads);
        int err = er_open(&r);
        if (err == KD_OK) break;
        cr_assert_eq(err, KD_EIO);
        cr_assert_lt(reads, 100);
    }
    cr_assert_geq(reads, 8, "each kind of row is read");
    er_finish(&r);
}

/* A higher incarnation cannot be encoded: central would never take a batch of this edge again. */
