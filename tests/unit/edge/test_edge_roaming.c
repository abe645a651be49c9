/* A user who goes on at another edge: what the number, the answer and the question "do I like it" say here, when his session token tells of it. */
#include <criterion/criterion.h>

#include "tests/lib/edge_rig.h"

static edge_rig r;
static kd_seen seen;
static uint64_t version;
static const kd_lives elsewhere = {.edge = 99, .count = 1, .at = {{UINT64_MAX, 1}}};

static void set_up(void)
{
    er_init(&r);
    seen = (kd_seen){.rest_us = 0};
    version = 1;
    cr_assert_eq(er_snapshot(&r, &(er_word){.epoch = 1, .version = 1}), KD_SNAPSHOT_GAP);
    cr_assert_eq(er_read(&r, &(er_word){.epoch = 1, .version = 1, .item = 1}), KD_OK);
}

static void tear_down(void)
{
    er_finish(&r);
}

TestSuite(edge_roaming, .init = set_up, .fini = tear_down);

/* With the token, which goes on. */
static void says(kd_verb verb, uint32_t item, uint32_t user)
{
    kd_request rq = er_request(item, user);
    rq.verb = verb;
    rq.seen = &seen;
    r.now_us += 1000;
    cr_assert_eq(er_take(&r, &rq), KD_OK);
    kd_seen_add(&seen, kd_edge_lives(r.e), r.out.stamp_us);
}

static void says_elsewhere(void)
{
    r.now_us += 1000;
    kd_seen_add(&seen, &elsewhere, r.now_us);
}

/* Central has merged all that was taken here, and has `likes` likes of item 1. */
static void merged(uint64_t likes)
{
    er_seal(&r);
    er_word w = {
        .epoch = 1, .version = version + 1, .previous = version, .item = 1, .items = 1, .likes = likes};
    er_ship(&r);
    w.applied = r.batch.at;
    w.digest = r.batch.digest;
    w.watermark_us = w.low_us = r.batch.complete_to_us;
    version++;
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
}

static int liked(const kd_liked_central *central, kd_liked_ground *ground)
{
    kd_liked_query q = {.counter = ER_LIKE, .item = rig_item(1), .user = rig_user(1), .seen = &seen};
    return kd_edge_liked(r.e, &q, central, ground);
}

/* ---- numbers ---- */

Test(edge_roaming, an_unlike_by_a_stale_row_takes_nobody_elses_like_out_of_the_number)
{
    says(KD_LIKE, 1, 1);
    merged(9);
    says_elsewhere(); /* unlikes it; central has eight */
    er_word w = {.epoch = 1, .version = version + 1, .previous = version, .item = 1, .items = 1, .likes = 8};
    w.applied = r.batch.at, w.digest = r.batch.digest;
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    says(KD_UNLIKE, 1, 1);
    cr_expect_eq(er_shown(&r, 1, NULL), 8);
    cr_expect_eq(r.out.changed, KD_CHANGED_UNKNOWN);
}

Test(edge_roaming, a_like_over_a_stale_row_is_shown)
{
    says(KD_LIKE, 1, 1);
    merged(1);
    says_elsewhere();
    er_word w = {.epoch = 1, .version = version + 1, .previous = version, .item = 1, .items = 1, .likes = 0};
    w.applied = r.batch.at, w.digest = r.batch.digest;
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    says(KD_LIKE, 1, 1);
    cr_expect_eq(er_shown(&r, 1, NULL), 1);
    cr_expect_eq(r.out.changed, KD_CHANGED_UNKNOWN);
}

Test(edge_roaming, who_speaks_here_alone_is_counted_by_his_row_whatever_else_he_likes)
{
    says(KD_LIKE, 1, 1);
    merged(1);
    says(KD_LIKE, 2, 1);
    says(KD_LIKE, 1, 1);
    cr_expect_eq(er_shown(&r, 1, NULL), 1);
    cr_expect_eq(r.out.changed, KD_CHANGED_NO);
    says(KD_UNLIKE, 1, 1);
    cr_expect_eq(er_shown(&r, 1, NULL), 0);
    cr_expect_eq(r.out.changed, KD_CHANGED_YES);
}

Test(edge_roaming, within_one_batch_his_words_show_once)
{
    for (int i = 0; i < 3; i++) {
        says(KD_LIKE, 1, 1);
        cr_expect_eq(er_shown(&r, 1, NULL), 1, "like %d", i);
        says_elsewhere();
    }
    says(KD_UNLIKE, 1, 1);
    cr_expect_eq(er_shown(&r, 1, NULL), 0);
    says_elsewhere();
    says(KD_LIKE, 1, 1);
    cr_expect_eq(er_shown(&r, 1, NULL), 1);
    er_commit(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    cr_expect_eq(er_shown(&r, 1, NULL), 1, "the same from the journal");
}

Test(edge_roaming, the_first_like_here_of_who_spoke_elsewhere_may_change_nothing)
{
    says_elsewhere();
    says(KD_LIKE, 1, 1);
    cr_expect_eq(r.out.changed, KD_CHANGED_UNKNOWN);
    cr_expect_eq(er_shown(&r, 1, NULL), 1);
}

Test(edge_roaming, a_restart_forgets_nothing_of_what_was_said_here)
{
    says(KD_LIKE, 1, 1);
    says(KD_LIKE, 2, 1);
    merged(1);
    cr_assert_eq(er_open(&r), KD_OK);
    says(KD_UNLIKE, 1, 1);
    cr_expect_eq(r.out.changed, KD_CHANGED_YES);
    cr_expect_eq(er_shown(&r, 1, NULL), 0);
}

static void put_back(sim_disk *copy)
{
    sim_disk_destroy(r.disk);
    r.disk = copy;
    cr_assert_eq(er_open(&r), KD_OK);
}

Test(edge_roaming, what_was_said_behind_the_copy_from_which_a_disk_was_put_back_was_said_elsewhere)
{
    says(KD_LIKE, 1, 1);
    er_commit(&r);
    sim_disk *copy = sim_disk_copy_crashed(r.disk, 0);
    says(KD_UNLIKE, 1, 1);
    er_commit(&r);
    put_back(copy);
    kd_liked_ground ground;
    cr_expect_eq(liked(NULL, &ground), KD_ENOTFOUND, "the row of the copy says liked");
    cr_expect_eq(kd_edge_member(r.e, ER_LIKE, rig_item(1), rig_user(1)), 1);
}

/* The copy was made before this start had stamped anything, so the copy knows nothing of this start, however often the copy itself is started. */
Test(edge_roaming, what_was_said_behind_an_empty_copy_stays_unknown_over_starts)
{
    er_commit(&r);
    sim_disk *copy = sim_disk_copy_crashed(r.disk, 0);
    says(KD_LIKE, 1, 1);
    er_commit(&r);
    put_back(copy);
    er_commit(&r);
    kd_request other = er_request(2, 9);
    cr_assert_eq(er_take(&r, &other), KD_OK);
    er_commit(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    er_commit(&r);
    says(KD_LIKE, 1, 1);
    cr_expect_eq(r.out.changed, KD_CHANGED_UNKNOWN);
}

Test(edge_roaming, a_shard_knows_of_the_lives_before_what_another_one_knows)
{
    says(KD_LIKE, 1, 1);
    er_commit(&r);
    kd_seen_add(&seen, kd_edge_lives(r.e), r.now_us + 5 * ER_SECOND); /* to another shard */
    kd_liked_ground ground;
    cr_assert_eq(er_open(&r), KD_OK);
    cr_expect_eq(liked(NULL, &ground), KD_ENOTFOUND);
    kd_lives busy = *kd_edge_lives(r.e);
    busy.at[1].until_us = r.now_us + 5 * ER_SECOND;
    kd_edge_lives_join(r.e, &busy);
    cr_expect_eq(liked(NULL, &ground), 1);
    kd_lives more = {.edge = busy.edge,
                     .count = 2,
                     .at = {busy.at[0], {.life = 77, .until_us = r.now_us + 9 * ER_SECOND}}};
    seen.at[0] = (kd_seen_at){.time_us = r.now_us + 9 * ER_SECOND, .edge = busy.edge, .life = 77};
    cr_expect_eq(liked(NULL, &ground), KD_ENOTFOUND, "this one had committed nothing in that life");
    kd_edge_lives_join(r.e, &more);
    cr_expect_eq(liked(NULL, &ground), 1);
    cr_expect_eq(kd_edge_lives(r.e)->count, 3);
    er_commit(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    cr_expect_eq(liked(NULL, &ground), 1, "it was written down");
}

/* ---- does he like it ---- */

Test(edge_roaming, his_row_tells_while_he_has_not_spoken_elsewhere)
{
    kd_liked_ground ground;
    cr_expect_eq(liked(NULL, &ground), KD_ENOTFOUND);
    says(KD_LIKE, 1, 1);
    cr_expect_eq(liked(NULL, &ground), 1);
    cr_expect_eq(ground.here_us, r.out.stamp_us);
    kd_liked_central old = {.liked = false, .at_us = 5, .complete = true};
    cr_expect_eq(liked(&old, &ground), 1, "central does not have it yet");
    cr_expect_not(ground.by_central);
    kd_liked_central later = {.liked = false, .at_us = r.out.stamp_us + 1};
    cr_expect_eq(liked(&later, &ground), 0, "another device, without his token");
    cr_expect(ground.by_central);
}

Test(edge_roaming, a_tombstone_that_central_let_go_is_the_later_word)
{
    kd_liked_ground ground;
    says(KD_LIKE, 1, 1);
    merged(1);
    says_elsewhere();
    kd_liked_central none = {.liked = false, .at_us = 0, .complete = true};
    cr_expect_eq(liked(NULL, &ground), KD_ENOTFOUND, "central is to be asked");
    cr_expect_eq(liked(&none, &ground), 0);
    cr_expect(ground.by_central);
}

Test(edge_roaming, a_central_that_lacks_what_the_token_tells_of_says_nothing)
{
    kd_liked_ground ground;
    says_elsewhere();
    kd_liked_central lacks = {.liked = false, .at_us = 0, .complete = false};
    cr_expect_eq(liked(&lacks, &ground), KD_ENOTFOUND);
    kd_liked_central has = {.liked = true, .at_us = r.now_us, .complete = false};
    cr_expect_eq(liked(&has, &ground), 1, "it holds that very word");
    says(KD_LIKE, 1, 1);
    says_elsewhere();
    cr_expect_eq(liked(&lacks, &ground), KD_ENOTFOUND, "nor does a stale row");
}
