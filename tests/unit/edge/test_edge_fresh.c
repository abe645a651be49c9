/* Rows that are in the journal before they are in the store (rule 4): the table that holds them, and when what goes where. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "edge/core/fragment.h"
#include "edge/core/fresh.h"
#include "edge/core/keys.h"
#include "tests/lib/edge_rig.h"

/* ---- the table ---- */

enum { MANY = 3 * KD_FRESH_RUN + 77 };

static kd_bytes key_of(uint32_t i, char *text)
{
    return kd_bytes_of(text, (size_t)sprintf(text, "same.%06u.for all", i));
}

static void put(kd_fresh *f, uint32_t i, uint64_t stamp_us)
{
    char text[32];
    kd_bytes key = key_of(i, text);
    kd_fresh_put(f, key, kd_hash(key),
                 &(kd_fresh_row){.known = true, .liked = i % 3 == 0, .stamp_us = stamp_us});
}

static uint64_t found(const kd_fresh *f, uint32_t i)
{
    char text[32];
    kd_bytes key = key_of(i, text);
    kd_fresh_row row;
    if (!kd_fresh_find(f, key, kd_hash(key), &row)) return 0;
    cr_assert_eq(row.liked, i % 3 == 0);
    return row.stamp_us;
}

Test(edge_fresh, the_last_word_is_found_and_a_walk_goes_by_key)
{
    kd_fresh f = {0};
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < MANY; i++) {
            put(&f, i * 7919 % MANY, 1);
            if (i % 50 == 0) kd_fresh_sort(&f, false);
        }
        for (uint32_t i = 0; i < MANY; i += 2) put(&f, i, i + 2);
        cr_assert_eq(f.count, MANY);
        for (uint32_t i = 0; i < MANY; i++) cr_assert_eq(found(&f, i), i % 2 ? 1 : i + 2);
        cr_assert_eq(found(&f, MANY), 0);
        kd_fresh_sort(&f, true);
        kd_fresh_walk walk;
        kd_bytes key, value;
        kd_fresh_row row;
        char text[32];
        kd_fresh_walk_begin(&walk, &f);
        for (uint32_t i = 0; i < MANY; i++) {
            cr_assert(kd_fresh_walk_next(&walk, &key, &value));
            cr_assert(kd_bytes_eq(key, key_of(i, text)), "in the order of keys");
            cr_assert_eq(kd_fresh_row_parse(value, &row), KD_OK);
            cr_assert_eq(row.stamp_us, i % 2 ? 1 : i + 2);
        }
        cr_assert_not(kd_fresh_walk_next(&walk, &key, &value));
        kd_fresh_walk_finish(&walk);
        kd_fresh_clear(&f, MANY - (uint32_t)round); /* keeps its memory, then not */
        cr_assert_eq(found(&f, 1), 0);
        cr_assert_eq(f.ref_cap == 0, round == 1);
    }
    kd_fresh_finish(&f);
}

/* ---- when what goes where ---- */

enum { ROWS = 100 };

static void begin(edge_rig *r)
{
    er_init(r);
    r->config.fresh_rows_max = ROWS;
    r->config.items_max = 100000;
    cr_assert_eq(er_open(r), KD_OK);
    er_commit(r);
}

static void likes(edge_rig *r, uint32_t first_user, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) cr_assert_eq(er_like(r, 1, first_user + i), KD_OK);
}

/* One group: er_commit writes groups until no row is left for one. */
static void commit_once(edge_rig *r)
{
    const kd_writes *writes;
    uint64_t group;
    cr_assert_eq(kd_edge_commit_begin(r->e, r->now_us, &writes, &group), KD_OK);
    sim_disk_apply(r->disk, writes);
    cr_assert_eq(kd_edge_commit_end(r->e, group, KD_OK), KD_OK);
}

/* And three people like the item. */
static void applied(edge_rig *r, uint64_t version)
{
    er_word w = {.epoch = 5,
                 .version = version,
                 .previous = version - 1,
                 .applied = r->batch.at,
                 .digest = r->batch.digest,
                 .item = 1,
                 .items = 1,
                 .likes = 3,
                 .watermark_us = r->batch.complete_to_us};
    cr_assert_geq(er_snapshot(r, &w), KD_INSTALLED);
}

static void all_members(edge_rig *r, uint32_t count)
{
    for (uint32_t user = 0; user < count; user++)
        cr_assert_eq(kd_edge_member(r->e, ER_LIKE, rig_item(1), rig_user(user)), 1, "user %u", user);
    cr_assert_eq(kd_edge_member(r->e, ER_LIKE, rig_item(1), rig_user(count)), KD_ENOTFOUND);
}

Test(edge_fresh, rows_are_known_wherever_they_are_and_after_a_crash)
{
    edge_rig r;
    begin(&r);
    for (uint32_t taken = 0; taken < 10 * ROWS; taken += 10) {
        all_members(&r, taken);
        likes(&r, taken, 10);
        all_members(&r, taken + 10);
        const kd_writes *writes;
        uint64_t group;
        cr_assert_eq(kd_edge_commit_begin(r.e, r.now_us, &writes, &group), KD_OK);
        cr_assert_leq(writes->count, 10 * 10, "no group is much larger than its operations make it");
        all_members(&r, taken + 10);
        sim_disk_apply(r.disk, writes);
        cr_assert_eq(kd_edge_commit_end(r.e, group, KD_OK), KD_OK);
        cr_assert_leq(er_stats(&r).fresh_rows, 2 * ROWS + 20);
        if (taken < ROWS) cr_assert_eq(er_rows(&r, 'm'), 0);
        if (taken % 300 == 0) cr_assert_eq(er_open(&r), KD_OK);
    }
    cr_assert_geq(er_rows(&r, 'm'), 8 * ROWS);
    all_members(&r, 10 * ROWS);
    cr_assert_eq(er_shown(&r, 1, NULL), 10 * ROWS);
    er_finish(&r);
}

/* Found by a trace: each table was just above the bound when it was frozen, and went in half of the groups, with twice the rows. */
Test(edge_fresh, rows_are_spread_over_the_groups_that_follow)
{
    enum { GROUP = 100, EACH = GROUP + GROUP / 8 + 16, TABLE = 1000 };
    edge_rig r;
    er_init(&r);
    r.config.fresh_rows_max = TABLE;
    cr_assert_eq(er_open(&r), KD_OK);
    er_commit(&r);
    for (uint32_t taken = 0, stored = 0; taken < 10 * TABLE; taken += GROUP) {
        likes(&r, taken, GROUP);
        commit_once(&r);
        uint32_t rows = er_rows(&r, 'm');
        cr_assert_leq(rows, stored + EACH, "after %u operations", taken + GROUP);
        cr_assert_leq(er_stats(&r).fresh_rows, 2 * TABLE + 2 * GROUP);
        stored = rows;
    }
    er_finish(&r);
}

Test(edge_fresh, a_large_group_leaves_rows_to_those_that_follow)
{
    enum { LARGE = 800, SMALL = 20, TABLE = 10000 };
    edge_rig r;
    er_init(&r);
    r.config.fresh_rows_max = TABLE;
    cr_assert_eq(er_open(&r), KD_OK);
    er_commit(&r);
    for (uint32_t taken = 0, stored = 0; taken < 5 * TABLE; taken += LARGE + SMALL) {
        for (uint32_t i = 0; i < 2; i++) {
            likes(&r, taken + i * LARGE, i ? SMALL : LARGE);
            commit_once(&r);
            uint32_t rows = er_rows(&r, 'm');
            cr_assert_leq(rows, stored + LARGE * 4 / 5, "after %u operations", taken);
            cr_assert_leq(er_stats(&r).fresh_rows, 2 * TABLE + 2 * LARGE);
            stored = rows;
        }
    }
    er_finish(&r);
}

Test(edge_fresh, the_journal_of_an_applied_batch_stays_for_its_rows)
{
    edge_rig r;
    begin(&r);
    likes(&r, 0, 3);
    er_seal(&r);
    er_ship(&r);
    applied(&r, 1);
    er_commit(&r);
    for (int crash = 0; crash < 3; crash++) {
        cr_assert_eq(kd_edge_outbox_batches(r.e), 0);
        cr_assert_eq(kd_edge_outbox_bytes(r.e), 0);
        cr_assert_eq(er_rows(&r, 'm'), 0);
        cr_assert_eq(er_rows(&r, 'f'), 2, "a fragment and what was the seal");
        all_members(&r, 3);
        cr_assert_eq(er_send(&r), KD_ENOTFOUND, "but it is not sent again");
        cr_assert_eq(er_shown(&r, 1, NULL), 3, "nor shown on top of central's number");
        cr_assert_eq(er_open(&r), KD_OK);
        er_commit(&r);
    }
    likes(&r, 3, ROWS);
    er_commit(&r);
    cr_assert_eq(er_rows(&r, 'm'), 3 + ROWS);
    cr_assert_eq(er_rows(&r, 'f'), 1, "those of the batch that is open");
    all_members(&r, 3 + ROWS);
    er_finish(&r);
}

Test(edge_fresh, a_row_that_changes_all_the_time_does_not_keep_the_journal_for_ever)
{
    edge_rig r;
    begin(&r);
    for (uint32_t i = 1; i < 20 * ROWS; i++) {
        if (i % 3 == 0)
            er_view_add(&r, 1, 1);
        else
            likes(&r, 0, 1);
        er_seal(&r);
        er_ship(&r);
        applied(&r, i);
        er_commit(&r);
        cr_assert_leq(er_rows(&r, 'f'), 4 * ROWS, "after %u", i);
    }
    er_finish(&r);
}

Test(edge_fresh, views_beside_a_like_do_not_keep_the_journal_either)
{
    edge_rig r;
    begin(&r);
    for (uint32_t i = 1; i < 2 * ROWS; i++) {
        likes(&r, i, 1);
        for (int views = 0; views < 30; views++) {
            er_view_add(&r, 1, 1);
            er_commit(&r);
        }
        er_seal(&r);
        er_ship(&r);
        applied(&r, i);
        er_commit(&r);
        cr_assert_leq(er_rows(&r, 'f'), 15 * ROWS, "after %u", i);
    }
    er_finish(&r);
}

Test(edge_fresh, a_start_takes_the_newest_word_not_the_last_of_the_journal)
{
    edge_rig r;
    begin(&r);
    likes(&r, 0, 1);
    uint64_t first_us = r.out.stamp_us;
    cr_assert_eq(er_unlike(&r, 1, 0), KD_OK);
    likes(&r, 1, ROWS);
    er_commit(&r);
    cr_assert_eq(er_rows(&r, 'm'), 1 + ROWS, "all are in the store");
    er_seal(&r);
    /* The like, sent again behind it. */
    kd_buf key = {0}, fragment = {0};
    kd_key_fragment(&key, 0, (kd_position){kd_edge_incarnation(r.e), 1000}, 0);
    kd_fragment_put(&fragment, &(kd_entry_op){.verb = KD_LIKE,
                                              .counter_id = ER_LIKE_ID,
                                              .item = rig_item(1),
                                              .user = rig_user(0),
                                              .time_us = first_us});
    sim_disk_put(r.disk, kd_buf_view(&key), kd_buf_view(&fragment));
    for (uint32_t i = 0; i < 2; i++) {
        cr_assert_eq(er_open(&r), KD_OK);
        cr_assert_eq(kd_edge_member(r.e, ER_LIKE, rig_item(1), rig_user(0)), 0);
        likes(&r, 1000, 2 * ROWS);
        er_commit(&r); /* and writes it over nothing */
    }
    kd_buf_finish(&key);
    kd_buf_finish(&fragment);
    er_finish(&r);
}

Test(edge_fresh, what_a_restore_undid_is_sent_again_from_rows_that_are_not_in_the_store)
{
    for (int crash = 0; crash < 2; crash++) {
        edge_rig r;
        begin(&r);
        likes(&r, 0, 5);
        er_seal(&r);
        er_ship(&r);
        applied(&r, 9);
        er_commit(&r);
        cr_assert_eq(er_rows(&r, 'm'), 0);
        er_word undone = {.epoch = 6, .version = 5, .previous = 4, .chain = {{5, 4}}, .chain_count = 1};
        cr_assert_eq(er_snapshot(&r, &undone), KD_SNAPSHOT_UNDONE);
        cr_assert(kd_edge_commit_wanted(r.e));
        if (crash) {
            er_commit(&r);
            cr_assert_eq(er_open(&r), KD_OK);
        }
        for (int i = 0; i < 4; i++) {
            kd_edge_tick(r.e, r.now_us);
            er_commit(&r);
        }
        cr_assert_not(kd_edge_commit_wanted(r.e));
        er_seal(&r);
        er_ship(&r);
        cr_assert_eq(r.body.op_count, 5);
        er_finish(&r);
    }
}

Test(edge_fresh, without_a_table_a_row_rides_with_its_operation)
{
    edge_rig r;
    er_init(&r);
    for (uint32_t i = 1; i < 50; i++) {
        likes(&r, i, 1);
        er_commit(&r);
        cr_assert_eq(er_rows(&r, 'm'), i);
        cr_assert_eq(er_stats(&r).fresh_rows, 0);
    }
    er_finish(&r);
}

/* As a reader under overload: the disk is not asked, not even whether it is in order. */
Test(edge_fresh, from_memory_alone_a_row_is_told_or_unknown)
{
    edge_rig r;
    begin(&r);
    likes(&r, 0, 3 * ROWS);
    er_commit(&r);
    likes(&r, 3 * ROWS, 10);
    kd_liked_ground ground;
    uint32_t told = 0, stored = er_rows(&r, 'm');
    cr_assert_gt(stored, 0);
    sim_disk_unreadable(r.disk, true);
    for (uint32_t user = 0; user <= 3 * ROWS + 10; user++) {
        kd_liked_query q = {.counter = ER_LIKE, .item = rig_item(1), .user = rig_user(user), .memory = true};
        int liked = kd_edge_liked(r.e, &q, NULL, &ground);
        cr_assert(liked == 1 || liked == KD_ENOTFOUND, "user %u: %d", user, liked);
        told += liked == 1;
    }
    sim_disk_unreadable(r.disk, false);
    cr_expect_eq(told, er_stats(&r).fresh_rows);
    cr_expect_geq(told + stored, 3 * ROWS + 10);
    all_members(&r, 3 * ROWS + 10);
    er_finish(&r);
}
