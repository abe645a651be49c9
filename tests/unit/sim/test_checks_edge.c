/* Checkers of the simulation at an edge: each holds on a faithful run and fails on one untruth. */
#include <criterion/criterion.h>

#include "edge/core/fragment.h"
#include "edge/core/keys.h"
#include "edge/core/state.h"
#include "kudos/forget.h"
#include "sim/check/checking.h"
#include "tests/unit/sim/test_checks.h"

TestSuite(checks_edge, .init = check_stage_open, .fini = check_stage_close);

Test(checks_edge, an_answer_rests_on_a_synced_write)
{
    kd_outcome out;
    uint32_t id = stage_take(KD_LIKE, 0, 0, &out);
    stage_commit(KD_OK, true);
    stage_answer(id, &out);
    HOLDS();
    id = stage_take(KD_LIKE, 0, 1, &out);
    stage_answer(id, &out);
    FAILS("durable");
}

Test(checks_edge, a_disk_that_only_says_so_is_found)
{
    kd_outcome out;
    uint32_t id = stage_take(KD_ADD, 0, 0, &out);
    stage_commit(KD_OK, false);
    stage_answer(id, &out);
    FAILS("durable");
}

Test(checks_edge, an_answer_whose_row_was_not_written_is_found)
{
    stage_do(KD_LIKE, 0, 0);
    HOLDS();
    sim_journal_attempt a = {.user = 1, .item = 0, .verb = KD_LIKE, .first_us = st.now_us};
    kd_outcome out = {.group = 1, .stamp_us = st.now_us};
    stage_answer(sim_journal_attempted(st.j, &a), &out);
    FAILS("durable");
}

Test(checks_edge, a_later_word_has_a_larger_stamp)
{
    kd_outcome out;
    uint32_t id = stage_do(KD_LIKE, 0, 0);
    stage_take(KD_UNLIKE, 0, 0, &out);
    HOLDS();
    out.liked = true;
    sim_checks_taken(st.c, 0, 0, id, &out);
    FAILS("stamp");
}

Test(checks_edge, an_answer_says_what_changed)
{
    kd_outcome out;
    stage_do(KD_LIKE, 0, 0);
    stage_take(KD_LIKE, 0, 0, &out);
    stage_take(KD_UNLIKE, 0, 1, &out);
    HOLDS();
    uint32_t id = stage_take(KD_UNLIKE, 0, 0, &out);
    HOLDS();
    out.stamp_us += 5;
    out.changed = KD_CHANGED_YES;
    /* The like was taken back by the first unlike, so this answer is untrue. */
    sim_checks_taken(st.c, 0, 0, id, &out);
    FAILS("answer");
}

Test(checks_edge, a_retry_is_told_what_the_first_answer_said)
{
    kd_outcome out;
    uint32_t id = stage_take(KD_LIKE, 0, 0, &out);
    out.replayed = true;
    sim_checks_taken(st.c, 0, 0, id, &out);
    HOLDS();
    out.stamp_us = 0;
    sim_checks_taken(st.c, 0, 0, id, &out);
    FAILS("answer");
}

Test(checks_edge, nothing_is_answered_after_an_error)
{
    kd_outcome out;
    uint32_t id = stage_take(KD_LIKE, 0, 0, &out);
    stage_commit(KD_EIO, true);
    HOLDS();
    stage_answer(id, &out);
    FAILS("after-error");
}

Test(checks_edge, a_user_reads_his_own_word)
{
    stage_play();
    sim_checks_member_read(st.c, 0, SCENARIO_LIKE, 0, 0, 1);
    sim_checks_member_read(st.c, 0, SCENARIO_LIKE, 0, 1, 0);
    sim_checks_member_read(st.c, 0, SCENARIO_LIKE, 0, 2, KD_ENOTFOUND);
    sim_checks_edge_opened(st.c, 0, 0); /* the row is the same after a restart */
    sim_checks_member_read(st.c, 0, SCENARIO_LIKE, 0, 0, 1);
    HOLDS();
    sim_checks_member_read(st.c, 0, SCENARIO_LIKE, 0, 1, 1);
    FAILS("own-word");
}

Test(checks_edge, of_words_that_died_with_two_lives_either_may_be_on_the_disk)
{
    kd_outcome out;
    stage_play();
    stage_take(KD_UNLIKE, 0, 0, &out);
    sim_checks_edge_opened(st.c, 0, 0);
    stage_take(KD_LIKE, 0, 0, &out);
    sim_checks_edge_opened(st.c, 0, 0);
    sim_checks_member_read(st.c, 0, SCENARIO_LIKE, 0, 0, 0);
    sim_checks_member_read(st.c, 0, SCENARIO_LIKE, 0, 0, 1);
    HOLDS();
    stage_do(KD_LIKE, 0, 0);
    sim_checks_edge_opened(st.c, 0, 0);
    sim_checks_member_read(st.c, 0, SCENARIO_LIKE, 0, 0, 0);
    FAILS("own-word");
}

Test(checks_edge, a_word_that_is_forgotten_is_found)
{
    stage_play();
    sim_checks_edge_opened(st.c, 0, 0);
    sim_checks_member_read(st.c, 0, SCENARIO_LIKE, 0, 0, KD_ENOTFOUND);
    FAILS("own-word");
}

/* The last batch again, with other operations in it. */
static void send_another_body(void)
{
    kd_batch b;
    kd_body body = {0};
    kd_buf bytes = {0}, record = {0};
    cr_assert_eq(kd_batch_decode(kd_buf_view(&st.record), &b), KD_OK);
    kd_body_encode(&body, &bytes);
    b.body = kd_buf_view(&bytes);
    b.digest = kd_body_digest(b.body);
    kd_batch_encode(&b, &record);
    sim_checks_sent(st.c, 0, 0, 0, b.at, kd_buf_view(&record));
    kd_buf_finish(&bytes);
    kd_buf_finish(&record);
}

/* A synced write that holds this count of the item's likes. */
static void store_count(uint32_t item, uint64_t count)
{
    kd_writes w = {0};
    kd_buf key = {0}, value = {0};
    kd_key_item(&key, 0, kd_item_key(&st.items[item]));
    kd_buf_put_varint(&value, 1);
    kd_buf_put_u8(&value, 1);
    kd_buf_put_varint(&value, count);
    kd_writes_put(&w, kd_buf_view(&key), kd_buf_view(&value));
    sim_checks_edge_wrote(st.c, 0, 0, 1000, &w, KD_OK, true);
    kd_buf_finish(&key);
    kd_buf_finish(&value);
    kd_writes_finish(&w);
}

Test(checks_edge, what_nobody_has_liked_is_not_stored)
{
    stage_do(KD_LIKE, 0, 0);
    store_count(0, 0);
    store_count(1, 7);
    HOLDS();
    store_count(1, 0);
    FAILS("stored");
}

Test(checks_edge, a_position_keeps_its_body)
{
    stage_do(KD_LIKE, 0, 0);
    cr_assert(stage_send());
    sim_checks_sent(st.c, 0, 0, 0, st.at, kd_buf_view(&st.record));
    HOLDS();
    send_another_body();
    FAILS("body");
}

Test(checks_edge, but_not_where_the_disk_was_copied_meanwhile)
{
    stage_do(KD_LIKE, 0, 0);
    cr_assert(stage_send());
    sim_checks_disk(st.c, 0, CHECKS_BACKED_UP);
    send_another_body();
    HOLDS();
}

static void drop_at(uint32_t slot, kd_position at)
{
    kd_writes w = {0};
    kd_buf key = {0};
    kd_buf_put_u8(&key, 'f');
    kd_buf_put_be16(&key, 0);
    kd_buf_put_be64(&key, at.incarnation);
    kd_buf_put_be64(&key, at.seq);
    kd_buf_put_be32(&key, 0xffffffff);
    kd_writes_delete(&w, kd_buf_view(&key));
    sim_checks_edge_wrote(st.c, slot, 0, 99, &w, KD_OK, true);
    kd_writes_finish(&w);
    kd_buf_finish(&key);
}

static void drop(kd_position at)
{
    drop_at(0, at);
}

Test(checks_edge, an_outbox_row_goes_after_central_has_it_on_disk)
{
    stage_play(); /* central has these on disk, and their outbox rows are gone */
    stage_do(KD_LIKE, 0, 2);
    cr_assert(stage_send());
    stage_feed();
    HOLDS();
    drop(st.at);
    FAILS("freed");
}

Test(checks_edge, a_commit_that_is_not_on_disk_frees_nothing)
{
    stage_do(KD_LIKE, 0, 2);
    cr_assert(stage_send());
    stage_feed();
    stage_central_commit(false);
    HOLDS();
    drop(st.at);
    FAILS("freed");
}

/* Central says that it has applied a batch of this edge's name that this edge never sealed: somebody else runs under it. */
static void alarm_edge(void)
{
    kd_applied theirs = {.edge = kd_edge_name(st.e), .applied = {st.now_us + 1, 1}};
    kd_snapshot s = {
        .kind = KD_SNAPSHOT_DELTA, .parts = 1, .epoch = 1, .version = 1, .edges = &theirs, .edge_count = 1};
    kd_buf record = {0};
    kd_snapshot_encode(&s, &record);
    kd_edge_snapshot(st.e, kd_buf_view(&record), 0, st.now_us);
    sim_checks_ticked(st.c, 0, 0, st.now_us);
    kd_buf_finish(&record);
}

Test(checks_edge, a_copy_of_a_disk_on_which_a_move_was_begun_goes_on_with_it)
{
    sim_checks_disk(st.c, 0, CHECKS_COPIED);
    stage_do(KD_LIKE, 0, 2);
    cr_assert(stage_send());
    alarm_edge();
    sim_checks_disk(st.c, 0, CHECKS_COPIED);
    drop_at(CHECKS_TWIN, st.at);
    HOLDS();
}

Test(checks_edge, what_was_taken_after_the_alarm_goes_when_central_has_it)
{
    sim_checks_disk(st.c, 0, CHECKS_COPIED);
    stage_do(KD_LIKE, 0, 2);
    cr_assert(stage_send());
    alarm_edge();
    drop(st.at); /* its operations have moved to a new incarnation */
    HOLDS();
    drop((kd_position){kd_edge_incarnation(st.e), 1});
    FAILS("freed");
}

Test(checks_edge, a_copy_made_before_the_alarm_may_not)
{
    sim_checks_disk(st.c, 0, CHECKS_COPIED);
    stage_do(KD_LIKE, 0, 2);
    cr_assert(stage_send());
    alarm_edge();
    HOLDS();
    drop_at(CHECKS_TWIN, st.at);
    FAILS("freed");
}

Test(checks_edge, only_what_follows_is_installed)
{
    stage_play();
    stage_publish();
    sim_checks_installed(st.c, 0, 0, kd_buf_view(&st.snapshot), KD_HEARTBEAT);
    HOLDS();
    sim_checks_installed(st.c, 0, 0, kd_buf_view(&st.snapshot), KD_INSTALLED);
    FAILS("install");
}

Test(checks_edge, a_snapshot_over_a_gap_is_not_followed)
{
    stage_play();
    for (uint32_t i = 0; i < 2; i++) {
        stage_do(KD_LIKE, 0, 2);
        cr_assert(stage_send());
        stage_feed();
        stage_central_commit(true);
        stage_publish();
    }
    kd_edge_snapshot(st.e, kd_buf_view(&st.snapshot), 77, st.now_us); /* a gap: the first was missed */
    sim_checks_installed(st.c, 0, 0, kd_buf_view(&st.snapshot), KD_INSTALLED);
    FAILS("install");
}

Test(checks_edge, an_edge_beyond_d_takes_nothing)
{
    kd_outcome out;
    sim_checks_measured(st.c, 0, 400000);
    stage_take(KD_LIKE, 0, 0, &out);
    HOLDS();
    sim_checks_measured(st.c, 0, -600000);
    stage_take(KD_LIKE, 0, 1, &out);
    FAILS("clock");
}

static void play_retired(void)
{
    stage_play();
    cr_assert_eq(stage_order(KD_DECIDED_RETIRE, "mumbai"), KD_FED_DECIDED);
    sim_checks_retired(st.c, 0, true);
    stage_settle();
    HOLDS();
}

Test(checks_edge, one_that_heard_that_it_is_retired_takes_nothing)
{
    play_retired();
    sim_checks_refused(st.c, 0, 0, 0, KD_ERETIRED);
    HOLDS();
    st.c->slots[0].retired[0] = false;
    sim_checks_refused(st.c, 0, 0, 0, KD_ERETIRED);
    FAILS("retired");
}

Test(checks_edge, nor_is_anything_taken_where_central_said_that_it_is_retired)
{
    kd_outcome out;
    stage_play();
    stage_take(KD_LIKE, 0, 2, &out);
    HOLDS();
    st.c->slots[0].retired[0] = true;
    stage_take(KD_LIKE, 0, 1, &out);
    FAILS("retired");
}

Test(checks_edge, nothing_is_taken_beyond_the_outbox_nor_refused_within)
{
    kd_outcome out;
    sim_checks_refused(st.c, 0, 0, 0, KD_ECLOCK);
    HOLDS();
    sim_checks_refused(st.c, 0, 0, 0, KD_EFULL);
    FAILS("outbox");
    check_stage_close();
    check_stage_open();
    st.s.outbox_bytes = 100;
    sim_checks_refused(st.c, 0, 0, 0, KD_ECLOCK);
    for (uint32_t i = 0; i < 1000; i++) stage_take(KD_LIKE, 0, i % 2, &out);
    FAILS("outbox");
}

static void one_item_fits(void)
{
    sim_checks_destroy(st.c);
    st.view.items_max = 1;
    st.c = sim_checks_create(&st.view);
    sim_checks_edge_opened(st.c, 0, 0);
    sim_checks_central_opened(st.c, 0, 0);
}

Test(checks_edge, nothing_is_refused_while_an_item_could_make_room)
{
    kd_outcome out;
    one_item_fits();
    stage_take(KD_LIKE, 0, 0, &out);
    sim_checks_refused(st.c, 0, 0, 0, KD_EFULL); /* an outbox that waits for central may be full */
    HOLDS();
    stage_settle();
    sim_checks_refused(st.c, 0, 0, 0, KD_EFULL);
    FAILS("outbox");
}

/* Attempt 0 is taken, and taken once more after its idempotency key has made room for another. */
static kd_outcome taken_twice(void)
{
    kd_outcome first, again;
    uint32_t id = stage_take(KD_LIKE, 0, 0, &first);
    stage_commit(KD_OK, true);
    again = first;
    again.stamp_us += 5;
    again.changed = KD_CHANGED_NO;
    again.group++;
    sim_journal_retried(st.view.journal, id, *st.view.now_us + 1);
    sim_checks_taken(st.c, 0, 0, id, &again);
    HOLDS();
    first.replayed = true;
    first.group = 0;
    return first;
}

Test(checks_edge, the_answer_of_before_is_right_where_the_later_one_died)
{
    kd_outcome first = taken_twice();
    sim_checks_edge_opened(st.c, 0, 0);
    sim_checks_taken(st.c, 0, 0, 0, &first);
    HOLDS();
    first.stamp_us++;
    sim_checks_taken(st.c, 0, 0, 0, &first);
    FAILS("answer");
}

Test(checks_edge, the_answer_of_before_is_wrong_where_the_later_one_lives)
{
    kd_outcome first = taken_twice();
    sim_checks_taken(st.c, 0, 0, 0, &first);
    FAILS("answer");
}

Test(checks_edge, tables_stay_within_their_bounds)
{
    stage_play();
    sim_checks_ticked(st.c, 0, 0, st.now_us);
    HOLDS();
    sim_checks *c = st.c;
    st.view.items_max = 1;
    st.c = sim_checks_create(&st.view);
    sim_checks_ticked(st.c, 0, 0, st.now_us);
    FAILS("tables");
    sim_checks_destroy(c);
}

/* The batch of a viral item is still open, although nothing but time seals it. */
Test(checks_edge, operations_of_a_viral_item_are_not_held_back)
{
    for (uint32_t user = 1; user < STAGE_USERS; user++) stage_do(KD_LIKE, 0, user);
    sim_checks_ticked(st.c, 0, 0, st.now_us + STAGE_SECOND / 4);
    HOLDS();
    stage_do(KD_LIKE, 0, 0);
    sim_checks_ticked(st.c, 0, 0, st.now_us);
    HOLDS();
    sim_checks_ticked(st.c, 0, 0, st.now_us + STAGE_SECOND / 4);
    FAILS("viral");
}

Test(checks_edge, after_a_wipe_what_was_not_merged_is_excused_and_the_rest_is_not)
{
    stage_play();
    stage_do(KD_LIKE, 2, 2);
    st.now_us += 5 * STAGE_SECOND;
    sim_checks_disk(st.c, 0, CHECKS_WIPED);
    cr_assert_eq(sim_journal_pair(st.j, SCENARIO_LIKE, 0, 0, 0, NULL), ORACLE_MUST);
    cr_assert_eq(sim_journal_pair(st.j, SCENARIO_LIKE, 2, 2, 0, NULL), ORACLE_MAY);
    cr_assert(sim_journal_sums_hold(st.j));
}

Test(checks_edge, what_a_copy_answers_is_excused)
{
    kd_outcome out;
    sim_checks_disk(st.c, 0, CHECKS_COPIED);
    sim_checks_edge_opened(st.c, CHECKS_TWIN, 0);
    uint32_t id = stage_take(KD_LIKE, 0, 0, &out);
    stage_commit(KD_OK, true);
    out.replayed = true;
    sim_checks_answered(st.c, CHECKS_TWIN, 0, id, &out);
    sim_journal_acked(st.j, id, st.now_us);
    HOLDS();
    cr_assert_eq(sim_journal_pair(st.j, SCENARIO_LIKE, 0, 0, 0, NULL), ORACLE_MAY);
}

/* The edge writes that it has set aside the sums of the batch at this position. */
static void set_aside(kd_position at)
{
    kd_writes w = {0};
    kd_buf key = {0}, sums = {0};
    kd_key_batch(&key, 'x', 0, at);
    kd_fragment_put(&sums, &(kd_entry_op){.verb = KD_ADD,
                                          .counter_id = st.counters.at[SCENARIO_VIEW].id,
                                          .item = kd_item_key(&st.items[0]),
                                          .amount = 5});
    kd_writes_put(&w, kd_buf_view(&key), kd_buf_view(&sums));
    sim_checks_edge_wrote(st.c, 0, 0, 1, &w, KD_OK, true);
    kd_writes_finish(&w);
    kd_buf_finish(&key);
    kd_buf_finish(&sums);
}

static void put_back(void)
{
    stage_do(KD_ADD, 0, 0);
    cr_assert(stage_send());
    sim_checks_disk(st.c, 0, CHECKS_BACKED_UP);
    sim_checks_disk(st.c, 0, CHECKS_RESTORED);
    sim_checks_edge_opened(st.c, 0, 0);
}

Test(checks_edge, sums_that_nobody_else_can_hold_are_not_set_aside)
{
    put_back();
    for (int n = 0; n < 2; n++) {
        st.e->stats.aside_kept_amount += 5;
        set_aside(st.at);
        HOLDS();
        cr_assert_eq(sim_journal_aside(st.j, SCENARIO_VIEW, 0), 5u, "may be missing, once");
    }
    st.e->stats.aside_kept_amount += 5;
    kd_position later = {st.at.incarnation + 1, 1};
    sim_checks_sent(st.c, 0, 0, 0, later, kd_buf_view(&st.record));
    sim_checks_edge_opened(st.c, 0, 0);
    set_aside(later);
    FAILS("aside"); /* a restart and the batch's delivery make no second holder of these sums */
}

Test(checks_edge, sums_of_an_edge_that_was_wiped_are_not_set_aside_when_it_minted_above)
{
    put_back();
    check_stage_close();
    check_stage_open();
    sim_checks_disk(st.c, 0, CHECKS_WIPED);
    sim_checks_edge_opened(st.c, 0, 0);
    st.e->stats.aside_kept_amount += 5;
    set_aside((kd_position){kd_edge_incarnation(st.e), 1});
    FAILS("aside");
}

Test(checks_edge, sums_that_are_set_aside_are_told)
{
    put_back();
    st.e->stats.aside_kept_amount += 4;
    set_aside(st.at);
    FAILS("aside");
}
