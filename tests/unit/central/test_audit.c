/* An audit finds what is wrong in a store and nothing else; what it mends is right, and the edges hear of it. That it is never
 * wrong itself, with commits under way, is in test_central_random.c. */
#include <criterion/criterion.h>

#include "central/core/audit_state.h"
#include "central/core/state.h"
#include "tests/lib/central_rig.h"

enum { LIKE = 0, VIEW = 2 };
static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2;

static rig r;
static rig_edge a, b;
static kd_audit_result result;
static kd_audit_mismatch found[64];
static char regions[64][KD_NAME_MAX + 1];
static uint32_t found_count;

static void set_up(void)
{
    rig_init(&r);
    a = (rig_edge){.name = "edge-a", .region = "eu"};
    b = (rig_edge){.name = "edge-b", .region = "us"};
}

static void tear_down(void)
{
    rig_finish(&r);
}

TestSuite(audit, .init = set_up, .fini = tear_down);

static void note(void *arg, const kd_audit_mismatch *m)
{
    (void)arg;
    cr_assert_lt(found_count, KD_COUNT(found));
    memcpy(regions[found_count], m->region.data ? (const char *)m->region.data : "", m->region.len);
    regions[found_count][m->region.len] = '\0';
    found[found_count++] = *m;
}

static int run(kd_counts_copy *shown, kd_writes *mend)
{
    kd_store store = sim_disk_view(r.disk);
    const kd_audit_config config = {.counters = &r.counters, .shown = shown, .mismatch = note, .mend = mend};
    found_count = 0;
    return kd_audit_run(&store, &config, &result);
}

static uint64_t mismatches(void)
{
    cr_assert_eq(run(NULL, NULL), KD_OK, "%s", result.broken);
    return result.mismatches;
}

static rig_op like(uint32_t item, uint32_t user, uint64_t time_us)
{
    return (rig_op){item, user, time_us, RIG_LIKE, true};
}

/* Two likes of item 1 in two regions and days, one of item 2 and 7 views, one like taken back. */
static void fill(uint64_t redo_bytes_max)
{
    rig_op ops[] = {like(1, 1, noon), like(2, 1, noon + 1), like(3, 9, noon + 2)};
    kd_sum views[] = {{rig_item(2), 7, 20000, RIG_VIEW}};
    kd_buf record = {0};
    r.config.redo_bytes_max = redo_bytes_max;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_seal(&a, ops, 3, views, 1, noon + 2, &record);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_MERGED);
    rig_commit(&r);
    cr_assert_eq(rig_one(&r, &b, like(1, 2, noon + RIG_DAY)), KD_FED_MERGED);
    rig_commit(&r);
    cr_assert_eq(rig_one(&r, &b, (rig_op){3, 9, noon + RIG_DAY, RIG_LIKE, false}), KD_FED_MERGED);
    rig_commit(&r);
    kd_buf_finish(&record);
}

/* The row of an item, with an amount put on one of its parts. */
static void plant(uint32_t item, uint64_t where, uint64_t amount)
{
    kd_buf key = {0}, value = {0};
    kd_parts parts = {0};
    uint64_t accurate = 0;
    kd_bytes name = kd_key_named(&key, KD_ROW_COUNTS, rig_item(item));
    if (r.store.get(r.store.ctx, name, &value) == KD_OK)
        cr_assert_eq(kd_parts_read_row(&parts, kd_buf_view(&value), &accurate), KD_OK);
    kd_parts_add(&parts, where, amount);
    kd_buf_clear(&value);
    kd_parts_put_row(&parts, accurate, &value);
    sim_disk_put(r.disk, name, kd_buf_view(&value));
    kd_buf_finish(&key);
    kd_buf_finish(&value);
    kd_parts_finish(&parts);
}

static const uint64_t total = (uint64_t)RIG_LIKE << 40;

Test(audit, counts_what_there_is)
{
    cr_assert_eq(mismatches(), 0u);
    cr_assert_eq(result.items, 0u);
    fill(1 << 20); /* counts are in the redo rows alone */
    cr_assert_eq(mismatches(), 0u);
    cr_assert_eq(result.items, 2u, "the one that was taken back counts 0");
    cr_assert_eq(result.members, 3u);
    cr_assert_eq(result.partitions, 1u);
}

Test(audit, counts_rows_as_well_as_redo)
{
    fill(0); /* counts are written back at once */
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(rig_one(&r, &a, like(8, 1, noon + 9)), KD_FED_MERGED);
        rig_commit(&r);
    }
    cr_assert_eq(mismatches(), 0u);
    cr_assert_eq(result.items, 3u);
    cr_assert_eq(result.members, 4u);
}

Test(audit, finds_each_part_that_is_wrong)
{
    fill(1 << 20);
    plant(1, total, 1);
    cr_assert_eq(mismatches(), 1u);
    cr_assert_eq(found[0].part, KD_AUDIT_TOTAL);
    cr_assert_eq(found[0].stored, 3);
    cr_assert_eq(found[0].recomputed, 2);
    plant(1, kd_part_where(RIG_LIKE, KD_PART_REGION, 1), (uint64_t)-1);
    plant(1, kd_part_where(RIG_LIKE, KD_PART_DAY, 20000), 4);
    cr_assert_eq(mismatches(), 3u);
    cr_assert_str_eq(regions[1], "us");
    cr_assert_eq(found[1].stored, 0);
    cr_assert_eq(found[2].part, KD_AUDIT_DAY);
    cr_assert_eq(found[2].day, 20000u);
    cr_assert_eq(found[2].stored, 5);
}

Test(audit, finds_counts_of_nobody_and_members_without_a_count)
{
    fill(1 << 20);
    plant(77, total, 2);
    kd_buf key = {0}, value = {0};
    kd_member_key_put(&key, RIG_LIKE, rig_item(78), rig_user(1));
    kd_stored_row_encode(&(kd_stored_row){.time_us = noon, .liked = true}, &value);
    sim_disk_put(r.disk, kd_buf_view(&key), kd_buf_view(&value));
    cr_assert_eq(mismatches(), 4u, "one of item 77, three of item 78");
    kd_buf_finish(&key);
    kd_buf_finish(&value);
}

Test(audit, asks_of_a_sum_that_its_parts_add_up)
{
    fill(1 << 20);
    plant(2, (uint64_t)RIG_VIEW << 40, 1);
    cr_assert_eq(mismatches(), 2u, "against its regions and against its days");
    cr_assert_eq(result.sums_wrong, 2u);
    cr_assert_eq(found[0].kind, KD_AUDIT_SUM);
    cr_assert_eq(found[0].stored, 8);
    cr_assert_eq(found[0].recomputed, 7);
}

Test(audit, finds_memory_that_differs_from_the_store)
{
    fill(1 << 20);
    kd_counts_copy *copy = kd_central_counts_copy(r.c, UINT32_MAX);
    kd_count_entry *e = NULL;
    cr_assert_eq(run(copy, NULL), KD_OK);
    cr_assert_eq(result.mismatches, 0u);
    kd_counts_copy_destroy(copy);
    cr_assert_eq(kd_counts_acquire(&r.c->counts, rig_item(1), false, &e), KD_OK);
    e->parts[0].value = 40;
    kd_counts_release(&r.c->counts, e);
    copy = kd_central_counts_copy(r.c, UINT32_MAX);
    cr_assert_eq(run(copy, NULL), KD_OK);
    cr_assert_eq(result.mismatches, 1u);
    cr_assert_eq(found[0].kind, KD_AUDIT_SHOWN);
    cr_assert_eq(found[0].stored, 40);
    kd_counts_copy_destroy(copy);
}

Test(audit, names_rows_that_do_not_decode)
{
    fill(1 << 20);
    sim_disk_put(r.disk, kd_bytes_str("m\001\377"), kd_bytes_str("x"));
    cr_assert_eq(run(NULL, NULL), KD_EMALFORMED);
    cr_assert_neq(strstr(result.broken, "member"), NULL);
    sim_disk_delete(r.disk, kd_bytes_str("m\001\377"));
    sim_disk_put(r.disk, kd_bytes_str("m\177\005"), kd_bytes_str("x"));
    cr_assert_eq(run(NULL, NULL), KD_EMALFORMED, "counter 127");
    sim_disk_delete(r.disk, kd_bytes_str("m\177\005"));
    sim_disk_fail_after(r.disk, 3);
    cr_assert_eq(run(NULL, NULL), KD_EIO);
}

static bool give_up(void *arg, uint64_t rows)
{
    (void)rows;
    ++*(uint32_t *)arg;
    return false;
}

Test(audit, can_be_ended)
{
    uint32_t asked = 0;
    kd_buf key = {0}, value = {0};
    fill(1 << 20);
    kd_stored_row_encode(&(kd_stored_row){.time_us = noon, .liked = true}, &value);
    for (uint32_t i = 0; i < 5000; i++) {
        kd_buf_clear(&key);
        kd_member_key_put(&key, RIG_LIKE, rig_item(5), rig_user(i));
        sim_disk_put(r.disk, kd_buf_view(&key), kd_buf_view(&value));
    }
    kd_store store = sim_disk_view(r.disk);
    const kd_audit_config config = {.counters = &r.counters, .progress = give_up, .arg = &asked};
    cr_assert_eq(kd_audit_run(&store, &config, &result), KD_EAGAIN);
    cr_assert_eq(asked, 1u);
    kd_buf_finish(&key);
    kd_buf_finish(&value);
}

/* Mends, and opens what was mended. */
static void mend(void)
{
    kd_writes writes = {0};
    cr_assert_eq(run(NULL, &writes), KD_OK);
    sim_disk_apply(r.disk, &writes);
    kd_writes_finish(&writes);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
}

Test(audit, mends_counts_and_leaves_sums)
{
    uint64_t redo[] = {0, 1 << 20};
    for (int i = 0; i < 2; i++) {
        tear_down();
        set_up();
        fill(redo[i]);
        plant(1, total, 1);
        plant(77, total, 2);
        mend();
        cr_assert_eq(result.items_mended, 2u);
        cr_assert_eq(mismatches(), 0u);
        cr_assert_eq(rig_total(&r, 1, LIKE), 2u);
        cr_assert_eq(rig_total(&r, 77, LIKE), 0u);
        cr_assert_eq(rig_total(&r, 2, VIEW), 7u);
        cr_assert_eq(rig_one(&r, &a, like(1, 3, noon + 9)), KD_FED_MERGED);
        rig_commit(&r);
        cr_assert_eq(rig_total(&r, 1, LIKE), 3u);
        cr_assert_eq(mismatches(), 0u);
    }
}

Test(audit, tells_the_edges_what_it_mended)
{
    rig_snapshot s;
    fill(1 << 20);
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_OK);
    rig_snapshot_finish(&s);
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_OK); /* the one before is published by that */
    uint64_t version = s.parts[0].version;
    rig_snapshot_finish(&s);
    rig_one(&r, &a, like(4, 1, noon + 9));
    rig_commit(&r);
    plant(1, total, 1);
    mend();
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_OK);
    const kd_snapshot *p = &s.parts[0];
    cr_assert_leq(p->previous, version, "an edge that was up to date installs it");
    bool named = false;
    for (uint32_t i = 0; i < p->item_count; i++)
        if (kd_bytes_eq(p->items[i].item, rig_item(1))) named = p->items[i].at[0].value == 2;
    cr_assert(named);
    rig_snapshot_finish(&s);
    kd_buf record = {0};
    uint64_t of;
    while (kd_central_changes_next(r.c, &record, &of) == KD_OK) {
        kd_changes changes;
        cr_assert_eq(kd_changes_decode(kd_buf_view(&record), &changes), KD_OK);
        for (uint32_t i = 0; i < changes.change_count; i++)
            cr_assert(!kd_bytes_eq(changes.changes[i].user, kd_bytes_str("-")), "nobody's change");
        kd_changes_finish(&changes);
    }
    kd_buf_finish(&record);
}

Test(audit, nothing_wrong_mends_nothing)
{
    kd_writes writes = {0};
    fill(1 << 20);
    cr_assert_eq(run(NULL, &writes), KD_OK);
    cr_assert(kd_writes_empty(&writes));
    plant(2, (uint64_t)RIG_VIEW << 40, 1);
    cr_assert_eq(run(NULL, &writes), KD_OK);
    cr_assert(kd_writes_empty(&writes), "a sum cannot be mended");
    kd_writes_finish(&writes);
}
