/* Taking an operation at an edge (rules 1 to 4), and what may not be taken. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "kudos/fill.h"
#include "tests/lib/edge_rig.h"

/* ---- rule 1 and 2 ---- */

Test(edge_take, an_operation_is_journaled_also_when_the_row_agrees)
{
    edge_rig r;
    er_init(&r);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    cr_assert_eq(r.out.changed, KD_CHANGED_YES);
    uint64_t first = r.out.stamp_us;
    er_commit(&r);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    cr_assert_eq(r.out.changed, KD_CHANGED_NO);
    cr_assert_gt(r.out.stamp_us, first);
    cr_assert_eq(er_shown(&r, 1, NULL), 1);
    uint64_t last = r.out.stamp_us;
    er_seal(&r);
    er_ship(&r);
    cr_assert_eq(r.body.op_count, 1, "of one row the last operation is kept");
    cr_assert_eq(r.body.ops[0].time_us, last);
    cr_assert_eq(r.body.increments[0].shown, 1);
    cr_assert_eq(er_stats(&r).agreeing, 1);
    er_finish(&r);
}

Test(edge_take, an_unlike_of_nothing_known_shows_nothing_and_is_journaled)
{
    edge_rig r;
    er_init(&r);
    cr_assert_eq(er_unlike(&r, 1, 1), KD_OK);
    cr_assert_eq(r.out.changed, KD_CHANGED_UNKNOWN);
    cr_assert_eq(er_shown(&r, 1, NULL), 0);
    cr_assert_eq(er_like(&r, 1, 2), KD_OK);
    cr_assert_eq(er_shown(&r, 1, NULL), 1, "an unlike of nothing known takes nothing away");
    er_seal(&r);
    er_ship(&r);
    cr_assert_eq(r.body.op_count, 2);
    cr_assert(!r.body.ops[0].liked && r.body.ops[1].liked);
    er_finish(&r);
}

Test(edge_take, like_and_unlike_in_one_batch_leave_the_unlike)
{
    edge_rig r;
    er_init(&r);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    cr_assert_eq(er_unlike(&r, 1, 1), KD_OK);
    cr_assert_eq(r.out.changed, KD_CHANGED_YES, "requests of one group see each other's rows");
    cr_assert_eq(er_shown(&r, 1, NULL), 0);
    er_seal(&r);
    er_ship(&r);
    cr_assert_eq(r.body.op_count, 1);
    cr_assert_not(r.body.ops[0].liked);
    cr_assert_eq(r.body.increments[0].shown, 0);
    er_finish(&r);
}

Test(edge_take, counters_of_an_item_and_users_are_apart)
{
    edge_rig r;
    er_init(&r);
    kd_request rq = er_request(1, 1);
    cr_assert_eq(er_take(&r, &rq), KD_OK);
    rq.counter = ER_SAVE;
    cr_assert_eq(er_take(&r, &rq), KD_OK);
    cr_assert_eq(r.out.changed, KD_CHANGED_YES);
    cr_assert_eq(er_view_add(&r, 1, 40), KD_OK);
    cr_assert_eq(er_view_add(&r, 1, 2), KD_OK);
    kd_view view;
    cr_assert_eq(er_shown(&r, 1, &view), 1);
    cr_assert_eq(view.count[ER_SAVE], 1);
    cr_assert_eq(view.count[ER_VIEW], 42);
    cr_assert_eq(view.pending[ER_VIEW], 2);
    cr_assert_not(view.known);
    cr_assert_eq(kd_edge_member(r.e, ER_SAVE, rig_item(1), rig_user(1)), 1);
    cr_assert_eq(kd_edge_member(r.e, ER_SAVE, rig_item(1), rig_user(2)), KD_ENOTFOUND);
    er_seal(&r);
    er_ship(&r);
    cr_assert_eq(r.body.sum_count, 1, "one sum of an item, counter and day");
    cr_assert_eq(r.body.sums[0].amount, 42);
    er_finish(&r);
}

/* ---- rule 3 ---- */

Test(edge_take, a_stamp_is_above_the_clock_the_last_one_the_row_and_the_token)
{
    edge_rig r;
    er_init(&r);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    cr_assert_eq(r.out.stamp_us, r.now_us);
    cr_assert_eq(er_like(&r, 1, 2), KD_OK);
    cr_assert_eq(r.out.stamp_us, r.now_us + 1, "last + 1");
    kd_request rq = er_request(1, 3);
    kd_seen seen = {.rest_us = r.now_us + 5000};
    rq.seen = &seen;
    cr_assert_eq(er_take(&r, &rq), KD_OK);
    cr_assert_eq(r.out.stamp_us, r.now_us + 5001, "the token's + 1");
    cr_assert_eq(er_unlike(&r, 1, 3), KD_OK);
    cr_assert_eq(r.out.stamp_us, r.now_us + 5002, "the row's + 1");
    cr_assert_eq(er_like(&r, 1, 4), KD_OK);
    cr_assert_lt(r.out.stamp_us, r.now_us + 100, "neither row nor token lifts last");
    er_finish(&r);
}

Test(edge_take, last_is_durable_and_a_clock_that_went_back_does_not_repeat_it)
{
    edge_rig r;
    er_init(&r);
    r.now_us += 10 * ER_SECOND;
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    uint64_t last = r.out.stamp_us;
    er_commit(&r);
    r.now_us -= 9 * ER_SECOND;
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(er_like(&r, 1, 2), KD_OK);
    cr_assert_gt(r.out.stamp_us, last);
    er_finish(&r);
}

/* ---- rule 4 ---- */

Test(edge_take, an_answer_names_the_group_that_makes_it_durable)
{
    edge_rig r;
    er_init(&r);
    const kd_writes *writes;
    uint64_t first, second;
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    uint64_t named = r.out.group;
    cr_assert(kd_edge_commit_wanted(r.e));
    cr_assert_eq(kd_edge_commit_begin(r.e, r.now_us, &writes, &first), KD_OK);
    cr_assert_eq(named, first);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    cr_assert_eq(r.out.changed, KD_CHANGED_NO, "rows of the group being written are seen");
    cr_assert_gt(r.out.group, first);
    named = r.out.group;
    cr_assert_eq(kd_edge_commit_begin(r.e, r.now_us, &writes, &second), KD_EAGAIN, "one at a time");
    cr_assert_not(kd_edge_commit_wanted(r.e));
    cr_assert_eq(kd_edge_commit_end(r.e, first, KD_OK), KD_OK);
    cr_assert_eq(kd_edge_commit_begin(r.e, r.now_us, &writes, &second), KD_OK);
    cr_assert_eq(named, second);
    er_finish(&r);
}

Test(edge_take, what_was_not_written_is_gone_and_what_was_is_there)
{
    edge_rig r;
    er_init(&r);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    er_commit(&r);
    cr_assert_eq(er_like(&r, 1, 2), KD_OK);
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(kd_edge_member(r.e, ER_LIKE, rig_item(1), rig_user(1)), 1);
    cr_assert_eq(kd_edge_member(r.e, ER_LIKE, rig_item(1), rig_user(2)), KD_ENOTFOUND);
    cr_assert_eq(er_shown(&r, 1, NULL), 1);
    cr_assert_eq(kd_edge_outbox_batches(r.e), 1);
    er_finish(&r);
}

/* ---- idempotency keys ---- */

static kd_request keyed(uint32_t user, const char *key)
{
    kd_request rq = er_request(1, user);
    rq.idempotency_key = kd_bytes_str(key);
    return rq;
}

Test(edge_take, a_retry_is_answered_from_memory_also_after_a_restart)
{
    edge_rig r;
    er_init(&r);
    kd_request rq = keyed(1, "tap");
    cr_assert_eq(er_take(&r, &rq), KD_OK);
    kd_outcome first = r.out;
    cr_assert_eq(er_take(&r, &rq), KD_EINFLIGHT, "its group is not durable");
    er_commit(&r);
    cr_assert_eq(er_unlike(&r, 1, 1), KD_OK);
    for (int life = 0; life < 2; life++) {
        er_commit(&r);
        cr_assert_eq(er_take(&r, &rq), KD_OK);
        cr_assert(r.out.replayed && r.out.liked);
        cr_assert_eq(r.out.changed, first.changed);
        cr_assert_eq(r.out.stamp_us, first.stamp_us);
        cr_assert_eq(r.out.group, 0);
        cr_assert_eq(er_shown(&r, 1, NULL), 0, "nothing is taken again");
        if (life == 0) cr_assert_eq(er_open(&r), KD_OK);
    }
    er_finish(&r);
}

Test(edge_take, a_key_is_of_its_user_and_of_one_request)
{
    edge_rig r;
    er_init(&r);
    kd_request rq = keyed(1, "k");
    cr_assert_eq(er_take(&r, &rq), KD_OK);
    er_commit(&r);
    kd_request other = keyed(2, "k");
    cr_assert_eq(er_take(&r, &other), KD_OK);
    cr_assert_not(r.out.replayed);
    rq.verb = KD_UNLIKE;
    cr_assert_eq(er_take(&r, &rq), KD_EREUSED);
    rq = keyed(1, "k");
    rq.counter = ER_SAVE;
    cr_assert_eq(er_take(&r, &rq), KD_EREUSED);
    rq = keyed(1, "k");
    rq.item = rig_item(2);
    cr_assert_eq(er_take(&r, &rq), KD_EREUSED);
    rq = keyed(1, "k");
    rq.batch = 7;
    cr_assert_eq(er_take(&r, &rq), KD_EREUSED, "the same operation, of another request");
    er_finish(&r);
}

Test(edge_take, keys_are_bounded_by_number_and_age_on_disk_too)
{
    edge_rig r;
    er_init(&r);
    r.key_window.max = 3;
    cr_assert_eq(er_open(&r), KD_OK);
    const char *keys[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++) {
        kd_request rq = keyed(1, keys[i]);
        cr_assert_eq(er_take(&r, &rq), KD_OK);
        er_commit(&r);
    }
    cr_assert_eq(er_rows(&r, 'i'), 3);
    kd_request newest = keyed(1, "d"), oldest = keyed(1, "a");
    cr_assert_eq(er_take(&r, &newest), KD_OK);
    cr_assert(r.out.replayed);
    cr_assert_eq(er_take(&r, &oldest), KD_OK);
    cr_assert_not(r.out.replayed);
    er_commit(&r);
    r.now_us += r.config.idempotency_ttl_us;
    kd_edge_tick(r.e, r.now_us);
    er_commit(&r);
    cr_assert_eq(er_rows(&r, 'i'), 0);
    er_finish(&r);
}

/* Like and unlike of one item, first and last of a batch: half of it again would turn its last word round. */
Test(edge_take, a_batch_is_forgotten_as_a_whole)
{
    edge_rig r;
    char key[16];
    er_init(&r);
    for (int life = 0; life < 2; life++) {
        for (int i = 0; i < 100; i++) {
            snprintf(key, sizeof key, "batch %d", i);
            kd_request rq = keyed(i == 0 || i == 99 ? 1 : 2 + (uint32_t)i, key);
            rq.verb = i == 99 ? KD_UNLIKE : KD_LIKE;
            cr_assert_eq(er_take(&r, &rq), KD_OK);
            cr_assert_not(r.out.replayed, "life %d, operation %d", life, i);
        }
        er_commit(&r);
        cr_assert_eq(kd_edge_member(r.e, ER_LIKE, rig_item(1), rig_user(1)), 0);
        r.now_us += r.config.idempotency_ttl_us;
        kd_edge_tick(r.e, r.now_us);
    }
    er_commit(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    kd_request again = keyed(1, "batch 99");
    again.verb = KD_UNLIKE;
    r.now_us -= ER_SECOND;
    cr_assert_eq(er_take(&r, &again), KD_OK);
    cr_assert(r.out.replayed, "the later of two under one key is the one that counts, also after a start");
    er_finish(&r);
}

static void one_key(edge_rig *r, uint32_t n)
{
    char key[16];
    snprintf(key, sizeof key, "key %u", n);
    kd_request rq = keyed(1, key);
    cr_assert_eq(er_take(r, &rq), KD_OK);
    er_commit(r);
}

/* Else the unlike, the second operation of the bulk request, would be answered from memory, and the like before it taken anew. */
Test(edge_take, a_bulk_request_makes_room_as_a_whole)
{
    edge_rig r;
    er_init(&r);
    r.key_window.max = 10;
    kd_request like = keyed(1, "batch:0"), unlike = keyed(1, "batch:1");
    like.batch = unlike.batch = 77;
    like.batch_key = unlike.batch_key = kd_bytes_str("batch");
    unlike.verb = KD_UNLIKE;
    for (uint32_t life = 0; life < 2; life++) {
        r.now_us += ER_SECOND;
        cr_assert_eq(er_take(&r, &like), KD_OK);
        cr_assert_not(r.out.replayed);
        cr_assert_eq(er_take(&r, &unlike), KD_OK);
        cr_assert_not(r.out.replayed, "both left, life %u", life);
        er_commit(&r);
        if (life == 1) cr_assert_eq(er_open(&r), KD_OK);
        for (uint32_t n = 0; n < 8; n++) one_key(&r, life * 100 + n);
        cr_assert_eq(er_rows(&r, 'i'), 10);
        cr_assert_eq(er_take(&r, &like), KD_OK);
        cr_assert(r.out.replayed);
        one_key(&r, life * 100 + 8);
        cr_assert_eq(er_rows(&r, 'i'), 9);
    }
    er_finish(&r);
}

/* Before that nobody was answered, so the client will ask again. */
Test(edge_take, a_key_is_not_forgotten_before_its_operation_is_durable)
{
    edge_rig r;
    er_init(&r);
    r.key_window.max = 2;
    const char *keys[] = {"a", "b", "c", "d", "e"};
    for (size_t i = 0; i < KD_COUNT(keys); i++) {
        kd_request rq = keyed(1, keys[i]);
        cr_assert_eq(er_take(&r, &rq), KD_OK);
    }
    kd_request oldest = keyed(1, "a");
    cr_assert_eq(er_take(&r, &oldest), KD_EINFLIGHT);
    r.now_us += r.config.idempotency_ttl_us;
    kd_edge_tick(r.e, r.now_us);
    cr_assert_eq(er_take(&r, &oldest), KD_EINFLIGHT);
    er_commit(&r);
    kd_edge_tick(r.e, r.now_us);
    er_commit(&r);
    cr_assert_eq(er_rows(&r, 'i'), 0);
    er_finish(&r);
}

static uint32_t ticks_until_nothing_is_due(edge_rig *r)
{
    uint32_t ticks = 1;
    while (kd_edge_tick(r->e, r->now_us) == r->now_us && ticks < 100) {
        er_commit(r);
        ticks++;
    }
    er_commit(r);
    return ticks;
}

/* Two shards of one process. Nearly all keys come to the first. */
Test(edge_take, the_bound_on_keys_is_of_all_shards_and_the_oldest_make_room)
{
    edge_rig hot, quiet;
    er_init(&hot);
    er_init(&quiet);
    quiet.config.key_window = &hot.key_window;
    cr_assert_eq(er_open(&quiet), KD_OK);
    er_commit(&quiet);
    for (uint32_t n = 0; n < 10; n++) one_key(&quiet, n);
    for (uint32_t n = 0; n < 90; n++) one_key(&hot, n);
    cr_assert_eq(er_rows(&hot, 'i'), 90, "a shard may have nearly all");
    kd_edge_tick(quiet.e, quiet.now_us);
    er_commit(&quiet);
    cr_assert_eq(er_rows(&quiet, 'i'), 10);
    for (uint32_t n = 90; n < 99; n++) one_key(&hot, n);
    ticks_until_nothing_is_due(&quiet);
    cr_assert_eq(er_rows(&hot, 'i'), 99);
    cr_assert_eq(er_rows(&quiet, 'i'), 1, "the oldest of all shards");
    cr_assert_eq(er_open(&hot), KD_OK);
    cr_assert_eq(er_open(&quiet), KD_OK);
    one_key(&quiet, 10);
    er_commit(&hot);
    cr_assert_eq(er_rows(&hot, 'i') + er_rows(&quiet, 'i'), 100, "a start goes on behind the largest number");
    er_finish(&hot);
    er_finish(&quiet);
}

/* A shard to which no key comes any more, while the others get many: its ticks follow each other until its keys are gone. */
Test(edge_take, a_shard_without_requests_forgets_too)
{
    edge_rig r;
    er_init(&r);
    r.key_window.max = 1000;
    for (uint32_t n = 0; n < 300; n++) one_key(&r, n);
    r.key_window.next += 1000;
    cr_assert_eq(ticks_until_nothing_is_due(&r), 5, "64 at a time");
    cr_assert_eq(er_rows(&r, 'i'), 0);
    er_finish(&r);
}

/* An operator's command does not know the edge's bound. */
Test(edge_take, keys_are_all_kept_where_no_bound_is_given)
{
    edge_rig r;
    er_init(&r);
    const char *keys[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++) {
        kd_request rq = keyed(1, keys[i]);
        cr_assert_eq(er_take(&r, &rq), KD_OK);
        er_commit(&r);
    }
    r.key_window.max = UINT64_MAX;
    cr_assert_eq(er_open(&r), KD_OK);
    er_commit(&r);
    cr_assert_eq(er_rows(&r, 'i'), 3);
    r.key_window.max = 2;
    cr_assert_eq(er_open(&r), KD_OK);
    er_commit(&r);
    cr_assert_eq(er_rows(&r, 'i'), 2);
    er_finish(&r);
}

/* ---- what is refused, and changes nothing ---- */

static void assert_refused(edge_rig *r, const kd_request *rq, int expected)
{
    kd_edge_stats before = er_stats(r);
    uint64_t shown = er_shown(r, 1, NULL);
    cr_assert_eq(er_take(r, rq), expected);
    cr_assert_eq(er_stats(r).outbox_bytes, before.outbox_bytes);
    cr_assert_eq(er_stats(r).items, before.items);
    cr_assert_eq(er_stats(r).evicted, before.evicted);
    cr_assert_eq(er_shown(r, 1, NULL), shown);
}

Test(edge_take, a_request_that_no_record_can_hold_is_refused)
{
    edge_rig r;
    er_init(&r);
    kd_request rq = er_request(1, 1);
    rq.user.len = 0;
    assert_refused(&r, &rq, KD_EINVAL);
    rq = er_request(1, 1);
    rq.counter = ER_VIEW;
    assert_refused(&r, &rq, KD_EINVAL);
    rq.counter = 3;
    assert_refused(&r, &rq, KD_EINVAL);
    rq = er_request(1, 1);
    rq.verb = KD_ADD;
    rq.amount = 1;
    assert_refused(&r, &rq, KD_EINVAL);
    rq.counter = ER_VIEW;
    rq.amount = 0;
    assert_refused(&r, &rq, KD_EINVAL);
    rq.amount = KD_AMOUNT_MAX + 1;
    assert_refused(&r, &rq, KD_EINVAL);
    rq.amount = KD_AMOUNT_MAX;
    cr_assert_eq(er_take(&r, &rq), KD_OK);
    er_finish(&r);
}

Test(edge_take, a_full_outbox_refuses_and_applied_makes_room)
{
    edge_rig r;
    er_init(&r);
    r.config.outbox_bytes_max = 300;
    cr_assert_eq(er_open(&r), KD_OK);
    er_commit(&r);
    uint32_t users = 0;
    while (er_like(&r, 1, ++users) == KD_OK) cr_assert_lt(users, 100);
    kd_request rq = er_request(1, 500);
    assert_refused(&r, &rq, KD_EFULL);
    er_seal(&r);
    er_ship(&r);
    er_snapshot(&r, &(er_word){.epoch = 1, .version = 1, .applied = r.batch.at, .digest = r.batch.digest});
    cr_assert_eq(kd_edge_outbox_bytes(r.e), 0);
    cr_assert_eq(er_take(&r, &rq), KD_OK);
    er_finish(&r);
}

Test(edge_take, a_read_that_fails_takes_nothing_and_evicts_nothing)
{
    edge_rig r;
    er_init(&r);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    cr_assert_eq(er_like(&r, 2, 1), KD_OK);
    er_seal(&r);
    er_ship(&r);
    er_snapshot(&r, &(er_word){.epoch = 1, .version = 1, .applied = r.batch.at, .digest = r.batch.digest});
    cr_assert_eq(er_read(&r, &(er_word){.epoch = 1, .version = 1, .item = 1, .likes = 1}), KD_OK);
    er_commit(&r);
    r.config.items_max = 1;
    cr_assert_eq(er_open(&r), KD_OK);
    er_commit(&r);
    sim_disk_fail_after(r.disk, 0);
    kd_request rq = er_request(2, 1); /* its row is known, its entry would need the room of item 1 */
    assert_refused(&r, &rq, KD_EIO);
    sim_disk_fail_after(r.disk, UINT64_MAX);
    cr_assert_eq(er_take(&r, &rq), KD_OK);
    cr_assert_eq(r.out.changed, KD_CHANGED_NO);
    cr_assert_eq(er_stats(&r).evicted, 1);
    er_finish(&r);
}

Test(edge_take, no_item_is_taken_in_when_all_are_on_their_way)
{
    edge_rig r;
    er_init(&r);
    r.config.items_max = 2;
    cr_assert_eq(er_open(&r), KD_OK);
    er_commit(&r);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    cr_assert_eq(er_like(&r, 2, 1), KD_OK);
    cr_assert_eq(er_like(&r, 3, 1), KD_EFULL);
    cr_assert_eq(er_like(&r, 2, 2), KD_OK);
    cr_assert_eq(kd_edge_ask(r.e, rig_item(3)), KD_EFULL);
    cr_assert_eq(er_stats(&r).items, 2);
    er_finish(&r);
}

/* Its bound was lowered, or what is sent again fills the room that others' likes need. */
Test(edge_take, what_waits_for_central_is_shown_also_after_a_start_with_less_room)
{
    edge_rig r;
    er_init(&r);
    for (uint32_t item = 1; item <= 3; item++) cr_assert_eq(er_like(&r, item, 1), KD_OK);
    er_commit(&r);
    r.config.items_max = 1;
    cr_assert_eq(er_open(&r), KD_OK);
    er_commit(&r);
    for (uint32_t item = 1; item <= 3; item++) cr_assert_eq(er_shown(&r, item, NULL), 1, "item %u", item);
    cr_assert_eq(er_like(&r, 4, 1), KD_EFULL);
    cr_assert_eq(er_like(&r, 3, 2), KD_OK);
    cr_assert_eq(er_shown(&r, 3, NULL), 2);
    er_finish(&r);
}

/* 3000 rows of item 1 are in the store, and the edge starts. */
static void start_with_rows(edge_rig *r, uint32_t piece_rows)
{
    er_init(r);
    r->config.fresh_rows_max = 0;
    r->config.filter_piece_rows = piece_rows;
    for (uint32_t u = 0; u < 3000; u++) {
        cr_assert_eq(er_like(r, 1, u), KD_OK);
        if (u % 100 == 0) er_commit(r);
    }
    while (er_stats(r).fresh_rows > 0) {
        cr_assert_eq(er_like(r, 2, 1), KD_OK);
        er_commit(r);
        if (er_stats(r).fresh_rows == 1) break; /* the one just taken */
    }
    cr_assert_eq(er_open(r), KD_OK);
    er_commit(r);
}

Test(edge_take, a_start_finds_rows_before_all_are_in_the_filter)
{
    edge_rig r;
    start_with_rows(&r, 1000);
    kd_store store = sim_disk_view(r.disk);
    kd_fill_piece piece = {.last = false};
    cr_assert_lt(er_stats(&r).filter_rows, 1100);
    cr_assert_eq(er_unlike(&r, 1, 2999), KD_OK);
    cr_assert_eq(r.out.changed, KD_CHANGED_YES, "its row is found");
    cr_assert(kd_edge_fill_begin(r.e, &piece));
    kd_edge_tick(r.e, r.now_us);
    cr_assert_lt(er_stats(&r).filter_rows, 1100, "no work of the core waits for the rest");
    kd_fill_read(&store, &piece, 1000);
    cr_assert_eq(er_like(&r, 1, 5000), KD_OK, "between the reading of a piece and its taking");
    cr_assert(kd_edge_fill_take(r.e, &piece));
    cr_expect_lt(er_stats(&r).filter_rows, 2990);
    kd_fill_read(&store, &piece, 2000);
    cr_assert(!kd_edge_fill_take(r.e, &piece), "this was the last piece");
    cr_assert(!kd_edge_fill_begin(r.e, &piece));
    kd_fill_finish(&piece);
    cr_expect_geq(er_stats(&r).filter_rows, 2990, "one in 200 may look as if it were there already");
    for (uint32_t u = 0; u < 3000; u += 7) {
        cr_assert_eq(er_unlike(&r, 1, u), KD_OK);
        cr_assert_eq(r.out.changed, KD_CHANGED_YES);
    }
    cr_assert_eq(er_like(&r, 1, 5000), KD_OK);
    cr_assert_eq(r.out.changed, KD_CHANGED_NO, "a row that was recorded meanwhile is in the filter");
    er_finish(&r);
}

Test(edge_take, a_start_that_cannot_read_on_fails)
{
    edge_rig r;
    start_with_rows(&r, 100);
    kd_store store = sim_disk_view(r.disk);
    kd_fill_piece piece = {.last = false};
    cr_assert(kd_edge_fill_begin(r.e, &piece));
    sim_disk_fail_after(r.disk, 0);
    kd_fill_read(&store, &piece, 100);
    cr_assert(!kd_edge_fill_take(r.e, &piece));
    kd_fill_finish(&piece);
    cr_assert_eq(er_like(&r, 1, 1), KD_EIO);
    er_finish(&r);
}

Test(edge_take, a_filter_that_is_full_costs_reads_and_is_never_wrong)
{
    enum { USERS = 2000 };
    edge_rig r;
    er_init(&r);
    r.config.filter_bytes_max = 64;
    r.config.flush_ops = 10000;
    cr_assert_eq(er_open(&r), KD_OK);
    for (uint32_t u = 0; u < USERS; u++) {
        cr_assert_eq(er_like(&r, 1, u), KD_OK);
        cr_assert_eq(r.out.changed, KD_CHANGED_YES);
        if (u % 100 == 0) er_commit(&r);
    }
    er_commit(&r);
    cr_assert_lt(er_stats(&r).filter_rows, USERS / 4, "it takes in no more");
    cr_assert_eq(er_open(&r), KD_OK);
    for (uint32_t u = 0; u < USERS; u += 7) {
        cr_assert_eq(er_unlike(&r, 1, u), KD_OK);
        cr_assert_eq(r.out.changed, KD_CHANGED_YES, "its row is found");
        cr_assert_eq(er_unlike(&r, 1, USERS + u), KD_OK);
        cr_assert_eq(r.out.changed, KD_CHANGED_UNKNOWN);
    }
    er_finish(&r);
}
