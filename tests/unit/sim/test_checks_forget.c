/* Checkers of what is forgotten, of edges that are gone, and of what central tells of a user: each fails on one untruth. */
#include <criterion/criterion.h>

#include "edge/core/keys.h"
#include "kudos/forget.h"
#include "sim/check/checking.h"
#include "tests/unit/sim/test_checks.h"

TestSuite(checks_forget, .init = check_stage_open, .fini = check_stage_close);

static void play(void)
{
    stage_do(KD_LIKE, 0, 0);
    stage_do(KD_LIKE, 1, 1);
    stage_settle();
    HOLDS();
}

/* A row of the edge is dropped by a write. */
static void drop_row(uint32_t item, const char *user)
{
    kd_writes w = {0};
    kd_row_key key;
    kd_key_row(&key, 0, 1, kd_item_key(&st.items[item]), kd_bytes_str(user));
    kd_writes_delete(&w, kd_row_key_view(&key));
    sim_checks_edge_wrote(st.c, 0, 0, 1000, &w, KD_OK, true);
    kd_writes_finish(&w);
}

Test(checks_forget, a_row_goes_only_below_stable)
{
    st.s.forget_rows_us = 1;
    play();
    drop_row(2, "cem"); /* cem's like of item 2 is no row of this edge */
    HOLDS();
    drop_row(0, "ana");
    FAILS("expired");
}

Test(checks_forget, also_after_a_restore_only_what_central_had_goes)
{
    st.s.forget_rows_us = 1;
    play();
    st.c->stable_us[0] = UINT64_MAX;
    sim_checks_disk(st.c, SCENARIO_CENTRAL, CHECKS_BACKED_UP);
    sim_checks_disk(st.c, SCENARIO_CENTRAL, CHECKS_RESTORED);
    drop_row(0, "ana");
    HOLDS();
    stage_do(KD_LIKE, 2, 2);
    drop_row(2, "cem");
    FAILS("expired");
}

Test(checks_forget, stable_needs_a_backup)
{
    play();
    sim_checks_disk(st.c, SCENARIO_CENTRAL, CHECKS_BACKED_UP);
    sim_check_forget_published(st.c, 0, 0, 0);
    HOLDS();
    sim_check_forget_published(st.c, 0, 0, 1); /* virginia was never heard of */
    FAILS("stable");
}

/* The backup holds mumbai as retired; central has merged more of mumbai since. */
Test(checks_forget, stable_is_what_the_backup_holds_of_each_edge_that_went_on)
{
    st.s.edge_count = 1;
    play();
    cr_assert_eq(stage_order(KD_DECIDED_RETIRE, "mumbai"), KD_FED_DECIDED);
    stage_central_commit(true);
    sim_checks_disk(st.c, SCENARIO_CENTRAL, CHECKS_BACKED_UP);
    /* Nothing of mumbai came since, and no row above its watermark is dropped. */
    sim_check_forget_published(st.c, 0, 0, st.now_us * 2);
    HOLDS();
    cr_assert_eq(stage_order(KD_DECIDED_READMIT, "mumbai"), KD_FED_DECIDED);
    stage_central_commit(true);
    kd_central_edge edge;
    cr_assert_eq(kd_central_edges(st.k, &edge, 1), 1);
    uint64_t held_us = edge.watermark_us - 2 * st.s.drift_us;
    st.now_us += 60 * STAGE_SECOND;
    stage_do(KD_LIKE, 2, 2);
    stage_settle();
    cr_assert_eq(stage_order(KD_DECIDED_RETIRE, "mumbai"), KD_FED_DECIDED);
    stage_central_commit(true);
    sim_check_forget_published(st.c, 0, 0, held_us);
    HOLDS();
    sim_check_forget_published(st.c, 0, 0, held_us + 1);
    FAILS("stable");
}

Test(checks_forget, without_backups_stable_follows_what_all_edges_completed)
{
    st.s.backups_none = true;
    st.s.edge_count = 1;
    play();
    kd_central_edge edge;
    cr_assert_eq(kd_central_edges(st.k, &edge, 1), 1);
    sim_check_forget_published(st.c, 0, 0, edge.watermark_us - 2 * st.s.drift_us);
    HOLDS();
    sim_check_forget_published(st.c, 0, 0, edge.watermark_us - 2 * st.s.drift_us + 1);
    FAILS("stable");
}

static const kd_batch batch; /* of no edge in particular: only a text would tell what it holds */

Test(checks_forget, nothing_is_refused_of_an_edge_that_nobody_retired)
{
    play();
    sim_check_forget_fed(st.c, 0, 0, 0, &batch, KD_FED_DUPLICATE);
    st.c->gone[0][0] = sim_journal_edge_bit(1);
    sim_check_forget_fed(st.c, 0, 0, 1, &batch, KD_FED_RETIRED);
    HOLDS();
    sim_check_forget_fed(st.c, 0, 0, 0, &batch, KD_FED_RETIRED);
    FAILS("retired");
}

Test(checks_forget, nothing_is_merged_of_an_edge_that_is_retired)
{
    play();
    cr_assert_eq(stage_order(KD_DECIDED_RETIRE, "mumbai"), KD_FED_DECIDED);
    sim_checks_retired(st.c, 0, true);
    stage_central_commit(true);
    stage_do(KD_LIKE, 2, 2);
    cr_assert(stage_send());
    cr_assert_eq(stage_feed(), KD_FED_RETIRED);
    HOLDS();
    sim_check_forget_fed(st.c, 0, 0, 0, &batch, KD_FED_MERGED);
    FAILS("retired");
}

static int find_ana(void *arg, kd_bytes key, kd_bytes value)
{
    (void)value;
    kd_buf *found = arg;
    if (!memmem(key.data, key.len, "ana", 3)) return 0;
    kd_buf_put(found, key.data, key.len);
    return 1;
}

Test(checks_forget, rows_of_both_sides_are_compared)
{
    kd_buf key = {0};
    play();
    stage_commit(KD_OK, true);
    uint64_t before = sim_checks_made(st.c);
    sim_checks_compare(st.c, 0);
    stage_commit(KD_OK, true);
    sim_checks_compare(st.c, 0);
    HOLDS();
    cr_assert_gt(sim_checks_made(st.c), before);
    kd_store store = sim_disk_view(st.central_disk);
    cr_assert_eq(store.scan(store.ctx, (kd_bytes){0}, (kd_bytes){0}, find_ana, &key), 1);
    sim_disk_delete(st.central_disk, kd_buf_view(&key));
    sim_checks_compare(st.c, 0);
    FAILS("compare");
    kd_buf_finish(&key);
}

Test(checks_forget, what_central_tells_of_a_user_is_his_last_word)
{
    st.s.edge_count = 1;
    play();
    st.now_us += 10 * STAGE_SECOND;
    stage_settle();
    st.now_us += 10 * STAGE_SECOND;
    kd_edge_tick(st.e, st.now_us);
    stage_settle();
    cr_assert_gt(kd_central_as_of_us(st.k), st.now_us - 15 * STAGE_SECOND);
    sim_checks_member_asked(st.c, 0, SCENARIO_LIKE, 0, 0, true);
    sim_checks_member_asked(st.c, 0, SCENARIO_LIKE, 0, 1, false);
    HOLDS();
    sim_checks_member_asked(st.c, 0, SCENARIO_LIKE, 0, 0, false);
    FAILS("member");
}
