/* Checkers of the simulation at central and of what a reader is told: each holds on a faithful run and fails on one untruth. */
#include <criterion/criterion.h>

#include "sim/check/check_erased.h"
#include "sim/check/checking.h"
#include "tests/unit/sim/test_checks.h"

TestSuite(checks_central, .init = check_stage_open, .fini = check_stage_close);
TestSuite(checks_reader, .init = check_stage_open, .fini = check_stage_close);

Test(checks_central, a_position_is_merged_once)
{
    stage_do(KD_LIKE, 0, 0);
    cr_assert(stage_send());
    cr_assert_eq(stage_feed(), KD_FED_MERGED);
    cr_assert_eq(stage_feed(), KD_FED_DUPLICATE);
    HOLDS();
    sim_checks_fed(st.c, 0, 0, kd_buf_view(&st.record), 9, KD_FED_MERGED);
    FAILS("order");
}

Test(checks_central, nothing_is_merged_over_a_gap)
{
    stage_do(KD_LIKE, 0, 0);
    cr_assert(stage_send());
    stage_do(KD_LIKE, 0, 1);
    cr_assert(stage_send());
    cr_assert_eq(stage_feed(), KD_FED_GAP);
    HOLDS();
    sim_checks_fed(st.c, 0, 0, kd_buf_view(&st.record), 9, KD_FED_MERGED);
    FAILS("order");
}

Test(checks_central, what_lies_days_ahead_of_the_clock_is_not_merged)
{
    kd_batch b;
    kd_buf ahead = {0};
    stage_do(KD_LIKE, 0, 0);
    cr_assert(stage_send());
    cr_assert_eq(stage_feed(), KD_FED_MERGED);
    HOLDS();
    cr_assert_eq(kd_batch_decode(kd_buf_view(&st.record), &b), KD_OK);
    b.complete_to_us = st.now_us + 2 * 86400 * STAGE_SECOND + STAGE_SECOND;
    kd_batch_encode(&b, &ahead);
    sim_checks_fed(st.c, 0, 0, kd_buf_view(&ahead), 9, KD_FED_MERGED);
    kd_buf_finish(&ahead);
    FAILS("ahead");
}

Test(checks_central, what_comes_next_is_not_dropped)
{
    stage_do(KD_LIKE, 0, 0);
    cr_assert(stage_send());
    sim_checks_fed(st.c, 0, 0, kd_buf_view(&st.record), 0, KD_FED_GAP);
    FAILS("order");
}

Test(checks_central, applied_is_there_after_a_restart)
{
    stage_play();
    sim_checks_central_closed(st.c, 0, 0);
    sim_checks_central_opened(st.c, 0, 0);
    HOLDS();
    kd_central *k = st.k;
    st.k = NULL; /* opens with nothing applied */
    sim_checks_central_opened(st.c, 0, 0);
    st.k = k;
    FAILS("order");
}

Test(checks_central, a_doubted_identity_has_a_reason)
{
    stage_do(KD_LIKE, 0, 0);
    cr_assert(stage_send());
    sim_checks_fed(st.c, 0, 0, kd_buf_view(&st.record), 0, KD_FED_IDENTITY);
    FAILS("identity");
}

Test(checks_central, a_count_is_that_of_its_members)
{
    stage_play();
    st.c->member_count[0][sim_check_cell_of(st.c, SCENARIO_LIKE,
                                            0)]++; /* a member that central does not count */
    stage_do(KD_LIKE, 1, 2);
    stage_settle();
    HOLDS();
    stage_do(KD_LIKE, 0, 2);
    stage_settle();
    FAILS("counts");
}

Test(checks_central, and_is_counted_anew_when_a_partition_opens)
{
    stage_play();
    st.c->member_count[0][sim_check_cell_of(st.c, SCENARIO_LIKE, 0)]++;
    sim_checks_central_opened(st.c, 0, 0);
    HOLDS();
    cr_assert_eq(st.c->member_count[0][sim_check_cell_of(st.c, SCENARIO_LIKE, 0)], 1);
}

/* A like is merged, and its commit is being written: the rows can be read. */
static void begin_like(uint32_t item, uint32_t user)
{
    const kd_writes *writes;
    uint64_t version;
    stage_do(KD_LIKE, item, user);
    cr_assert(stage_send());
    stage_feed();
    cr_assert_eq(kd_central_commit_begin(st.k, &writes, &version), KD_OK);
    sim_checks_commit_begun(st.c, 0, 0, version);
    sim_disk_apply(st.central_disk, writes);
}

Test(checks_central, the_same_users_are_named_until_a_commit_ends)
{
    stage_play();
    begin_like(0, 2);
    sim_checks_readable(st.c, 0, 0);
    HOLDS();
    st.c->named[0][sim_check_cell_of(st.c, SCENARIO_LIKE, 0)].digest++; /* others were named when it began */
    sim_checks_readable(st.c, 0, 0);
    FAILS("among");
}

Test(checks_central, as_many_users_are_named_as_are_counted)
{
    stage_play();
    begin_like(0, 2);
    sim_disk_wipe(st.central_disk); /* user 0 is counted, and nobody is named */
    sim_checks_readable(st.c, 0, 0);
    FAILS("among");
}

Test(checks_central, of_an_erased_user_no_row_is_left)
{
    stage_play();
    sim_checks_erased(st.c, 0, 2, st.now_us + STAGE_SECOND); /* has said nothing */
    sim_check_erased_settled(st.c);
    HOLDS();
    sim_checks_erased(st.c, 0, 0, 1);
    sim_check_erased_settled(st.c);
    HOLDS();
    sim_checks_erased(st.c, 0, 0, st.now_us + STAGE_SECOND);
    sim_check_erased_settled(st.c);
    FAILS("decided");
}

Test(checks_central, unless_the_log_has_lost_records)
{
    stage_play();
    sim_checks_erased(st.c, 0, 0, st.now_us + STAGE_SECOND);
    sim_checks_log_lost(st.c, SCENARIO_LIKES);
    sim_check_erased_settled(st.c);
    HOLDS();
}

Test(checks_central, only_what_is_on_disk_is_published)
{
    stage_play();
    stage_do(KD_LIKE, 0, 2);
    cr_assert(stage_send());
    stage_feed();
    stage_central_commit(false);
    HOLDS();
    stage_publish();
    FAILS("early");
}

static void publish_with(kd_snapshot *s, const kd_chain_link *link)
{
    kd_buf record = {0};
    kd_snapshot linked = *s;
    linked.chain = (kd_chain_link *)link;
    linked.chain_count = 1;
    kd_snapshot_encode(&linked, &record);
    sim_checks_published(st.c, 0, 0, kd_buf_view(&record));
    kd_buf_finish(&record);
}

Test(checks_central, an_epoch_ended_where_the_chain_says)
{
    kd_snapshot s;
    stage_play();
    stage_publish();
    cr_assert_eq(kd_snapshot_decode(kd_buf_view(&st.snapshot), &s), KD_OK);
    kd_chain_link link = {.epoch = s.epoch - 1, .last = 7};
    *sim_check_map_obtain(&st.c->positions.parents, sim_check_mix(1, s.epoch) | 1) =
        (sim_check_cell){.key = sim_check_mix(1, s.epoch) | 1, .a = link.epoch, .b = link.last};
    publish_with(&s, &link);
    HOLDS();
    link.last++;
    publish_with(&s, &link);
    FAILS("chain");
    kd_snapshot_finish(&s);
}

Test(checks_central, nothing_is_published_after_a_higher_claim)
{
    kd_buf claim = {0};
    stage_play();
    kd_claim lower = {.epoch = 7, .central = kd_bytes_str("other"), .at_us = 1}, higher = lower;
    higher.epoch = 1ull << 50;
    kd_claim_encode(&lower, &claim);
    sim_checks_fed(st.c, 0, 0, kd_buf_view(&claim), 50, KD_FED_CLAIM);
    stage_publish();
    HOLDS();
    kd_buf_clear(&claim);
    kd_claim_encode(&higher, &claim);
    sim_checks_fed(st.c, 0, 0, kd_buf_view(&claim), 51, KD_FED_FENCED);
    stage_publish();
    FAILS("fence");
    kd_buf_finish(&claim);
}

Test(checks_central, the_log_goes_on_where_the_last_record_still_stands)
{
    stage_do(KD_LIKE, 0, 0);
    cr_assert(stage_send());
    stage_feed();
    sim_checks_log_checked(st.c, 0, 0, 0, kd_buf_view(&st.record), 1, 0);
    sim_checks_log_checked(st.c, 0, 0, 0, kd_bytes_str("another"), -1,
                           0); /* from the earliest: always right */
    HOLDS();
    sim_checks_log_checked(st.c, 0, 0, 0, kd_bytes_str("another"), 1, 0);
    FAILS("log-position");
}

/* An acknowledged operation that no batch holds. */
static void acknowledge_out_of_thin_air(kd_verb verb)
{
    sim_journal_attempt a = {
        .user = 2, .item = 2, .verb = verb, .first_us = st.now_us, .amount = verb == KD_ADD ? 5 : 0};
    a.counter = verb == KD_ADD ? SCENARIO_VIEW : SCENARIO_LIKE;
    uint32_t id = sim_journal_attempted(st.j, &a);
    sim_check_as_of_answered(st.c, id, false);
    st.now_us += 1000;
    sim_journal_acked(st.j, id, st.now_us);
}

Test(checks_central, what_was_acknowledged_before_as_of_is_in)
{
    acknowledge_out_of_thin_air(KD_LIKE);
    stage_central_commit(true);
    HOLDS();
    stage_do(KD_LIKE, 0, 0);
    stage_settle();
    FAILS("as-of");
}

Test(checks_central, also_after_another_edge_was_copied_while_it_ran)
{
    sim_checks_disk(st.c, 1, CHECKS_COPIED);
    acknowledge_out_of_thin_air(KD_LIKE);
    stage_do(KD_LIKE, 0, 0);
    stage_settle();
    FAILS("as-of");
}

Test(checks_central, and_so_are_sums)
{
    acknowledge_out_of_thin_air(KD_ADD);
    stage_do(KD_LIKE, 0, 0);
    stage_settle();
    FAILS("as-of");
}

Test(checks_central, what_is_excused_need_not_be_in)
{
    acknowledge_out_of_thin_air(KD_LIKE);
    sim_journal_excuse(st.j, 0);
    stage_do(KD_LIKE, 0, 0);
    stage_settle();
    HOLDS();
}

Test(checks_central, a_restore_excuses_edges_that_lost_their_disk_since_and_sums_where_the_log_is_gone)
{
    stage_do(KD_LIKE, 0, 0);
    stage_settle();
    sim_checks_disk(st.c, SCENARIO_CENTRAL, CHECKS_BACKED_UP);
    stage_do(KD_LIKE, 1, 1);
    stage_settle();
    sim_checks_disk(st.c, SCENARIO_CENTRAL, CHECKS_RESTORED);
    cr_assert_eq(sim_journal_pair(st.j, SCENARIO_LIKE, 1, 1, 0, NULL), ORACLE_MUST);
    cr_assert(sim_journal_sums_hold(st.j));
    sim_checks_log_lost(st.c, SCENARIO_LIKES);
    cr_assert_not(sim_journal_sums_hold(st.j));
    st.now_us += STAGE_SECOND;
    sim_checks_disk(st.c, 0, CHECKS_WIPED);
    sim_checks_disk(st.c, SCENARIO_CENTRAL, CHECKS_RESTORED);
    cr_assert_eq(sim_journal_pair(st.j, SCENARIO_LIKE, 0, 0, 0, NULL), ORACLE_MUST);
    cr_assert_eq(sim_journal_pair(st.j, SCENARIO_LIKE, 1, 1, 0, NULL), ORACLE_MAY);
}

/* ---- what a reader is told --------------------------------------------------------------------------------------- */

static void told(kd_view view, int err)
{
    sim_checks_viewed(st.c, 0, 0, err, &view);
}

static void by_several(void)
{
    st.c->writer[0] = CHECKS_SLOTS;
}

Test(checks_reader, what_is_shown_as_fresh_is_central_s_number)
{
    int err;
    stage_play();
    by_several();
    kd_view view = stage_view(0, &err);
    cr_assert(err == KD_OK && view.count[0] == 1);
    told(view, err);
    stage_do(KD_LIKE, 0, 2); /* pending: it may differ by one */
    told(stage_view(0, &err), err);
    HOLDS();
    view.count[0]++;
    told(view, err);
    FAILS("number");
}

Test(checks_reader, as_of_is_true_of_stale_numbers_too)
{
    int err;
    stage_play();
    by_several();
    kd_view old = stage_view(0, &err);
    stage_do(KD_LIKE, 0, 2);
    stage_settle();
    kd_view now = stage_view(0, &err);
    cr_assert_gt(now.as_of_us, old.as_of_us);
    old.fresh = false;
    told(old, KD_EAGAIN);
    HOLDS();
    old.as_of_us = now.as_of_us;
    told(old, KD_EAGAIN);
    FAILS("as-of");
}

Test(checks_reader, a_number_rests_on_one_of_central_that_the_edge_heard)
{
    int err;
    stage_do(KD_LIKE, 0, 0);
    kd_view view = stage_view(0, &err);
    cr_assert(err == KD_EAGAIN && !view.known && view.pending[0] == 1);
    told(view, err);
    HOLDS();
    view.known = true;
    told(view, err);
    FAILS("number");
}

Test(checks_reader, an_item_that_was_evicted_has_no_number)
{
    int err;
    stage_play();
    by_several();
    kd_view old = stage_view(0, &err);
    cr_assert(old.known && old.count[0] == 1);
    old.fresh = false;
    old.as_of_us = old.made_us = 0;
    told(old, KD_EAGAIN);
    HOLDS();
    told((kd_view){.known = false}, KD_EAGAIN);
    HOLDS();
    told((kd_view){.known = true}, KD_EAGAIN);
    FAILS("number");
}

Test(checks_reader, an_item_of_one_edge_stays_between_acknowledged_and_attempted)
{
    int err;
    kd_outcome out;
    stage_play();
    stage_take(KD_LIKE, 0, 2, &out); /* attempted: one or two may be shown */
    told(stage_view(0, &err), err);
    HOLDS();
    kd_view view = stage_view(0, &err);
    view.count[0] = 3;
    view.pending[0] = 2;
    told(view, err);
    FAILS("shown");
}

Test(checks_reader, nor_does_it_fall_below_what_was_acknowledged)
{
    int err;
    stage_play();
    kd_view view = stage_view(0, &err);
    view.count[0] = 0;
    view.pending[0] = 1;
    told(view, err);
    FAILS("shown");
}

Test(checks_reader, nothing_is_pending_that_central_confirmed)
{
    int err;
    stage_play();
    kd_view view = stage_view(0, &err);
    view.pending[0] = 1;
    told(view, err);
    FAILS("pending");
}

Test(checks_reader, also_where_a_restore_undid_nothing_that_this_edge_followed)
{
    int err;
    stage_play();
    sim_checks_disk(st.c, SCENARIO_CENTRAL, CHECKS_BACKED_UP);
    sim_checks_disk(st.c, SCENARIO_CENTRAL, CHECKS_RESTORED);
    kd_view view = stage_view(0, &err);
    told(view, err);
    HOLDS();
    view.pending[0] = 1;
    told(view, err);
    FAILS("pending");
}

Test(checks_reader, of_numbers_that_are_too_old_to_be_kept_the_lowest_and_the_highest_are)
{
    int err;
    stage_play();
    by_several();
    kd_view view = stage_view(0, &err);
    st.c->numbers[0].overflowed = true;
    view.fresh = false;
    view.as_of_us = 0;
    told(view, KD_EAGAIN);
    HOLDS();
    view.count[0] += 7;
    told(view, KD_EAGAIN);
    FAILS("number");
}

Test(checks_reader, no_number_is_younger_than_central_made_it)
{
    int err;
    stage_play();
    kd_view view = stage_view(0, &err);
    view.made_us++;
    told(view, err);
    FAILS("age");
}

Test(checks_reader, convergence_and_the_verdict)
{
    char why[200];
    sim_final_verdict out;
    stage_play();
    cr_assert_not(sim_checks_converged(st.c, why, sizeof(why)), "virginia is down");
    st.s.edge_count = 1;
    cr_assert(sim_checks_converged(st.c, why, sizeof(why)), "%s", why);
    sim_checks_final(st.c, true, &out);
    cr_assert(out.held && out.members == 1, "%s", out.text);
    HOLDS();
    stage_do(KD_LIKE, 0, 2);
    cr_assert_not(sim_checks_converged(st.c, why, sizeof(why)));
    sim_checks_final(st.c, false, &out);
    cr_assert(!out.held && out.lost == 1);
    FAILS("lost");
}

Test(checks_reader, needs_that_were_not_met_are_named)
{
    char why[100];
    sim_scenario_needs met = {.acks = 500, .gaps = 1};
    st.s.needs = met;
    cr_assert_null(sim_checks_needs(&st.s, &met, why, sizeof(why)));
    met.gaps = 0;
    cr_assert_str_eq(sim_checks_needs(&st.s, &met, why, sizeof(why)), "gaps");
    cr_assert_str_eq(why, "gaps: 0, needed 1");
}

Test(checks_reader, a_run_without_an_answer_has_tested_nothing)
{
    char why[100];
    sim_scenario_needs met = {.kills = 3};
    cr_assert_str_eq(sim_checks_needs(&st.s, &met, why, sizeof(why)), "acks");
    met.acks = 1;
    cr_assert_null(sim_checks_needs(&st.s, &met, why, sizeof(why)));
}
