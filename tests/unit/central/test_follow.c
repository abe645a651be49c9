/* A central's history, which says what it has read, and a central that follows another one by it (rules 30, 31). */
#include <criterion/criterion.h>

#include "kudos/follow.h"
#include "kudos/forget.h"
#include "tests/lib/central_rig.h"

enum { LIKE = 0 };
static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2, second = 1000000;

static rig leader, follower;
static rig_edge a, b;

static void reopen(rig *r)
{
    cr_assert_eq(rig_reopen(r), KD_OK);
    rig_commit(r);
}

static void set_up(void)
{
    rig_init(&leader);
    rig_init(&follower);
    sim_disk_wipe(follower.disk);
    leader.now_us = follower.now_us = noon + 3600 * second;
    follower.config.follows = true;
    reopen(&leader);
    reopen(&follower);
    a = (rig_edge){.name = "edge-a", .region = "eu"};
    b = (rig_edge){.name = "edge-b", .region = "us"};
}

static void tear_down(void)
{
    rig_finish(&leader);
    rig_finish(&follower);
}

TestSuite(follow, .init = set_up, .fini = tear_down);

static void feed_both(kd_bytes record)
{
    cr_assert_eq(rig_feed(&leader, record), rig_feed(&follower, record));
}

static void like(rig_edge *e, uint32_t user, bool liked)
{
    kd_buf record = {0};
    const rig_op op = {1, user, noon + user, RIG_LIKE, liked};
    rig_seal(e, &op, 1, NULL, 0, noon, &record);
    feed_both(kd_buf_view(&record));
    kd_buf_finish(&record);
}

/* The follower hears of the leader's next snapshot. */
static kd_following hear(void)
{
    rig_snapshot s = {0};
    kd_following f;
    cr_assert_eq(rig_snapshot_take(&leader, leader.now_us, &s), KD_OK);
    for (uint32_t i = 0; i < s.count; i++) kd_central_compare(follower.c, &s.parts[i]);
    rig_snapshot_finish(&s);
    kd_central_get_following(follower.c, &f);
    return f;
}

static bool same(kd_history x, kd_history y)
{
    return x.read == y.read && x.digest == y.digest;
}

Test(follow, the_same_records_give_the_same_history_however_they_are_cut_into_commits)
{
    cr_assert(same(kd_central_history(leader.c), (kd_history){0, 0}));
    for (uint32_t i = 0; i < 20; i++) {
        like(i % 2 ? &a : &b, i, true);
        rig_commit(&leader);
    }
    rig_commit(&follower);
    cr_assert_eq(kd_central_history(leader.c).read, 20);
    cr_assert(same(kd_central_history(leader.c), kd_central_history(follower.c)));
}

Test(follow, a_restart_goes_on_with_the_history_of_what_was_committed)
{
    like(&a, 1, true);
    rig_commit(&leader);
    rig_commit(&follower);
    kd_history before = kd_central_history(leader.c);
    reopen(&leader);
    cr_assert(same(kd_central_history(leader.c), before));
    like(&a, 2, true);
    rig_commit(&leader);
    rig_commit(&follower);
    cr_assert(same(kd_central_history(leader.c), kd_central_history(follower.c)));
}

Test(follow, a_history_of_another_version_than_the_store_s_is_not_believed)
{
    kd_writes w = {0};
    kd_buf row = {0};
    like(&a, 1, true);
    rig_commit(&leader);
    kd_buf_put_be64(&row, kd_central_version(leader.c) - 1);
    kd_buf_put_be64(&row, 7);
    kd_buf_put_be64(&row, 9);
    kd_writes_put(&w, kd_bytes_str("h"), kd_buf_view(&row));
    sim_disk_apply(leader.disk, &w);
    reopen(&leader);
    cr_assert(same(kd_central_history(leader.c), (kd_history){0, 0}));
    kd_writes_finish(&w);
    kd_buf_finish(&row);
}

Test(follow, a_follower_agrees_with_what_the_leader_tells)
{
    kd_following f;
    kd_central_get_following(follower.c, &f);
    cr_assert_eq(f.state, KD_FOLLOWS_UNPROVEN);
    for (uint32_t i = 0; i < 5; i++) like(&a, i, true);
    rig_commit(&leader);
    f = hear();
    cr_assert_eq(f.state, KD_FOLLOWS_AGREED, "before its own commit, too");
    rig_commit(&follower);
    cr_assert_eq(rig_total(&follower, 1, LIKE), 5);
}

Test(follow, a_snapshot_that_is_ahead_is_compared_when_its_records_are_read)
{
    kd_buf record = {0};
    kd_following f;
    const rig_op op = {1, 1, noon, RIG_LIKE, true};
    rig_seal(&a, &op, 1, NULL, 0, noon, &record);
    rig_feed(&leader, kd_buf_view(&record));
    rig_commit(&leader);
    f = hear();
    cr_assert_eq(f.state, KD_FOLLOWS_UNPROVEN);
    rig_feed(&follower, kd_buf_view(&record));
    kd_central_get_following(follower.c, &f);
    cr_assert_eq(f.state, KD_FOLLOWS_AGREED);
    cr_assert_eq(f.compared, 1);
    kd_buf_finish(&record);
}

/* Its leader knows of records that no log has any more, and both go on: it never has as many as the snapshot that was heard last tells. */
Test(follow, who_stays_as_far_behind_as_it_is_compares_all_the_same)
{
    kd_buf record = {0};
    kd_following f;
    const rig_op op = {1, 1, noon, RIG_LIKE, true};
    for (int i = 0; i < 3; i++) {
        kd_buf_clear(&record);
        rig_seal(&a, &op, 1, NULL, 0, noon, &record);
        rig_feed(&leader, kd_buf_view(&record));
    }
    for (uint32_t user = 2; user < 12; user++) {
        rig_commit(&leader);
        hear();
        like(&b, user, true);
        rig_commit(&follower);
    }
    kd_central_get_following(follower.c, &f);
    cr_assert(kd_central_lags(follower.c));
    cr_assert_eq(f.state, KD_FOLLOWS_DIFFERS);
    kd_buf_finish(&record);
}

Test(follow, a_record_that_one_of_them_lacks_is_noticed_for_good)
{
    kd_buf record = {0};
    like(&a, 1, true);
    rig_seal(&b, NULL, 0, NULL, 0, noon, &record);
    rig_feed(&leader, kd_buf_view(&record));
    rig_seal(&b, NULL, 0, NULL, 0, noon + 1, &record);
    rig_feed(&leader, kd_buf_view(&record));
    rig_feed(&follower, kd_buf_view(&record));
    rig_commit(&leader);
    cr_assert_eq(hear().state, KD_FOLLOWS_UNPROVEN, "it has read less");
    like(&a, 2, true);
    kd_following f;
    kd_central_get_following(follower.c, &f);
    cr_assert_eq(f.state, KD_FOLLOWS_DIFFERS);
    cr_assert_eq(f.differs.read, 3);
    rig_commit(&leader);
    cr_assert_eq(hear().state, KD_FOLLOWS_DIFFERS);
    kd_buf_finish(&record);
}

Test(follow, a_record_that_they_judge_otherwise_is_noticed)
{
    kd_buf record = {0};
    kd_fed fed;
    uint64_t version;
    kd_following f;
    const kd_decision gone = {.job = kd_bytes_str("order"),
                              .seq = 1,
                              .last = true,
                              .what = KD_DECIDED_RETIRE,
                              .body = kd_bytes_str("edge-a")};
    like(&a, 1, true);
    cr_assert_eq(kd_central_decide_here(leader.c, &gone, noon, &fed, &version), KD_OK);
    rig_commit(&leader);
    cr_assert_eq(hear().state, KD_FOLLOWS_UNPROVEN, "the history has what was ordered of the stopped leader");
    rig_seal(&a, NULL, 0, NULL, 0, noon, &record);
    cr_assert_eq(rig_feed(&leader, kd_buf_view(&record)), KD_FED_RETIRED);
    cr_assert_eq(rig_feed(&follower, kd_buf_view(&record)), KD_FED_MERGED);
    kd_central_get_following(follower.c, &f);
    cr_assert_eq(f.state, KD_FOLLOWS_DIFFERS);
    kd_buf_finish(&record);
}

Test(follow, a_follower_that_cannot_read_on_is_lost_for_good)
{
    kd_following f;
    like(&a, 1, true);
    rig_commit(&leader);
    cr_assert_eq(hear().state, KD_FOLLOWS_AGREED);
    kd_central_lose(follower.c);
    like(&a, 2, true);
    rig_commit(&leader);
    f = hear();
    cr_assert_eq(f.state, KD_FOLLOWS_LOST);
    cr_assert_str_eq(kd_follows_name(f.state), "lost");
}

Test(follow, who_leads_is_known_by_his_claim_also_after_a_restart)
{
    kd_buf record = {0};
    kd_following f;
    kd_central_claim(leader.c, noon, &record);
    feed_both(kd_buf_view(&record));
    rig_commit(&follower);
    reopen(&follower);
    kd_central_get_following(follower.c, &f);
    cr_assert(f.follows && kd_bytes_eq(f.leader, kd_bytes_str("central-1")));
    cr_assert_eq(f.leader_epoch, kd_central_epoch(leader.c));
    kd_central_get_following(leader.c, &f);
    cr_assert(!f.follows && f.leader.len == 0);
    kd_buf_finish(&record);
}

Test(follow, what_was_fed_is_known_before_it_is_committed)
{
    int64_t fed, committed;
    cr_assert_not(kd_central_log_fed(follower.c, &fed));
    like(&a, 1, true);
    cr_assert(kd_central_log_fed(follower.c, &fed));
    cr_assert_not(kd_central_log_position(follower.c, &committed));
    rig_commit(&follower);
    cr_assert(kd_central_log_position(follower.c, &committed));
    cr_assert_eq(fed, committed);
}

Test(follow, a_leader_of_an_epoch_that_is_over_is_not_listened_to)
{
    kd_snapshot late = {.kind = KD_SNAPSHOT_DELTA, .epoch = 1, .version = 9, .history = {1, 77}};
    like(&a, 1, true);
    rig_commit(&leader);
    cr_assert_eq(hear().state, KD_FOLLOWS_AGREED);
    kd_central_compare(follower.c, &late);
    cr_assert_eq(hear().state, KD_FOLLOWS_AGREED);
}

Test(follow, a_snapshot_without_a_history_is_passed_over)
{
    kd_snapshot old = {.kind = KD_SNAPSHOT_DELTA, .epoch = 1ull << 50, .version = 9};
    like(&a, 1, true);
    kd_central_compare(follower.c, &old);
    rig_commit(&leader);
    cr_assert_eq(hear().state, KD_FOLLOWS_AGREED);
}

Test(follow, no_claim_fences_a_follower_and_no_epoch_is_outbid)
{
    kd_buf record = {0};
    uint64_t epoch = kd_central_epoch(follower.c);
    for (uint32_t i = 0; i < 3; i++) {
        reopen(&leader);
        kd_buf_clear(&record);
        kd_central_claim(leader.c, noon, &record);
        feed_both(kd_buf_view(&record));
    }
    like(&a, 1, true);
    rig_commit(&follower);
    cr_assert_eq(kd_central_epoch(follower.c), epoch);
    cr_assert_eq(rig_total(&follower, 1, LIKE), 1);
    kd_buf_finish(&record);
}

Test(follow, nothing_is_kept_for_the_topics_and_edges_are_not_answered)
{
    kd_buf record = {0};
    kd_bytes item = rig_item(1);
    for (uint32_t i = 0; i < 50; i++) like(&a, i, true);
    rig_commit(&follower);
    cr_assert_eq(kd_central_unpublished_bytes(follower.c), 0);
    cr_assert_eq(kd_central_dirty(follower.c), 0);
    cr_assert_eq(kd_central_read(follower.c, &item, 1, (kd_bytes){0}, noon, &record), KD_EAGAIN);
    kd_buf_finish(&record);
}

/* ---- a record of a newer central ---- */

/* A claim as a later wire schema may have it: an edge writes none. */
static void newer_record(kd_buf *record)
{
    kd_claim_encode(&(kd_claim){.epoch = 9, .central = kd_bytes_str("newer"), .at_us = noon}, record);
    record->data[1] = KD_WIRE_SCHEMA + 1;
}

Test(follow, stops_in_front_of_a_genuine_record_of_a_newer_central_and_a_newer_program_goes_on_there)
{
    kd_buf record = {0}, known = {0};
    like(&a, 1, true);
    newer_record(&record);
    rig_commit(&follower);
    kd_central_trust(follower.c, true);
    kd_history before = kd_central_history(follower.c);
    cr_assert_eq(rig_feed(&follower, kd_buf_view(&record)), KD_FED_NEWER);
    cr_assert_eq(kd_central_waits(follower.c), KD_WIRE_SCHEMA + 1u);
    kd_claim_encode(&(kd_claim){.epoch = 8, .central = kd_bytes_str("older"), .at_us = noon}, &known);
    cr_assert_eq(rig_feed(&follower, kd_buf_view(&known)), KD_FED_NEWER, "nothing behind it is read");
    kd_following f;
    kd_central_get_following(follower.c, &f);
    cr_assert(same(f.ours, before), "it is part of no history");
    int64_t offset = -1;
    cr_assert(kd_central_log_position(follower.c, &offset));
    cr_assert_eq(offset, follower.offset - 3, "the next start reads it again");
    reopen(&follower);
    cr_assert_eq(kd_central_waits(follower.c), 0u, "a program that knows it goes on");
    kd_buf_finish(&record);
    kd_buf_finish(&known);
}

Test(follow, stops_in_front_of_a_sort_of_decision_that_it_does_not_know)
{
    kd_buf record = {0};
    kd_decision d = {.job = kd_bytes_str("j"), .seq = 1, .last = true, .what = KD_DECIDED_RETIRE, .epoch = 1};
    d.central = kd_bytes_str("newer");
    d.at_us = noon;
    d.body = kd_bytes_str("edge-z");
    kd_decision_encode(&d, &record);
    const uint8_t known[] = {'j', 1, 1, KD_DECIDED_RETIRE};
    uint8_t *at = memmem(record.data, record.len, known, sizeof known);
    cr_assert(at);
    at[3] = KD_DECIDED_EXPECT + 1;
    kd_central_trust(follower.c, true);
    cr_assert_eq(rig_feed(&follower, kd_buf_view(&record)), KD_FED_NEWER);
    cr_assert_eq(kd_central_waits(follower.c), (uint64_t)KD_WIRE_SCHEMA);
    kd_buf_finish(&record);
}

Test(follow, leaves_what_anybody_may_have_written_and_what_its_edge_sends_again)
{
    kd_buf record = {0}, batch = {0};
    const rig_op op = {1, 1, noon, RIG_LIKE, true};
    newer_record(&record);
    feed_both(kd_buf_view(&record));
    cr_assert_eq(kd_central_waits(follower.c), 0u, "nobody says who wrote it");
    rig_seal(&a, &op, 1, NULL, 0, noon, &batch);
    batch.data[1] = KD_WIRE_SCHEMA + 1;
    kd_central_trust(follower.c, true);
    cr_assert_eq(rig_feed(&follower, kd_buf_view(&batch)), KD_FED_UNKNOWN_SCHEMA);
    cr_assert_eq(kd_central_waits(follower.c), 0u);
    kd_buf_finish(&record);
    kd_buf_finish(&batch);
}

Test(follow, a_store_says_without_a_core_whether_it_followed_last_and_whom)
{
    kd_buf name = {0};
    like(&a, 1, true);
    rig_commit(&leader);
    rig_commit(&follower);
    cr_assert_eq(kd_central_stored_follows(&leader.store, &name), KD_ENOTFOUND);
    cr_assert_eq(kd_central_stored_follows(&follower.store, &name), KD_OK);
    kd_buf_finish(&name);
}
