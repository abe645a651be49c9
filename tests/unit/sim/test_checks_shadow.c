/* The checker "function": each central has a shadow that reads the same records and cuts them into other commits. */
#include <criterion/criterion.h>

#include "central/core/state.h"
#include "sim/check/checking.h"
#include "tests/unit/sim/test_checks.h"

static void open_with_shadow(void)
{
    check_stage_open();
    stage_central_commit(true);
    sim_check_shadow_opened(st.c, 0, 0);
}

TestSuite(checks_shadow, .init = open_with_shadow, .fini = check_stage_close);

/* Commits until all was compared. */
static void compare(void)
{
    for (uint32_t i = 0; i < 64; i++) sim_check_shadow_committed(st.c, 0, 0);
}

Test(checks_shadow, what_is_fed_to_both_is_the_same_in_both)
{
    stage_play();
    compare();
    HOLDS();
    stage_publish();
    HOLDS();
}

Test(checks_shadow, a_record_that_is_judged_otherwise_is_noticed)
{
    stage_do(KD_LIKE, 0, 0);
    cr_assert(stage_send());
    sim_check_shadow_fed(st.c, 0, 0, kd_buf_view(&st.record), 0, KD_FED_GAP);
    FAILS("function");
}

Test(checks_shadow, a_record_that_one_of_them_did_not_read_is_noticed)
{
    stage_do(KD_LIKE, 0, 0);
    cr_assert(stage_send());
    cr_assert_eq(stage_feed(), KD_FED_MERGED);
    sim_check_shadow_fed(st.c, 0, 0, kd_buf_view(&st.record), 1, KD_FED_DUPLICATE);
    stage_central_commit(true);
    compare();
    FAILS("function");
}

Test(checks_shadow, a_row_that_was_changed_by_nothing_that_was_read_is_noticed)
{
    stage_play();
    sim_disk_put(st.central_disk, kd_bytes_str("gx"), kd_bytes_str("nowhere"));
    compare();
    FAILS("function");
}

Test(checks_shadow, a_leader_that_tells_another_history_is_noticed)
{
    kd_snapshot s;
    kd_buf record = {0};
    stage_play();
    stage_publish();
    HOLDS();
    cr_assert_eq(kd_snapshot_decode(kd_buf_view(&st.snapshot), &s), KD_OK);
    s.history.digest++;
    kd_snapshot_encode(&s, &record);
    sim_check_shadow_published(st.c, 0, 0, kd_buf_view(&record));
    FAILS("function");
    kd_snapshot_finish(&s);
    kd_buf_finish(&record);
}
