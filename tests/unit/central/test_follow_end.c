/* What the end of the log proves (rules 31, 32): a follower that read less than its leader, or more before a claim; a leader whose successor's claim is gone. */
#include <criterion/criterion.h>

#include "kudos/follow.h"
#include "tests/lib/central_rig.h"

static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2, second = 1000000;

static rig leader, follower;
static rig_edge a;
static kd_buf claimed, marked;

static void begin(rig *r, bool follows, uint64_t seed)
{
    rig_init(r);
    r->config.seed += seed; /* which makes it another store */
    r->config.in_group = true;
    if (follows) sim_disk_wipe(r->disk);
    r->now_us = noon + 3600 * second;
    rig_open_as(r, follows);
}

static void set_up(void)
{
    begin(&leader, false, 1);
    begin(&follower, true, 2);
    a = (rig_edge){.name = "edge-a", .region = "eu"};
    claimed = marked = (kd_buf){.data = NULL};
}

static void tear_down(void)
{
    rig_finish(&leader);
    rig_finish(&follower);
    kd_buf_finish(&claimed);
    kd_buf_finish(&marked);
}

TestSuite(follow_end, .init = set_up, .fini = tear_down);

static kd_buf sealed(uint32_t user)
{
    kd_buf record = {0};
    const rig_op op = {1, user, noon + user, RIG_LIKE, true};
    rig_seal(&a, &op, 1, NULL, 0, noon, &record);
    return record;
}

/* The leader reads it, commits and publishes; the follower hears of that, and reads it where `both`. */
static void like(uint32_t user, bool both)
{
    rig_snapshot s = {0};
    kd_buf record = sealed(user);
    rig_feed(&leader, kd_buf_view(&record));
    if (both) rig_feed(&follower, kd_buf_view(&record));
    rig_commit(&leader);
    cr_assert_eq(rig_snapshot_take(&leader, leader.now_us, &s), KD_OK);
    for (uint32_t i = 0; i < s.count; i++) kd_central_compare(follower.c, &s.parts[i]);
    rig_snapshot_finish(&s);
    kd_buf_finish(&record);
}

static kd_following at_end(uint64_t mono_us)
{
    kd_following f;
    kd_central_at_end(follower.c, mono_us);
    kd_central_get_following(follower.c, &f);
    return f;
}

Test(follow_end, a_follower_that_has_read_less_than_its_leader_differs)
{
    like(1, true);
    cr_assert_eq(at_end(second).state, KD_FOLLOWS_AGREED);
    cr_assert_not(kd_central_lags(follower.c));
    like(2, false);
    cr_assert(kd_central_lags(follower.c));
    cr_assert_eq(at_end(20 * second).state, KD_FOLLOWS_AGREED,
                 "the snapshot may be younger than the look at the log");
    cr_assert_eq(at_end(20 * second + KD_FOLLOW_PROOF_US - 1).state, KD_FOLLOWS_AGREED);
    kd_following f = at_end(20 * second + KD_FOLLOW_PROOF_US);
    cr_assert_eq(f.state, KD_FOLLOWS_DIFFERS);
    cr_assert_eq(f.differs.read, 2);
}

Test(follow_end, a_follower_that_has_read_by_then_what_the_leader_had_told_agrees)
{
    kd_buf late = sealed(1);
    rig_snapshot s = {0};
    rig_feed(&leader, kd_buf_view(&late));
    rig_commit(&leader);
    cr_assert_eq(rig_snapshot_take(&leader, leader.now_us, &s), KD_OK);
    for (uint32_t i = 0; i < s.count; i++) kd_central_compare(follower.c, &s.parts[i]);
    rig_snapshot_finish(&s);
    at_end(second);
    rig_feed(&follower, kd_buf_view(&late));
    kd_buf_finish(&late);
    like(2, false); /* the leader is ahead again, by another record */
    cr_assert_eq(at_end(second + KD_FOLLOW_PROOF_US).state, KD_FOLLOWS_AGREED, "the proof begins anew");
    cr_assert_eq(at_end(second + 2 * KD_FOLLOW_PROOF_US).state, KD_FOLLOWS_DIFFERS);
}

/* ---- a promotion ---- */

static void make_claim(rig *r)
{
    rig_commit(r);
    rig_open_as(r, false);
    kd_central_read_to_end(r->c);
    kd_buf_clear(&claimed);
    kd_central_claim(r->c, r->now_us, &claimed);
}

static void promote(rig *r)
{
    make_claim(r);
    cr_assert_eq(rig_feed(r, kd_buf_view(&claimed)), KD_FED_CLAIM);
    rig_commit(r);
    kd_buf_clear(&marked);
    kd_central_marker(r->c, r->now_us, &marked);
    cr_assert_eq(kd_central_hear(r->c, kd_buf_view(&marked), 0), KD_OK);
    rig_commit(r);
    cr_assert_eq(kd_central_promotion(r->c), KD_PROMOTION_LEADS);
}

/* The leader that was reads the log up to the claim of the new one, as a follower, and hears of its first snapshot. */
static kd_following old_leader_follows(bool reads_once_more)
{
    kd_following f;
    rig_snapshot s = {0};
    kd_buf twice = sealed(9);
    rig_open_as(&leader, true);
    if (reads_once_more) rig_feed(&leader, kd_buf_view(&twice));
    kd_buf_finish(&twice);
    cr_assert_eq(rig_feed(&leader, kd_buf_view(&claimed)), KD_FED_CLAIM);
    kd_central_hear(leader.c, kd_buf_view(&marked), 0);
    cr_assert_eq(rig_snapshot_take(&follower, follower.now_us, &s), KD_OK);
    for (uint32_t i = 0; i < s.count; i++) kd_central_compare(leader.c, &s.parts[i]);
    rig_snapshot_finish(&s);
    kd_central_get_following(leader.c, &f);
    return f;
}

Test(follow_end, who_had_read_as_much_up_to_the_claim_of_its_leader_agrees)
{
    like(1, true);
    promote(&follower);
    cr_assert_eq(old_leader_follows(false).state, KD_FOLLOWS_AGREED);
}

Test(follow_end, who_had_read_more_up_to_the_claim_of_its_leader_differs_at_once)
{
    like(1, true);
    promote(&follower);
    cr_assert_eq(old_leader_follows(true).state, KD_FOLLOWS_DIFFERS);
}

Test(follow_end, a_leader_that_is_passed_over_for_a_claim_which_the_log_has_lost_takes_a_higher_epoch)
{
    like(1, true);
    promote(&follower); /* the leader never reads its claim */
    kd_marker m;
    cr_assert_eq(kd_marker_decode(kd_buf_view(&marked), &m), KD_OK);
    uint64_t epoch = kd_central_epoch(leader.c);
    kd_central_at_end(leader.c, second);
    cr_assert_eq(kd_central_hear(leader.c, kd_buf_view(&marked), 0), KD_OK);
    kd_central_at_end(leader.c, 9 * second);
    kd_central_at_end(leader.c, 9 * second + KD_FOLLOW_PROOF_US - 1);
    rig_commit(&leader);
    cr_assert_eq(kd_central_epoch(leader.c), epoch, "the claim may still be on its way to us");
    kd_central_at_end(leader.c, 9 * second + KD_FOLLOW_PROOF_US);
    rig_commit(&leader);
    cr_assert_gt(kd_central_epoch(leader.c), m.epoch);
    kd_claim c;
    kd_buf_clear(&claimed);
    kd_central_claim(leader.c, noon, &claimed);
    cr_assert_eq(kd_claim_decode(kd_buf_view(&claimed), &c), KD_OK);
    cr_assert_eq(c.supersedes, m.epoch, "so that the claim is in force whether or not the lost one is read");
}

Test(follow_end, a_copy_of_a_follower_s_store_under_another_name_is_another_author)
{
    kd_claim c, of_copy;
    like(1, true);
    rig_commit(&follower);
    sim_disk *copy = sim_disk_clone(follower.disk);
    make_claim(&follower);
    cr_assert_eq(kd_claim_decode(kd_buf_view(&claimed), &c), KD_OK);
    kd_central_close(leader.c);
    leader.c = NULL;
    sim_disk_destroy(leader.disk);
    leader.disk = copy;
    leader.config.name = kd_bytes_str("central-of-the-copy");
    rig_open_as(&leader, true);
    make_claim(&leader);
    cr_assert_eq(kd_claim_decode(kd_buf_view(&claimed), &of_copy), KD_OK);
    cr_assert_neq(c.author, of_copy.author);
    cr_assert_eq(rig_feed(&follower, kd_buf_view(&claimed)), KD_FED_FENCED,
                 "its claim is not taken for an own one");
}

Test(follow_end, outside_of_a_group_a_copy_supersedes_the_central_that_it_is_a_copy_of_whatever_it_has_read)
{
    kd_claim c;
    leader.config.in_group = false;
    rig_open_as(&leader, false);
    sim_disk *copy = sim_disk_clone(leader.disk);
    kd_buf_clear(&claimed);
    kd_central_claim(leader.c, noon, &claimed);
    cr_assert_eq(rig_feed(&leader, kd_buf_view(&claimed)), KD_FED_CLAIM);
    rig_commit(&leader);
    kd_central_close(follower.c);
    follower.c = NULL;
    sim_disk_destroy(follower.disk);
    follower.disk = copy;
    follower.config.in_group = false;
    follower.config.name = kd_bytes_str("central-of-the-copy");
    follower.now_us = leader.now_us + second;
    rig_open_as(&follower, false);
    rig_commit(&follower);
    kd_buf_clear(&claimed);
    kd_central_claim(follower.c, noon, &claimed);
    cr_assert_eq(kd_claim_decode(kd_buf_view(&claimed), &c), KD_OK);
    cr_assert_lt(c.supersedes, kd_central_epoch(leader.c), "it has not read that claim");
    cr_assert_eq(rig_feed(&leader, kd_buf_view(&claimed)), KD_FED_FENCED);
}

Test(follow_end, a_marker_that_another_one_has_overtaken_is_written_again)
{
    kd_marker first, again;
    like(1, true);
    make_claim(&follower);
    cr_assert_eq(rig_feed(&follower, kd_buf_view(&claimed)), KD_FED_CLAIM);
    rig_commit(&follower);
    kd_buf_clear(&marked);
    kd_central_marker(follower.c, noon, &marked);
    cr_assert_eq(kd_marker_decode(kd_buf_view(&marked), &first), KD_OK);
    kd_buf other = {0};
    kd_marker of_other = {.partition = first.partition, .epoch = first.epoch - 1, .at_us = noon};
    of_other.central = kd_bytes_str("central-9");
    of_other.version = first.version;
    kd_marker_encode(&of_other, &other);
    kd_central_hear(follower.c, kd_buf_view(&other), 1);
    kd_central_hear(follower.c, kd_buf_view(&marked), 2);
    cr_assert_eq(kd_central_promotion(follower.c), KD_PROMOTION_MARKS);
    cr_assert(kd_central_marker_again(follower.c));
    cr_assert_not(kd_central_marker_again(follower.c));
    kd_buf_clear(&marked);
    kd_central_marker(follower.c, noon, &marked);
    cr_assert_eq(kd_marker_decode(kd_buf_view(&marked), &again), KD_OK);
    cr_assert_gt(again.version, first.version);
    kd_central_hear(follower.c, kd_buf_view(&marked), 3);
    cr_assert_eq(kd_central_promotion(follower.c), KD_PROMOTION_LEADS);
    kd_buf_finish(&other);
}
