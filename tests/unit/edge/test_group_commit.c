/* Group commit: when an answer leaves, and what a disk that is slow or broken does to those that wait. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "kudos/group_commit.h"
#include "tests/lib/edge_rig.h"

static edge_rig r;
static kd_group_commit c;
static const kd_writes *writes;

typedef struct {
    kd_group_wait wait;
    int status, calls;
} client;

static void client_told(kd_group_wait *wait, int status)
{
    client *who = KD_CONTAINER(wait, client, wait);
    who->status = status;
    who->calls++;
}

static void set_up(void)
{
    er_init(&r);
    er_commit(&r);
    kd_group_commit_init(&c, r.e);
}

static void tear_down(void)
{
    er_finish(&r);
}

TestSuite(group_commit, .init = set_up, .fini = tear_down);

static client like(uint32_t user)
{
    cr_assert_eq(er_like(&r, 1, user), KD_OK);
    return (client){.wait.fn = client_told, .status = 1};
}

static int begin(uint64_t mono_us)
{
    return kd_group_commit_begin(&c, r.now_us, mono_us, &writes);
}

static int end(int status)
{
    if (status == KD_OK) sim_disk_apply(r.disk, writes);
    int err = kd_group_commit_end(&c, status);
    kd_group_commit_answer(&c);
    return err;
}

Test(group_commit, an_answer_waits_for_its_own_group)
{
    client first = like(1);
    kd_group_commit_await(&c, &first.wait, r.out.group);
    cr_assert_eq(begin(1), KD_OK);
    client second = like(2);
    kd_group_commit_await(&c, &second.wait, r.out.group);
    cr_expect_eq(begin(2), KD_ENOTFOUND, "one group is being synced");
    cr_expect_eq(first.calls, 0);
    cr_expect_eq(end(KD_OK), KD_OK);
    cr_expect_eq(first.status, KD_OK);
    cr_expect_eq(second.calls, 0, "its group gathers");
    cr_assert_eq(begin(3), KD_OK);
    cr_expect_eq(end(KD_OK), KD_OK);
    cr_expect_eq(second.status, KD_OK);
    cr_expect_eq(first.calls + second.calls, 2);
    cr_expect_eq(begin(4), KD_ENOTFOUND, "nothing is left to write");
}

Test(group_commit, the_next_group_is_begun_before_the_answers_of_the_last)
{
    client first = like(1);
    kd_group_commit_await(&c, &first.wait, r.out.group);
    cr_assert_eq(begin(1), KD_OK);
    client second = like(2);
    kd_group_commit_await(&c, &second.wait, r.out.group);
    sim_disk_apply(r.disk, writes);
    cr_assert_eq(kd_group_commit_end(&c, KD_OK), KD_OK);
    cr_assert_eq(begin(2), KD_OK);
    cr_expect_eq(first.calls, 0);
    cr_expect_eq(kd_group_commit_answer(&c), 1);
    cr_expect_eq(first.status, KD_OK);
    cr_expect_eq(second.calls, 0, "its group is being synced");
    cr_expect_eq(kd_group_commit_answer(&c), 0);
    cr_expect_eq(end(KD_OK), KD_OK);
    cr_expect_eq(second.status, KD_OK);
}

Test(group_commit, answers_that_are_due_when_a_write_fails_do_not_say_ok)
{
    client first = like(1), second;
    kd_group_commit_await(&c, &first.wait, r.out.group);
    cr_assert_eq(begin(1), KD_OK);
    second = like(2);
    kd_group_commit_await(&c, &second.wait, r.out.group);
    sim_disk_apply(r.disk, writes);
    cr_assert_eq(kd_group_commit_end(&c, KD_OK), KD_OK);
    cr_assert_eq(begin(2), KD_OK);
    cr_expect_eq(kd_group_commit_end(&c, KD_EIO), KD_EIO);
    cr_expect_eq(kd_group_commit_answer(&c), 0);
    cr_expect_eq(first.status, KD_EIO);
    cr_expect_eq(second.status, KD_EIO);
}

Test(group_commit, a_retry_that_names_an_earlier_group_is_answered_with_the_last_one)
{
    client first = like(1), retry = first;
    uint64_t group = r.out.group;
    cr_assert_eq(begin(1), KD_OK);
    client second = like(2);
    kd_group_commit_await(&c, &second.wait, r.out.group);
    kd_group_commit_await(&c, &retry.wait, group);
    cr_expect_eq(end(KD_OK), KD_OK);
    cr_expect_eq(retry.calls, 0);
    cr_assert_eq(begin(2), KD_OK);
    cr_expect_eq(end(KD_OK), KD_OK);
    cr_expect_eq(retry.status, KD_OK);
}

Test(group_commit, after_a_failed_write_nobody_is_told_that_it_is_kept)
{
    client first = like(1);
    kd_group_commit_await(&c, &first.wait, r.out.group);
    cr_assert_eq(begin(1), KD_OK);
    client second = like(2);
    kd_group_commit_await(&c, &second.wait, r.out.group);
    cr_expect_eq(end(KD_EIO), KD_EIO);
    cr_expect_eq(first.status, KD_EIO);
    cr_expect_eq(second.status, KD_EIO, "no later group can become durable");
    cr_expect_eq(begin(2), KD_ENOTFOUND);
    cr_expect_eq(kd_group_commit_admits(&c, 2), KD_EIO);
    cr_expect_eq(kd_group_commit_next_us(&c), UINT64_MAX);
}

Test(group_commit, behind_a_slow_sync_operations_are_refused_and_at_last_answered_with_unknown)
{
    client who = like(1);
    kd_group_commit_await(&c, &who.wait, r.out.group);
    cr_assert_eq(begin(1000), KD_OK);
    cr_expect_eq(kd_group_commit_look(&c, 1000), KD_SYNC_IN_TIME);
    uint64_t slow_us = kd_group_commit_next_us(&c);
    cr_expect_eq(slow_us, 1000ull + KD_COMMIT_SHED_US);
    cr_expect_eq(kd_group_commit_admits(&c, slow_us - 1), KD_OK);
    cr_expect_eq(kd_group_commit_admits(&c, slow_us), KD_EOVERLOADED);
    cr_expect_eq(kd_group_commit_look(&c, slow_us), KD_SYNC_SLOW);
    cr_expect_eq(kd_group_commit_look(&c, slow_us + 1), KD_SYNC_IN_TIME, "told once");
    uint64_t expired_us = kd_group_commit_next_us(&c);
    cr_expect_eq(expired_us, 1000ull + KD_COMMIT_PATIENCE_US);
    cr_expect_eq(kd_group_commit_look(&c, expired_us - 1), KD_SYNC_IN_TIME);
    cr_expect_eq(kd_group_commit_look(&c, expired_us), KD_SYNC_EXPIRED);
    cr_expect_eq(who.status, KD_ETIMEOUT);
    cr_expect_eq(kd_group_commit_next_us(&c), UINT64_MAX, "nobody waits any more");
    cr_expect_eq(end(KD_OK), KD_OK, "it was a slow disk, not a broken one");
    cr_expect_eq(who.calls, 1);
    cr_expect_eq(kd_group_commit_admits(&c, expired_us), KD_OK);
}

/* Found by reading: a sync that ended after the store was given up let operations in again, and their answers never left. */
Test(group_commit, a_store_that_was_given_up_stays_given_up)
{
    client who = like(1);
    kd_group_commit_await(&c, &who.wait, r.out.group);
    cr_assert_eq(begin(1), KD_OK);
    char long_name[64];
    for (uint32_t user = 0; kd_edge_gathered_bytes(r.e) <= KD_COMMIT_GATHERED_MAX; user++) {
        snprintf(long_name, sizeof(long_name), "%060u", user);
        kd_request rq = er_request(1, 0);
        rq.user = kd_bytes_str(long_name);
        cr_assert_eq(er_take(&r, &rq), KD_OK);
    }
    cr_expect_eq(kd_group_commit_look(&c, 1 + KD_COMMIT_SHED_US), KD_SYNC_HOPELESS);
    cr_expect_eq(who.status, KD_EIO);
    cr_expect_eq(end(KD_OK), KD_EIO);
    cr_expect_eq(kd_group_commit_admits(&c, 2 * KD_COMMIT_SHED_US), KD_EIO);
    cr_expect_eq(kd_group_commit_look(&c, 3 * KD_COMMIT_SHED_US), KD_SYNC_IN_TIME, "told once");
}
