/* Batches of an edge: what seals them, what a record says, when it goes out and again, what empties the outbox (rules 5 to 9,
 * 20). */
#include <criterion/criterion.h>

#include "tests/lib/edge_rig.h"

/* ---- seal ---- */

Test(edge_batches, are_sealed_at_so_many_operations)
{
    edge_rig r;
    er_init(&r);
    r.config.flush_ops = 3;
    cr_assert_eq(er_open(&r), KD_OK);
    for (uint32_t user = 0; user < 7; user++) cr_assert_eq(er_like(&r, 1, user), KD_OK);
    er_commit(&r);
    er_ship(&r);
    cr_assert_eq(r.body.op_count, 3);
    er_ship(&r);
    cr_assert_eq(r.body.op_count, 3);
    cr_assert_eq(er_send(&r), KD_ENOTFOUND);
    cr_assert_eq(kd_edge_outbox_batches(r.e), 3);
    er_finish(&r);
}

Test(edge_batches, are_sealed_so_long_after_the_first_operation)
{
    edge_rig r;
    er_init(&r);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    uint64_t due = r.now_us + r.config.flush_interval_us;
    r.now_us += ER_SECOND;
    cr_assert_eq(er_like(&r, 1, 2), KD_OK);
    er_commit(&r);
    cr_assert_eq(kd_edge_tick(r.e, r.now_us), due);
    cr_assert_eq(kd_edge_tick(r.e, due - 1), due);
    er_commit(&r);
    cr_assert_eq(er_send(&r), KD_ENOTFOUND);
    kd_edge_tick(r.e, due);
    cr_assert(kd_edge_commit_wanted(r.e), "a seal asks for a group");
    er_commit(&r);
    er_ship(&r);
    cr_assert_eq(r.body.op_count, 2);
    er_finish(&r);
}

/* One operation with ids as long as they may be, of which no two share a prefix. */
static kd_request long_request(uint32_t n, kd_item *item, char user[KD_ID_MAX])
{
    char id[KD_ID_MAX];
    uint64_t random = n;
    for (int i = 0; i < KD_ID_MAX; i++) id[i] = (char)('a' + kd_random_next(&random) % 26);
    for (int i = 0; i < KD_ID_MAX; i++) user[i] = (char)('a' + kd_random_next(&random) % 26);
    KD_ASSERT(kd_item_make(item, kd_bytes_str("a-collection-of-thirty-two-bytes"),
                           kd_bytes_of(id, sizeof id)) == KD_OK);
    return (kd_request){
        .item = kd_item_key(item), .user = kd_bytes_of(user, KD_ID_MAX), .verb = KD_LIKE, .counter = ER_LIKE};
}

Test(edge_batches, never_make_a_record_that_is_refused)
{
    edge_rig r;
    er_init(&r);
    r.config.flush_ops = KD_BATCH_OPS_MAX;
    r.config.items_max = 100000;
    cr_assert_eq(er_open(&r), KD_OK);
    kd_item item;
    char user[KD_ID_MAX];
    uint32_t taken = 6000, sent = 0, batches = 0;
    for (uint32_t n = 0; n < taken; n++) {
        kd_request rq = long_request(n, &item, user);
        cr_assert_eq(er_take(&r, &rq), KD_OK);
    }
    er_seal(&r);
    while (er_send(&r) == KD_OK) { /* decoded, so it is below the limit */
        sent += r.body.op_count;
        batches++;
        if (batches % r.config.send_window == 0 || sent == taken)
            er_snapshot(
                &r,
                &(er_word){.epoch = 1, .version = batches, .applied = r.batch.at, .digest = r.batch.digest});
        bool whole = sent == taken || r.record.len > KD_BATCH_BYTES_MAX * 3 / 4;
        cr_assert(whole, "%zu bytes: sealed long before it must be", r.record.len);
    }
    cr_assert_eq(sent, taken);
    er_finish(&r);
}

Test(edge_batches, of_ids_as_short_as_they_may_be_fit_too)
{
    edge_rig r;
    er_init(&r);
    r.config.flush_ops = KD_BATCH_OPS_MAX;
    r.config.items_max = 100000;
    cr_assert_eq(er_open(&r), KD_OK);
    kd_item item;
    for (uint32_t n = 0; n < KD_BATCH_OPS_MAX; n++) {
        char id[4] = {(char)('a' + n % 26), (char)('a' + n / 26 % 26), (char)('a' + n / 676 % 26), 'x'};
        cr_assert_eq(kd_item_make(&item, kd_bytes_str("c"), kd_bytes_of(id, 4)), KD_OK);
        kd_request rq = {
            .item = kd_item_key(&item), .user = kd_bytes_of(id, 1), .verb = KD_LIKE, .counter = ER_LIKE};
        kd_seen seen = {.rest_us = r.now_us + (uint64_t)n * 1000000000}; /* stamps far apart take bytes */
        rq.seen = &seen;
        cr_assert_eq(er_take(&r, &rq), KD_OK);
    }
    er_seal(&r);
    uint32_t sent = 0;
    while (er_send(&r) == KD_OK) sent += r.body.op_count;
    cr_assert_eq(sent, KD_BATCH_OPS_MAX);
    er_finish(&r);
}

/* Central sets a batch aside whose sum for one item is above KD_SUM_AMOUNT_MAX (central/core/content.h). */
Test(edge_batches, hold_no_sum_that_central_sets_aside)
{
    edge_rig r;
    er_init(&r);
    r.config.flush_ops = KD_BATCH_OPS_MAX;
    cr_assert_eq(er_open(&r), KD_OK);
    uint64_t total = 0;
    for (uint32_t n = 0; n < KD_BATCH_OPS_MAX; n++) cr_assert_eq(er_view_add(&r, 1, KD_AMOUNT_MAX), KD_OK);
    er_seal(&r);
    while (er_send(&r) == KD_OK) {
        cr_assert_leq(r.body.sums[0].amount, 1ull << 32);
        total += r.body.sums[0].amount;
    }
    cr_assert_eq(total, (uint64_t)KD_BATCH_OPS_MAX * KD_AMOUNT_MAX);
    er_finish(&r);
}

static uint64_t interval_to_next_empty(edge_rig *r)
{
    uint64_t begun = r->now_us, sealed = er_stats(r).sealed_empty;
    for (int i = 0; i < 100 && er_stats(r).sealed_empty == sealed; i++)
        r->now_us = kd_edge_tick(r->e, r->now_us);
    er_commit(r);
    er_ship(r);
    cr_assert_eq(r->body.op_count, 0);
    er_snapshot(
        r, &(er_word){
               .epoch = 1, .version = r->batch.at.seq, .applied = r->batch.at, .digest = r->batch.digest});
    return r->now_us - begun;
}

Test(edge_batches, of_an_idle_partition_are_empty_and_back_off)
{
    edge_rig r;
    er_init(&r);
    const uint64_t wanted[] = {5, 10, 20, 30, 30};
    uint64_t complete_to = 0;
    for (size_t i = 0; i < KD_COUNT(wanted); i++) {
        cr_assert_eq(interval_to_next_empty(&r), wanted[i] * ER_SECOND);
        cr_assert_gt(r.batch.complete_to_us, complete_to);
        complete_to = r.batch.complete_to_us;
    }
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    er_seal(&r);
    er_ship(&r);
    er_snapshot(
        &r,
        &(er_word){.epoch = 1, .version = r.batch.at.seq, .applied = r.batch.at, .digest = r.batch.digest});
    cr_assert_eq(interval_to_next_empty(&r), 5 * ER_SECOND, "after an operation it begins anew");
    er_finish(&r);
}

Test(edge_batches, of_a_partition_that_is_cut_off_do_not_pile_up_empty)
{
    edge_rig r;
    er_init(&r);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    er_seal(&r);
    er_ship(&r);
    for (int i = 0; i < 100; i++) kd_edge_tick(r.e, r.now_us += 30 * ER_SECOND);
    cr_assert_eq(kd_edge_outbox_batches(r.e), 1);
    er_finish(&r);
}

/* ---- clocks that go back ---- */

Test(edge_batches, do_not_wait_for_a_clock_that_went_back)
{
    edge_rig r;
    er_init(&r);
    kd_edge_tick(r.e, r.now_us); /* the idle deadline is set */
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    uint64_t stamp = r.out.stamp_us;
    r.now_us -= 3600 * ER_SECOND;
    kd_edge_tick(r.e, r.now_us);
    er_commit(&r);
    er_ship(&r);
    cr_assert_geq(r.batch.complete_to_us, stamp);
    uint64_t complete_to = r.batch.complete_to_us;
    cr_assert_eq(er_like(&r, 1, 2), KD_OK);
    cr_assert_gt(r.out.stamp_us, complete_to, "nothing new under what was called complete");
    er_finish(&r);
}

Test(edge_batches, are_sent_again_though_the_clock_went_back)
{
    edge_rig r;
    er_init(&r);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    er_seal(&r);
    er_ship(&r);
    kd_edge_tick(r.e, r.now_us);
    r.now_us -= 3600 * ER_SECOND;
    kd_edge_tick(r.e, r.now_us);
    cr_assert_eq(er_send(&r), KD_OK);
    er_finish(&r);
}

Test(edge_batches, of_an_idle_partition_are_sealed_though_the_clock_went_back)
{
    edge_rig r;
    er_init(&r);
    kd_edge_tick(r.e, r.now_us);
    r.now_us -= 3600 * ER_SECOND;
    kd_edge_tick(r.e, r.now_us);
    cr_assert_eq(er_stats(&r).sealed_empty, 1);
    er_finish(&r);
}

/* ---- record ---- */

Test(edge_batches, go_out_when_their_seal_is_durable)
{
    edge_rig r;
    er_init(&r);
    const kd_writes *writes;
    uint64_t group;
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    cr_assert_eq(kd_edge_commit_begin(r.e, r.now_us, &writes, &group), KD_OK);
    kd_edge_seal_all(r.e, r.now_us);
    cr_assert_eq(kd_edge_commit_end(r.e, group, KD_OK), KD_OK);
    cr_assert_eq(er_send(&r), KD_ENOTFOUND, "its operations are durable, its seal is not");
    er_commit(&r);
    cr_assert_eq(er_send(&r), KD_OK);
    er_finish(&r);
}

static void three_batches(edge_rig *r)
{
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_eq(er_like(r, 1, i), KD_OK);
        er_seal(r);
    }
}

Test(edge_batches, name_the_one_before_while_it_is_held_and_else_applied)
{
    edge_rig r;
    er_init(&r);
    three_batches(&r);
    er_ship(&r);
    cr_assert_eq(r.batch.after.incarnation, 0);
    cr_assert(kd_bytes_eq(r.batch.edge, r.config.edge) && kd_bytes_eq(r.batch.region, r.config.region));
    cr_assert_eq(r.batch.epoch, 0);
    kd_position first = r.batch.at;
    uint64_t digest = r.batch.digest, complete_to = r.batch.complete_to_us;
    cr_assert_eq(first.incarnation, kd_edge_incarnation(r.e));
    er_ship(&r);
    cr_assert_eq(kd_position_cmp(r.batch.after, first), 0);
    cr_assert_eq(r.batch.after_digest, digest);
    cr_assert_gt(r.batch.complete_to_us, complete_to);
    kd_position second = r.batch.at;
    cr_assert_eq(kd_position_cmp(second, first), 1);
    er_snapshot(&r, &(er_word){.epoch = 4, .version = 1, .applied = second, .digest = r.batch.digest});
    digest = r.batch.digest;
    er_ship(&r);
    cr_assert_eq(kd_position_cmp(r.batch.after, second), 0, "applied");
    cr_assert_eq(r.batch.after_digest, digest);
    cr_assert_eq(r.batch.epoch, 4);
    er_finish(&r);
}

/* ---- sending again ---- */

Test(edge_batches, go_out_within_the_window_in_order)
{
    edge_rig r;
    er_init(&r);
    r.config.send_window = 2;
    cr_assert_eq(er_open(&r), KD_OK);
    er_commit(&r);
    three_batches(&r);
    er_ship(&r);
    cr_assert_eq(r.batch.at.seq, 1);
    er_ship(&r);
    cr_assert_eq(r.batch.at.seq, 2);
    uint64_t second = r.batch.digest;
    kd_position at = r.batch.at;
    cr_assert_eq(er_send(&r), KD_ENOTFOUND);
    er_snapshot(&r, &(er_word){.epoch = 1, .version = 1, .applied = at, .digest = second});
    er_ship(&r);
    cr_assert_eq(r.batch.at.seq, 3);
    er_finish(&r);
}

Test(edge_batches, are_all_sent_again_from_the_first_not_applied_and_back_off)
{
    edge_rig r;
    er_init(&r);
    three_batches(&r);
    uint64_t digests[3], last = 0;
    for (int i = 0; i < 3; i++) {
        er_ship(&r);
        digests[i] = r.batch.digest;
    }
    for (int round = 0; round < 6; round++) {
        uint64_t due = kd_edge_tick(r.e, r.now_us), wait = due - r.now_us;
        cr_assert_geq(wait, KD_MIN(last, r.config.resend_max_us), "round %d", round);
        cr_assert_leq(wait, r.config.resend_max_us * 5 / 4);
        last = round < 3 ? wait * 3 / 2 : 0;
        kd_edge_tick(r.e, due - 1);
        cr_assert_eq(er_send(&r), KD_ENOTFOUND);
        r.now_us = due;
        kd_edge_tick(r.e, r.now_us);
        for (uint64_t i = 0; i < 3; i++) {
            er_ship(&r);
            cr_assert_eq(r.batch.at.seq, i + 1);
            cr_assert_eq(r.batch.digest, digests[i], "a resend carries the same body");
        }
        cr_assert_eq(er_send(&r), KD_ENOTFOUND);
    }
    cr_assert_eq(er_stats(&r).resends, 18);
    er_finish(&r);
}

Test(edge_batches, wait_for_the_producer_that_still_holds_them)
{
    edge_rig r;
    er_init(&r);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    er_seal(&r);
    cr_assert_eq(er_send(&r), KD_OK);
    for (int i = 0; i < 50; i++) kd_edge_tick(r.e, r.now_us += 10 * ER_SECOND);
    cr_assert_eq(er_send(&r), KD_ENOTFOUND);
    kd_edge_producer_reset(r.e, r.now_us);
    cr_assert_eq(er_send(&r), KD_ENOTFOUND, "not at once: it may be what broke the producer");
    r.now_us = kd_edge_tick(r.e, r.now_us);
    kd_edge_tick(r.e, r.now_us);
    cr_assert_eq(er_send(&r), KD_OK);
    kd_edge_delivered(r.e, 0, r.batch.at, false, r.now_us);
    r.now_us = kd_edge_tick(r.e, r.now_us);
    kd_edge_tick(r.e, r.now_us);
    cr_assert_eq(er_send(&r), KD_OK);
    er_finish(&r);
}

Test(edge_batches, go_again_without_those_that_the_producer_holds)
{
    edge_rig r;
    er_init(&r);
    three_batches(&r);
    er_ship(&r);
    cr_assert_eq(er_send(&r), KD_OK);
    kd_position held = r.batch.at;
    er_ship(&r);
    r.now_us = kd_edge_tick(r.e, r.now_us);
    kd_edge_tick(r.e, r.now_us);
    er_ship(&r);
    cr_assert_eq(r.batch.at.seq, 1);
    er_ship(&r);
    cr_assert_eq(r.batch.at.seq, 3);
    cr_assert_eq(er_send(&r), KD_ENOTFOUND, "the second would be there twice");
    kd_edge_delivered(r.e, 0, held, true, r.now_us);
    r.now_us = kd_edge_tick(r.e, r.now_us);
    kd_edge_tick(r.e, r.now_us);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        er_ship(&r);
        cr_assert_eq(r.batch.at.seq, seq);
    }
    er_finish(&r);
}

Test(edge_batches, leave_the_outbox_when_applied_and_not_when_kafka_has_them)
{
    edge_rig r;
    er_init(&r);
    three_batches(&r);
    uint32_t rows = er_rows(&r, 'f');
    er_ship(&r);
    er_ship(&r);
    cr_assert_eq(kd_edge_outbox_batches(r.e), 3);
    cr_assert_eq(er_rows(&r, 'f'), rows);
    cr_assert_eq(
        er_snapshot(&r,
                    &(er_word){.epoch = 1, .version = 1, .applied = r.batch.at, .digest = r.batch.digest}),
        KD_SNAPSHOT_GAP);
    cr_assert_eq(kd_edge_outbox_batches(r.e), 1);
    cr_assert_eq(er_rows(&r, 'f'), rows, "deleted with the group that tells applied");
    er_like(&r, 2, 1);
    er_seal(&r);
    cr_assert_eq(er_rows(&r, 'f'), 4, "two batches, a fragment and a seal each");
    er_finish(&r);
}

/* ---- rule 5: a restart ---- */

Test(edge_batches, of_older_incarnations_are_frozen_with_the_same_body)
{
    edge_rig r;
    er_init(&r);
    for (uint32_t i = 0; i < 5; i++) { /* one fragment each */
        cr_assert_eq(er_like(&r, 5 - i, i), KD_OK);
        cr_assert_eq(er_view_add(&r, 1, i + 1), KD_OK);
        er_commit(&r);
    }
    uint64_t old = kd_edge_incarnation(r.e), stamp = 0;
    sim_disk *before = sim_disk_clone(r.disk);
    er_seal(&r);
    er_ship(&r);
    uint64_t sealed = r.batch.digest;
    sim_disk_destroy(r.disk);
    r.disk = before; /* killed between sealing and writing the seal */
    for (int life = 0; life < 2; life++) {
        cr_assert_eq(er_open(&r), KD_OK);
        cr_assert_gt(kd_edge_incarnation(r.e), old);
        cr_assert_eq(er_like(&r, 9, 9), KD_OK);
        stamp = r.out.stamp_us;
        er_commit(&r);
        cr_assert_eq(er_send(&r), KD_OK);
        cr_assert_eq(r.batch.at.incarnation, old);
        cr_assert_eq(r.batch.at.seq, 1);
        cr_assert_eq(r.batch.digest, sealed);
        cr_assert_lt(r.batch.complete_to_us, stamp, "later operations lie above it");
        cr_assert_eq(er_shown(&r, 1, NULL), 1);
    }
    er_finish(&r);
}

Test(edge_batches, of_a_new_incarnation_stand_behind_the_old_ones)
{
    edge_rig r;
    er_init(&r);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    er_commit(&r);
    r.now_us -= 7200 * ER_SECOND; /* the clock says less than the last incarnation */
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(er_like(&r, 1, 2), KD_OK);
    er_seal(&r);
    er_ship(&r);
    kd_position old = r.batch.at;
    er_ship(&r);
    cr_assert_gt(r.batch.at.incarnation, old.incarnation);
    cr_assert_eq(r.batch.at.seq, 1);
    cr_assert_eq(kd_position_cmp(r.batch.after, old), 0);
    er_finish(&r);
}

Test(edge_batches, whose_rows_are_damaged_stop_the_edge)
{
    edge_rig r;
    er_init(&r);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    er_seal(&r);
    kd_buf key = {0};
    kd_buf_put_u8(&key, 'f');
    kd_buf_put_be16(&key, 0);
    kd_buf_put_be64(&key, kd_edge_incarnation(r.e));
    kd_buf_put_be64(&key, 1);
    kd_buf_put_be32(&key, 0);
    sim_disk *sound = sim_disk_clone(r.disk);
    sim_disk_put(r.disk, kd_buf_view(&key), kd_bytes_str("\x01\x01nonsense"));
    cr_assert_eq(er_open(&r), KD_EMALFORMED);
    sim_disk_destroy(r.disk);
    r.disk = sound;
    sim_disk_delete(r.disk, kd_buf_view(&key));
    cr_assert_eq(er_open(&r), KD_OK);
    er_commit(&r);
    cr_assert_eq(er_send(&r), KD_EIO, "not the bytes that were sealed");
    cr_assert_eq(er_like(&r, 1, 2), KD_EIO);
    kd_buf_finish(&key);
    er_finish(&r);
}
