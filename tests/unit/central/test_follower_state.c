/* Whether a follower answers, as of when its counts are, and what the other members are told of its store. */
#include <criterion/criterion.h>

#include "kudos/follower_state.h"
#include "tests/lib/central_rig.h"

static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2, second = 1000000;

static rig leader, follower;
static rig_edge a;
static kd_follower_state state;

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
    state = (kd_follower_state){.told = KD_FOLLOWS_UNPROVEN};
    kd_follower_state_open(&state, follower.c, second);
}

static void tear_down(void)
{
    rig_finish(&leader);
    rig_finish(&follower);
}

TestSuite(follower_state, .init = set_up, .fini = tear_down);

static void fed(rig *r, kd_bytes record, bool committed)
{
    rig_feed(r, record);
    if (committed) rig_commit(r);
}

/* The leader reads a record and commits it; the follower reads it where `both`, and commits it where `committed`. */
static void like(uint32_t user, bool both, bool committed)
{
    kd_buf record = {0};
    const rig_op op = {1, user, noon + user, RIG_LIKE, true};
    rig_seal(&a, &op, 1, NULL, 0, noon, &record);
    fed(&leader, kd_buf_view(&record), true);
    if (both) fed(&follower, kd_buf_view(&record), committed);
    kd_buf_finish(&record);
}

/* The leader publishes, as of `made_us`; the follower hears it. True: something else became of the comparison. */
static bool hear(uint64_t made_us)
{
    rig_snapshot s = {0};
    kd_buf record = {0};
    cr_assert_eq(rig_snapshot_take(&leader, made_us, &s), KD_OK);
    for (uint32_t i = 0; i < s.count; i++) {
        kd_buf_clear(&record);
        kd_snapshot_encode(&s.parts[i], &record);
        cr_assert(kd_follower_state_hear(&state, follower.c, kd_buf_view(&record), i, 2 * second));
    }
    kd_buf_finish(&record);
    rig_snapshot_finish(&s);
    return kd_follower_state_check(&state, follower.c);
}

static kd_members_own own(uint64_t mono_us)
{
    return kd_follower_state_own(&state, follower.c, false, mono_us);
}

Test(follower_state, an_empty_store_is_nobodys_until_its_place_in_the_log_is_known)
{
    cr_assert_eq(own(second).state, KD_HELD_NONE);
    state.looked_at = true;
    cr_assert_eq(own(second).state, KD_HELD_EMPTY);
    state.awaits_seed = true;
    cr_assert_eq(own(second).state, KD_HELD_AWAITS);
    cr_assert_eq(kd_follower_state_own(&state, NULL, false, second).state, KD_HELD_NONE);
}

Test(follower_state, a_store_that_was_empty_stays_so_until_it_agrees_though_it_has_read)
{
    state.looked_at = true;
    like(1, true, true);
    kd_follower_state_open(&state, follower.c, second);
    cr_assert_eq(own(second).state, KD_HELD_EMPTY);
    cr_assert(hear(noon));
    cr_assert_eq(own(second).state, KD_HELD_AGREED);
    kd_follower_state_open(&state, follower.c, second);
    cr_assert(state.agreed);
}

Test(follower_state, it_answers_once_it_agrees_and_its_counts_have_an_age)
{
    like(1, true, true);
    cr_assert_not(kd_follower_state_answers(&state, follower.c));
    cr_assert(hear(noon + second));
    cr_assert(kd_follower_state_answers(&state, follower.c));
    cr_assert_eq(state.current_us, noon + second);
    state.current_us = 0;
    cr_assert_not(kd_follower_state_answers(&state, follower.c));
    cr_assert_not(kd_follower_state_answers(&state, NULL));
    cr_assert(kd_follower_state_answers(&state, leader.c), "a leader answers from its start on");
}

Test(follower_state, a_moment_counts_when_as_many_records_are_committed)
{
    like(1, true, false);
    hear(noon + second);
    cr_assert_eq(state.current_us, 0, "it was read, and is not committed");
    hear(noon + 2 * second);
    rig_commit(&follower);
    kd_follower_state_committed(&state, follower.c);
    cr_assert_eq(state.current_us, noon + second, "under load the first moment is waited for");
    hear(noon + 3 * second);
    cr_assert_eq(state.current_us, noon + 3 * second);
}

Test(follower_state, the_end_of_the_log_is_a_moment_unless_the_leader_has_told_of_more)
{
    like(1, true, true);
    hear(noon + second);
    kd_follower_state_at_end(&state, follower.c, noon + 5 * second);
    cr_assert_eq(state.current_us, noon + 5 * second);
    like(2, true, false);
    hear(noon + 6 * second);
    like(3, false, false);
    hear(noon + 7 * second);
    rig_commit(&follower);
    kd_follower_state_committed(&state, follower.c);
    kd_follower_state_at_end(&state, follower.c, noon + 9 * second);
    cr_assert_eq(state.current_us, noon + 6 * second);
}

Test(follower_state, a_promotion_has_read_both_topics_when_both_came_to_an_end)
{
    rig_open_as(&follower, false);
    kd_follower_state_open(&state, follower.c, second);
    cr_assert_eq(kd_central_promotion(follower.c), KD_PROMOTION_READS);
    cr_assert_not(kd_follower_state_counts_at_end(&state, follower.c));
    cr_assert_eq(kd_central_promotion(follower.c), KD_PROMOTION_READS);
    cr_assert(kd_follower_state_at_end(&state, follower.c, noon));
    cr_assert_eq(kd_central_promotion(follower.c), KD_PROMOTION_CLAIMS);
}

Test(follower_state, a_leader_that_publishes_nothing_while_the_log_grows_has_stalled)
{
    like(1, true, true);
    hear(noon);
    cr_assert_eq(own(9 * second).stalled_us, 0, "the log has nothing that its snapshot did not tell");
    like(2, true, true);
    cr_assert_eq(own(9 * second).stalled_us, 7 * second);
}

Test(follower_state, who_is_fenced_leads_no_more)
{
    cr_assert_eq(kd_follower_state_own(&state, leader.c, false, second).state, KD_HELD_LEADS);
    cr_assert_eq(kd_follower_state_own(&state, leader.c, true, second).state, KD_HELD_NONE);
}

Test(follower_state, a_log_that_cannot_be_read_on_is_lost_once_and_for_good)
{
    like(1, true, true);
    hear(noon);
    cr_assert(kd_follower_state_lose(&state, follower.c));
    cr_assert_eq(state.told, KD_FOLLOWS_LOST);
    cr_assert_not(kd_follower_state_answers(&state, follower.c));
    cr_assert_eq(own(second).state, KD_HELD_WRONG);
    cr_assert_not(kd_follower_state_lose(&state, follower.c));
    cr_assert_not(kd_follower_state_check(&state, follower.c), "the caller knows it");
}

Test(follower_state, a_malformed_record_is_told_and_changes_nothing)
{
    kd_follower_state before = state;
    cr_assert_not(kd_follower_state_hear(&state, follower.c, kd_bytes_str("no record"), 0, 9 * second));
    cr_assert_eq(state.heard_us, before.heard_us);
}
