/* An edge and items that an operator closed (rule 27): when it knows, and how long. */
#include <criterion/criterion.h>

#include "tests/lib/edge_rig.h"

static edge_rig r;

/* Three batches outstanding, one like of item 1 each; central knows this edge and has applied none. */
static void set_up(void)
{
    er_outstanding(&r);
    er_snapshot(&r, &(er_word){.epoch = 1, .version = 1, .item = 1, .items = 1, .likes = 7});
}

static void tear_down(void)
{
    er_finish(&r);
}

TestSuite(edge_closed, .init = set_up, .fini = tear_down);

static int told(uint64_t version, bool closed)
{
    er_word w = {.epoch = 1, .version = version, .previous = version - 1, .item = 1, .items = 1, .likes = 7};
    w.closed = closed;
    return er_snapshot(&r, &w);
}

Test(edge_closed, one_that_knows_refuses_until_it_hears_of_the_opening_also_after_a_start)
{
    kd_view view;
    cr_assert_eq(told(2, true), KD_INSTALLED);
    cr_assert_eq(er_like(&r, 1, 50), KD_ECLOSED);
    cr_assert_eq(er_view_add(&r, 1, 5), KD_ECLOSED);
    cr_assert_eq(er_like(&r, 2, 50), KD_OK, "another item");
    er_shown(&r, 1, &view);
    cr_expect(view.closed && view.pending[ER_LIKE] == 3, "reads go on, with what is its own");
    er_commit(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(er_like(&r, 1, 50), KD_ECLOSED);
    cr_assert_eq(told(3, false), KD_INSTALLED);
    cr_assert_eq(er_like(&r, 1, 50), KD_OK);
}

Test(edge_closed, one_that_may_have_missed_the_opening_takes_until_it_has_read)
{
    cr_assert_eq(told(2, true), KD_INSTALLED);
    cr_assert_eq(er_snapshot(&r, &(er_word){.epoch = 1, .version = 9, .previous = 8}), KD_SNAPSHOT_GAP);
    cr_assert_eq(er_like(&r, 1, 50), KD_OK,
                 "a user who only likes would be refused for good: nobody would ask central");
    er_word answer = {.epoch = 1, .version = 9, .item = 1, .likes = 7, .closed = true};
    cr_assert_eq(er_read(&r, &answer), KD_OK);
    cr_assert_eq(er_like(&r, 1, 51), KD_ECLOSED);
}

Test(edge_closed, what_central_left_out_is_not_shown_when_its_batch_is_applied)
{
    er_like(&r, 1, 50);
    er_seal(&r);
    er_ship(&r);
    er_ship(&r);
    er_ship(&r);
    er_word w = {.epoch = 1, .version = 2, .previous = 1, .item = 1, .items = 1, .likes = 10, .closed = true};
    w.applied = r.batch.at;
    w.digest = r.batch.digest;
    kd_view view;
    cr_assert_eq(er_shown(&r, 1, NULL), 11u);
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    cr_expect_eq(er_shown(&r, 1, &view), 10u);
    cr_expect_eq(view.pending[ER_LIKE], 0u);
}

Test(edge_closed, a_restore_of_central_undoes_what_it_knew)
{
    told(2, true);
    er_word restored = {
        .epoch = 2, .version = 2, .previous = 1, .chain = {{.epoch = 1, .last = 1}}, .chain_count = 1};
    cr_assert_eq(er_snapshot(&r, &restored), KD_SNAPSHOT_UNDONE);
    cr_assert_eq(er_like(&r, 1, 50), KD_OK);
}
