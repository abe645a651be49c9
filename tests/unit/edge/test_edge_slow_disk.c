/* What an edge sends again or moves (rules 15, 20) gathers behind a slow disk only up to a bound. */
#include <criterion/criterion.h>

#include "tests/lib/edge_rig.h"

/* Many users, of whom central has heard nothing. */
static void many_likes(edge_rig *r, uint32_t users)
{
    er_init(r);
    er_word w = {.epoch = 5, .version = 9};
    for (uint32_t user = 0; user < users; user++) cr_assert_eq(er_like(r, 1, user), KD_OK);
    er_seal(r);
    cr_assert_eq(er_snapshot(r, &w), KD_SNAPSHOT_GAP);
}

/* A group of writes is under way for a thousand ticks. Returns how much gathers behind it meanwhile. */
static size_t behind_a_slow_disk(edge_rig *r)
{
    const kd_writes *writes;
    uint64_t group;
    er_commit(r);
    cr_assert_eq(er_like(r, 1, 1), KD_OK);
    cr_assert_eq(kd_edge_commit_begin(r->e, r->now_us, &writes, &group), KD_OK);
    for (int i = 0; i < 1000; i++) kd_edge_tick(r->e, r->now_us);
    size_t gathered = kd_edge_gathered_bytes(r->e);
    sim_disk_apply(r->disk, writes);
    cr_assert_eq(kd_edge_commit_end(r->e, group, KD_OK), KD_OK);
    for (int i = 0; i < 200; i++) er_settle(r);
    return gathered;
}

enum { MANY = 100000, A_STEP = 1 << 20 };

Test(edge_slow_disk, what_is_sent_again_waits_for_a_slow_disk)
{
    edge_rig r;
    many_likes(&r, MANY);
    er_word w = {.epoch = 6, .version = 5, .previous = 4, .chain = {{5, 4}}, .chain_count = 1};
    cr_assert_eq(er_snapshot(&r, &w), KD_SNAPSHOT_UNDONE);
    size_t gathered = behind_a_slow_disk(&r);
    cr_assert_geq(gathered, A_STEP, "%zu", gathered);
    cr_assert_lt(gathered, A_STEP + A_STEP / 4, "%zu", gathered);
    cr_assert_geq(er_stats(&r).resent_ops, MANY, "all the same");
    er_finish(&r);
}

Test(edge_slow_disk, what_moves_waits_for_a_slow_disk)
{
    edge_rig r;
    many_likes(&r, MANY);
    er_word w = {.epoch = 5, .version = 10, .previous = 9, .digest = 1};
    w.applied = (kd_position){kd_edge_incarnation(r.e) + 500, 1};
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    uint64_t incarnation = kd_edge_incarnation(r.e);
    size_t gathered = behind_a_slow_disk(&r);
    cr_assert_geq(gathered, A_STEP, "%zu", gathered);
    cr_assert_lt(gathered, A_STEP + A_STEP / 2, "%zu", gathered);
    er_ship(&r);
    cr_assert_eq(r.batch.at.incarnation, incarnation, "all the same");
    er_finish(&r);
}
