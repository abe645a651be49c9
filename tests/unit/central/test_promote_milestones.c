/* Milestones over a promotion (rule 32): a follower keeps what its leader may not have told, and no more. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "kudos/follow.h"
#include "tests/lib/central_rig.h"

static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2, second = 1000000;

static rig leader, follower;
static rig_edge edge;
static char told[256];

static void begin(rig *r, bool follows)
{
    rig_init(r);
    r->config.thresholds = (kd_thresholds){3, {2, 3, 4}};
    r->config.publish_changes = false; /* a snapshot tells of both topics at once */
    r->now_us = noon + 3600 * second;
    if (!follows) {
        rig_open_as(r, false);
        return;
    }
    r->config.seed++; /* which makes it another store */
    sim_disk_wipe(r->disk);
    rig_open_as(r, true);
}

static void set_up(void)
{
    begin(&leader, false);
    begin(&follower, true);
    edge = (rig_edge){.name = "edge-a", .region = "eu"};
}

static void tear_down(void)
{
    rig_finish(&leader);
    rig_finish(&follower);
}

TestSuite(promote_milestones, .init = set_up, .fini = tear_down);

/* A like of item 1 comes to the log. `leads`: the leader lives, and reads it. */
static void like(uint32_t user, bool leads)
{
    kd_buf record = {0};
    const rig_op op = {1, user, noon + user, RIG_LIKE, true};
    rig_seal(&edge, &op, 1, NULL, 0, noon, &record);
    if (leads) rig_feed(&leader, kd_buf_view(&record));
    rig_feed(&follower, kd_buf_view(&record));
    rig_commit(&leader);
    rig_commit(&follower);
    kd_buf_finish(&record);
}

/* The thresholds of all records that this central hands out now. */
static const char *told_by(rig *r)
{
    kd_buf record = {0};
    uint64_t version;
    size_t at = 0;
    told[0] = '\0';
    while (kd_central_milestones_next(r->c, &record, &version) == KD_OK) {
        kd_milestones m;
        cr_assert_eq(kd_milestones_decode(kd_buf_view(&record), &m), KD_OK);
        for (uint32_t i = 0; i < m.milestone_count; i++)
            at += (size_t)snprintf(told + at, sizeof told - at, "%.*s ", (int)m.milestones[i].id.len,
                                   m.milestones[i].id.data);
        kd_milestones_finish(&m);
    }
    kd_buf_finish(&record);
    return told;
}

static void publish(void)
{
    rig_snapshot s = {0};
    cr_assert_eq(rig_snapshot_take(&leader, leader.now_us, &s), KD_OK);
    for (uint32_t i = 0; i < s.count; i++) kd_central_compare(follower.c, &s.parts[i]);
    rig_snapshot_finish(&s);
    rig_commit(&follower);
}

static void promote(void)
{
    kd_buf record = {0};
    rig_open_as(&follower, false);
    cr_assert_str_eq(told_by(&follower), "", "it does not lead yet");
    kd_central_read_to_end(follower.c);
    kd_central_claim(follower.c, follower.now_us, &record);
    cr_assert_eq(rig_feed(&follower, kd_buf_view(&record)), KD_FED_CLAIM);
    rig_commit(&follower);
    kd_central_marker(follower.c, follower.now_us, (kd_buf_clear(&record), &record));
    cr_assert_eq(kd_central_hear(follower.c, kd_buf_view(&record), 0), KD_OK);
    rig_commit(&follower);
    cr_assert_eq(kd_central_promotion(follower.c), KD_PROMOTION_LEADS);
    kd_buf_finish(&record);
}

Test(promote_milestones, what_passed_while_nobody_led_is_told_by_the_next_leader)
{
    like(1, true);
    publish();
    like(2, false);
    like(3, false);
    promote();
    cr_expect_str_eq(told_by(&follower), "1/posts/1/2 1/posts/1/3 ");
    kd_central_milestones_delivered(follower.c);
    like(4, false); /* whose commit deletes their rows */
    rig_open_as(&follower, false);
    cr_expect_str_eq(told_by(&follower), "1/posts/1/4 ", "a later start tells what is not delivered");
}

Test(promote_milestones, what_the_leader_published_and_had_not_told_is_told_by_the_next_one)
{
    like(1, true);
    like(2, true);
    publish();
    promote();
    cr_expect_str_eq(told_by(&follower), "1/posts/1/2 ");
}

Test(promote_milestones, what_the_leader_has_told_is_told_by_nobody_else)
{
    like(1, true);
    like(2, true);
    publish();
    cr_expect_str_eq(told_by(&leader), "1/posts/1/2 ");
    kd_central_milestones_delivered(leader.c);
    publish(); /* the same version: more of it is told */
    promote();
    cr_expect_str_eq(told_by(&follower), "");
}

Test(promote_milestones, a_start_of_the_leader_vouches_for_nothing_that_it_has_not_told_itself)
{
    like(1, true);
    like(2, true);
    like(3, true);
    rig_open_as(&leader, false);
    publish();
    rig_open_as(&follower, true);
    publish();
    promote();
    cr_expect_str_eq(told_by(&follower), "1/posts/1/2 1/posts/1/3 ");
}

Test(promote_milestones, the_leader_vouches_up_to_the_first_that_is_not_delivered)
{
    kd_buf record = {0};
    uint64_t version;
    for (uint32_t user = 1; user <= 3; user++) like(user, true);
    cr_assert_eq(kd_central_milestones_next(leader.c, &record, &version), KD_OK);
    kd_central_milestones_delivered(leader.c);
    publish();
    promote();
    cr_expect_str_eq(told_by(&follower), "1/posts/1/3 ");
    kd_buf_finish(&record);
}

Test(promote_milestones, what_is_heard_before_it_is_read_counts_when_it_is_read)
{
    rig_snapshot s = {0};
    kd_buf record = {0};
    like(1, true);
    const rig_op op = {1, 2, noon + 2, RIG_LIKE, true};
    rig_seal(&edge, &op, 1, NULL, 0, noon, &record);
    rig_feed(&leader, kd_buf_view(&record));
    rig_commit(&leader);
    told_by(&leader);
    kd_central_milestones_delivered(leader.c);
    cr_assert_eq(rig_snapshot_take(&leader, leader.now_us, &s), KD_OK);
    kd_central_compare(follower.c, &s.parts[0]);
    rig_feed(&follower, kd_buf_view(&record));
    rig_commit(&follower);
    kd_central_compare(follower.c, &s.parts[0]);
    rig_commit(&follower);
    promote();
    cr_expect_str_eq(told_by(&follower), "");
    kd_buf_finish(&record);
    rig_snapshot_finish(&s);
}

Test(promote_milestones, of_more_than_the_bound_the_oldest_go_and_are_counted)
{
    kd_central_stats stats;
    follower.config.untold_max = 100; /* of one record */
    rig_open_as(&follower, true);
    for (uint32_t user = 1; user <= 4; user++) like(user, false);
    kd_central_get_stats(follower.c, &stats);
    cr_expect_eq(stats.milestones_dropped, 2);
    promote();
    cr_expect_str_eq(told_by(&follower), "1/posts/1/4 ");
}
