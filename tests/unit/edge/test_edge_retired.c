/* An edge that central has retired (rule 23): what it refuses, what it keeps, and that it goes on by itself when it is taken back. */
#include <criterion/criterion.h>

#include "tests/lib/edge_rig.h"

static edge_rig r;

/* Three batches outstanding, one shipped; central knows this edge and has applied none. */
static void set_up(void)
{
    er_outstanding(&r);
    er_snapshot(&r, &(er_word){.epoch = 1, .version = 1, .item = 1, .items = 1, .likes = 7});
}

static void tear_down(void)
{
    er_finish(&r);
}

TestSuite(edge_retired, .init = set_up, .fini = tear_down);

static int told(uint64_t version, bool retired)
{
    return er_snapshot(
        &r, &(er_word){.epoch = 1, .version = version, .previous = version - 1, .retired = retired});
}

Test(edge_retired, takes_nothing_and_keeps_what_it_holds)
{
    kd_view view;
    uint64_t batches = kd_edge_outbox_batches(r.e);
    cr_assert_eq(told(2, true), KD_INSTALLED);
    cr_assert_eq(er_like(&r, 1, 50), KD_ERETIRED);
    cr_assert_eq(er_unlike(&r, 1, 50), KD_ERETIRED);
    cr_assert_eq(er_view_add(&r, 1, 5), KD_ERETIRED);
    cr_assert_eq(er_stats(&r).retired, 1);
    cr_assert_eq(kd_edge_outbox_batches(r.e), batches);
    cr_assert_neq(kd_edge_view(r.e, rig_item(1), &view), KD_EIO);
    cr_assert(view.known && view.pending[ER_LIKE] == 3, "reads go on, with what is its own");
    cr_assert_eq(kd_edge_member(r.e, ER_LIKE, rig_item(1), rig_user(50)), KD_ENOTFOUND,
                 "nothing of a refused one is here");
}

Test(edge_retired, answers_a_retry_of_what_it_took_before)
{
    kd_request rq = er_request(1, 60);
    rq.idempotency_key = kd_bytes_str("once");
    cr_assert_eq(er_take(&r, &rq), KD_OK);
    er_commit(&r);
    told(2, true);
    cr_assert_eq(er_take(&r, &rq), KD_OK);
    cr_assert(r.out.replayed);
}

Test(edge_retired, goes_on_when_it_is_taken_back_and_sends_at_once)
{
    while (er_send(&r) == KD_OK) kd_edge_delivered(r.e, 0, r.batch.at, true, r.now_us);
    told(2, true);
    cr_assert_eq(er_send(&r), KD_ENOTFOUND, "all was sent");
    cr_assert_eq(told(3, false), KD_INSTALLED);
    cr_assert_eq(er_stats(&r).retired, 0);
    cr_assert_eq(er_like(&r, 1, 50), KD_OK);
    cr_assert_eq(er_send(&r), KD_OK, "central refused it: it is due again, without a back-off");
    cr_assert_eq(r.batch.at.seq, 1);
}

Test(edge_retired, remembers_it_over_a_start)
{
    told(2, true);
    er_commit(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(er_like(&r, 1, 50), KD_ERETIRED);
    cr_assert_eq(told(2, true), KD_HEARTBEAT);
    cr_assert_eq(er_like(&r, 1, 50), KD_ERETIRED);
    cr_assert_eq(told(3, false), KD_INSTALLED);
    er_commit(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(er_like(&r, 1, 50), KD_OK);
}

Test(edge_retired, learns_it_also_after_a_gap_and_not_from_an_older_snapshot)
{
    cr_assert_eq(er_snapshot(&r, &(er_word){.epoch = 1, .version = 9, .previous = 8, .retired = true}),
                 KD_SNAPSHOT_GAP);
    cr_assert_eq(er_like(&r, 1, 50), KD_ERETIRED);
    cr_assert_eq(told(5, false), KD_SNAPSHOT_OLD);
    cr_assert_eq(er_like(&r, 1, 50), KD_ERETIRED);
}

/* The backup is from before the command. */
Test(edge_retired, goes_on_when_a_restore_of_central_undoes_the_command)
{
    told(2, true);
    er_word restored = {
        .epoch = 2, .version = 2, .previous = 1, .chain = {{.epoch = 1, .last = 1}}, .chain_count = 1};
    cr_assert_eq(er_snapshot(&r, &restored), KD_SNAPSHOT_UNDONE);
    cr_assert_eq(er_like(&r, 1, 50), KD_OK);
}

Test(edge_retired, one_that_never_heard_of_central_learns_it_by_a_read)
{
    edge_rig fresh;
    er_init(&fresh);
    cr_assert_eq(
        er_read(&fresh, &(er_word){.epoch = 1, .version = 3, .item = 1, .likes = 4, .retired = true}), KD_OK);
    cr_assert_eq(er_like(&fresh, 1, 50), KD_ERETIRED);
    er_finish(&fresh);
}
