/* Rows of an edge that expire (rule 21). */
#include <criterion/criterion.h>

#include "edge/core/fragment.h"
#include "edge/core/keys.h"
#include "kudos/edge_compare.h"
#include "tests/lib/edge_rig.h"

static edge_rig r;
static er_word word;

static void set_up(void)
{
    er_init(&r);
    r.config.row_ttl_us = 60 * ER_SECOND;
    cr_assert_eq(er_open(&r), KD_OK);
    er_commit(&r);
    word = (er_word){.epoch = 1};
}

static void tear_down(void)
{
    er_finish(&r);
}

TestSuite(edge_expire, .init = set_up, .fini = tear_down);

/* Everything taken so far is merged, and central lets go what is stamped up to `stable_us`. */
static void merged(uint64_t stable_us)
{
    er_seal(&r);
    er_ship(&r);
    word.previous = word.version++;
    word.applied = r.batch.at;
    word.digest = r.batch.digest;
    word.watermark_us = word.low_us = r.batch.complete_to_us;
    word.stable_us = stable_us;
    int verdict = er_snapshot(&r, &word);
    cr_assert(verdict == KD_INSTALLED || verdict == KD_SNAPSHOT_GAP, "%d", verdict);
    er_commit(&r);
}

/* As many pieces as there may be; each has its time. */
static void sweep(void)
{
    for (int i = 0; i < 20; i++) {
        r.now_us += 20 * 1000;
        kd_edge_tick(r.e, r.now_us);
        er_commit(&r);
    }
}

static int liked(uint32_t user)
{
    return kd_edge_member(r.e, ER_LIKE, rig_item(1), rig_user(user));
}

Test(edge_expire, rows_at_or_below_stable_go_when_they_are_old_enough)
{
    er_like(&r, 1, 1);
    uint64_t first = r.out.stamp_us;
    r.now_us += 10 * ER_SECOND;
    er_like(&r, 1, 2);
    r.now_us += 10 * ER_SECOND;
    merged(first);
    sweep();
    cr_assert_eq(er_rows(&r, 'm'), 2u, "none is a minute old");
    r.now_us += 60 * ER_SECOND;
    sweep();
    cr_assert_eq(er_rows(&r, 'm'), 1u);
    cr_assert_eq(liked(1), KD_ENOTFOUND);
    cr_assert_eq(liked(2), 1, "above stable");
    cr_assert_eq(er_stats(&r).expired, 1u);
    er_like(&r, 1, 1);
    cr_assert_eq(r.out.changed, KD_CHANGED_YES, "unknown again, and he brings no token");
    kd_seen seen = {.rest_us = 0};
    kd_request rq = er_request(1, 3);
    rq.seen = &seen;
    cr_assert_eq(er_take(&r, &rq), KD_OK);
    cr_assert_eq(r.out.changed, KD_CHANGED_YES, "he has said nothing yet");
    kd_seen_add(&seen, kd_edge_lives(r.e), r.out.stamp_us);
    rq.item = rig_item(2);
    cr_assert_eq(er_take(&r, &rq), KD_OK);
    cr_assert_eq(r.out.changed, KD_CHANGED_UNKNOWN, "his row may have expired");
    er_seal(&r);
    cr_assert_eq(er_send(&r), KD_OK);
    while (r.batch.at.seq < 2) cr_assert_eq(er_send(&r), KD_OK);
    cr_assert_eq(liked(1), 1);
}

static void nothing_goes(uint64_t stable_us)
{
    er_like(&r, 1, 1);
    r.now_us += 10 * ER_SECOND;
    merged(stable_us);
    r.now_us += 120 * ER_SECOND;
    sweep();
    cr_assert_eq(er_rows(&r, 'm'), 1u);
}

Test(edge_expire, nothing_goes_while_central_says_nothing_of_it)
{
    nothing_goes(0);
}

Test(edge_expire, nothing_goes_where_rows_are_kept_for_good)
{
    r.config.row_ttl_us = 0;
    cr_assert_eq(er_open(&r), KD_OK);
    nothing_goes(ER_START + 100 * ER_SECOND);
}

Test(edge_expire, nothing_goes_within_the_margin_of_the_own_watermark)
{
    er_like(&r, 1, 1);
    r.now_us += ER_SECOND / 2;
    /* The watermark is less than 2 D above the stamp, so the row stays whatever stable says. */
    merged(r.now_us + 600 * ER_SECOND);
    r.now_us += 120 * ER_SECOND;
    sweep();
    cr_assert_eq(er_rows(&r, 'm'), 1u);
}

Test(edge_expire, nothing_goes_after_a_start_before_central_was_heard)
{
    er_like(&r, 1, 1);
    r.now_us += 10 * ER_SECOND;
    merged(r.now_us);
    cr_assert_eq(er_open(&r), KD_OK);
    r.now_us += 120 * ER_SECOND;
    sweep();
    cr_assert_eq(er_rows(&r, 'm'), 1u);
    word.previous = word.version; /* a heartbeat says it again */
    cr_assert_eq(er_snapshot(&r, &word), KD_HEARTBEAT);
    sweep();
    cr_assert_eq(er_rows(&r, 'm'), 0u);
}

Test(edge_expire, nothing_goes_while_operations_are_sent_again)
{
    er_like(&r, 1, 1);
    r.now_us += 10 * ER_SECOND;
    merged(0);
    r.now_us += 120 * ER_SECOND;
    word.epoch = 9; /* a restore undid what this edge knew, and it is not on the chain */
    word.version = 0;
    word.previous = 0;
    word.stable_us = r.now_us;
    cr_assert_eq(er_snapshot(&r, &word), KD_SNAPSHOT_UNDONE);
    sweep();
    cr_assert_eq(er_rows(&r, 'm'), 1u);
}

/* Two processes used the name. The watermark that the other one's batches lifted never falls, and a backup of that time holds it. */
Test(edge_expire, nothing_goes_by_a_backup_from_when_two_used_the_name)
{
    er_like(&r, 1, 1);
    uint64_t theirs_us = r.now_us + 10 * ER_SECOND;
    word.applied = (kd_position){kd_edge_incarnation(r.e) + 5 * ER_SECOND, 1};
    word.version++;
    word.watermark_us = theirs_us;
    er_snapshot(&r, &word);
    cr_assert_eq(er_stats(&r).identity_alarms, 1u);
    r.now_us = theirs_us + 200 * ER_SECOND;
    sweep();
    while (kd_edge_outbox_batches(r.e) > 0) {
        r.batch.complete_to_us = 0;
        merged(theirs_us);
    }
    for (int restarted = 0; restarted < 2; restarted++) {
        r.now_us += 200 * ER_SECOND;
        er_like(&r, 1, 2 + (uint32_t)restarted);
        merged(theirs_us);
        sweep();
        cr_assert_eq(liked(1), 1, "the backup may hold that watermark, and not this row");
        cr_assert_eq(er_open(&r), KD_OK);
    }
    r.now_us += ER_SECOND;
    er_like(&r, 1, 4);
    merged(theirs_us + 1);
    sweep();
    cr_assert_eq(liked(1), KD_ENOTFOUND, "this one was made since");
}

Test(edge_expire, a_newer_word_on_its_way_is_not_taken_for_the_old_row)
{
    er_like(&r, 1, 1);
    r.now_us += 10 * ER_SECOND;
    merged(r.now_us);
    r.now_us += 120 * ER_SECOND;
    er_unlike(&r, 1, 1); /* in the group that gathers; the store has the like */
    kd_edge_tick(r.e, r.now_us);
    er_commit(&r);
    sweep();
    cr_assert_eq(liked(1), 0);
    merged(0);
    cr_assert_eq(er_rows(&r, 'm'), 1u);
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(liked(1), 0);
}

Test(edge_expire, deletes_ride_along_and_come_in_small_pieces)
{
    for (uint32_t user = 0; user < 200; user++) er_like(&r, 1, user);
    r.now_us += 10 * ER_SECOND;
    merged(r.now_us);
    r.now_us += 120 * ER_SECOND;
    kd_edge_tick(r.e, r.now_us); /* seals an idle batch besides */
    er_commit(&r);
    uint32_t left = er_rows(&r, 'm');
    cr_assert(left >= 200 - 64 && left < 200, "%u", left);
    r.now_us += 1000;
    kd_edge_tick(r.e, r.now_us);
    cr_assert_not(kd_edge_commit_wanted(r.e));
    er_commit(&r);
    cr_assert_eq(er_rows(&r, 'm'), left, "a piece has its time");
    r.now_us += 20 * 1000;
    kd_edge_tick(r.e, r.now_us);
    cr_assert_not(kd_edge_commit_wanted(r.e), "deletes ask for no group");
    er_commit(&r);
    cr_assert_lt(er_rows(&r, 'm'), left);
    sweep();
    cr_assert_eq(er_rows(&r, 'm'), 0u);
    cr_assert_eq(er_stats(&r).expire_sweeps, 1u);
}

Test(edge_expire, how_far_rows_have_gone_is_remembered)
{
    kd_compare_window window;
    er_like(&r, 1, 1);
    r.now_us += 10 * ER_SECOND;
    merged(ER_START + ER_SECOND);
    r.now_us += 120 * ER_SECOND;
    sweep();
    cr_assert_eq(er_rows(&r, 'm'), 0u);
    cr_assert_eq(kd_edge_compare_window(r.e, 0, &window), KD_OK);
    cr_assert_eq(window.since_us, ER_START + ER_SECOND);
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(kd_edge_compare_window(r.e, 0, &window), KD_OK);
    cr_assert_eq(window.since_us, ER_START + ER_SECOND);
    cr_assert_eq(window.until_us, word.watermark_us);
}

/* A like that was sent again behind the unlike that followed it. The unlike has gone, and it must not be the like that a start takes back. */
Test(edge_expire, a_start_takes_back_no_row_that_has_gone)
{
    er_like(&r, 1, 1);
    uint64_t first_us = r.out.stamp_us;
    er_unlike(&r, 1, 1);
    r.now_us += 10 * ER_SECOND;
    merged(r.now_us);
    r.now_us += 120 * ER_SECOND;
    sweep();
    cr_assert_eq(liked(1), KD_ENOTFOUND);
    kd_position at = {kd_edge_incarnation(r.e), 1000};
    kd_buf key = {0}, fragment = {0};
    kd_fragment_put(&fragment, &(kd_entry_op){.verb = KD_LIKE,
                                              .counter_id = ER_LIKE_ID,
                                              .item = rig_item(1),
                                              .user = rig_user(1),
                                              .time_us = first_us});
    kd_key_fragment(&key, 0, at, 0);
    sim_disk_put(r.disk, kd_buf_view(&key), kd_buf_view(&fragment));
    kd_key_fragment(&key, 0, at, KD_SEAL_MARKER);
    sim_disk_put(r.disk, kd_buf_view(&key), (kd_bytes){0}); /* merged */
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(liked(1), KD_ENOTFOUND);
    kd_buf_finish(&key);
    kd_buf_finish(&fragment);
}

/* A member of central that was cut off goes on answering, and has not merged the word that expired here. */
Test(edge_expire, a_central_that_may_lack_what_expired_says_nothing)
{
    er_like(&r, 1, 1);
    uint64_t stamp = r.out.stamp_us;
    r.now_us += 10 * ER_SECOND;
    merged(stamp);
    r.now_us += 70 * ER_SECOND;
    sweep();
    cr_assert_eq(er_rows(&r, 'm'), 0u);
    kd_liked_ground ground;
    kd_seen seen = {.rest_us = 0};
    kd_seen_add(&seen, kd_edge_lives(r.e), stamp);
    kd_liked_query q = {.counter = ER_LIKE, .item = rig_item(1), .user = rig_user(1), .seen = &seen};
    cr_expect_eq(kd_edge_liked(r.e, &q, NULL, &ground), KD_ENOTFOUND);
    cr_expect_geq(ground.here_us, stamp, "central is asked to have merged as much");
    kd_liked_central behind = {.liked = false, .at_us = stamp - 1};
    cr_expect_eq(kd_edge_liked(r.e, &q, &behind, &ground), KD_ENOTFOUND);
    kd_liked_central has = {.liked = true, .at_us = stamp, .complete = true};
    cr_expect_eq(kd_edge_liked(r.e, &q, &has, &ground), 1);
    kd_liked_central later = {.liked = false, .at_us = r.now_us};
    cr_expect_eq(kd_edge_liked(r.e, &q, &later, &ground), 0,
                 "a later word from elsewhere, whatever is behind");
}
