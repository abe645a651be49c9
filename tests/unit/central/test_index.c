/* The stages of the indices, and what an audit says of them. That their answers are right in every state in between is in test_central_random.c. */
#include <criterion/criterion.h>

#include "central/core/index.h"
#include "central/core/parts.h"
#include "kudos/audit.h"
#include "tests/lib/central_rig.h"

enum { LIKES = 7, STEP = 2, BOTH = 3 };
static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2;

static rig r;
static rig_edge a;
static kd_buf next;

static void set_up(void)
{
    rig_init(&r);
    r.config.index_rows = STEP;
    a = (rig_edge){.name = "edge-a", .region = "eu"};
}

static void tear_down(void)
{
    kd_buf_finish(&next);
    rig_finish(&r);
}

TestSuite(index, .init = set_up, .fini = tear_down);

static void reopen(uint32_t indices)
{
    r.config.indices = indices;
    cr_assert_eq(rig_reopen(&r), KD_OK);
}

static void like(uint32_t item, uint32_t user, uint64_t time_us, bool liked)
{
    cr_assert_eq(rig_one(&r, &a, (rig_op){item, user, time_us, RIG_LIKE, liked}), KD_FED_MERGED);
    rig_commit(&r);
}

static void like_all(void)
{
    for (uint32_t i = 0; i < LIKES; i++) like(1, i, noon + i, true);
}

static kd_index_stage stage(kd_index index)
{
    return kd_central_index(r.c, index).stage;
}

static int see_first(void *arg, const kd_member *m)
{
    char *first = arg;
    if (!*first) memcpy(first, m->user.data, m->user.len);
    return KD_OK;
}

static char first[8];
static int newest(void)
{
    memset(first, 0, sizeof first);
    return kd_central_newest(r.c, 0, rig_item(1), (kd_bytes){0}, LIKES, see_first, first, &next);
}

/* One commit; false: there was nothing to write. */
static bool commit_once(void)
{
    const kd_writes *w;
    uint64_t version;
    if (kd_central_commit_begin(r.c, &w, &version) != KD_OK) return false;
    sim_disk_apply(r.disk, w);
    cr_assert_eq(kd_central_commit_end(r.c, version, KD_OK), KD_OK);
    return true;
}

static uint32_t rows_of(uint8_t prefix)
{
    kd_buf value = {0};
    uint32_t rows = 0;
    for (uint32_t i = 0; i < LIKES; i++) {
        kd_buf key = {0};
        kd_member m = {.item = rig_item(1), .user = rig_user(i), .counter = RIG_LIKE, .time_us = noon + i};
        kd_index_key_put(&key, prefix == KD_ROW_NEWEST ? KD_INDEX_NEWEST : KD_INDEX_LIKED, &m);
        rows += r.store.get(r.store.ctx, kd_buf_view(&key), &value) == KD_OK;
        kd_buf_finish(&key);
    }
    kd_buf_finish(&value);
    return rows;
}

static bool has_state(uint8_t prefix)
{
    kd_buf value = {0};
    bool has = r.store.get(r.store.ctx, kd_bytes_of(&prefix, 1), &value) == KD_OK;
    kd_buf_finish(&value);
    return has;
}

Test(index, of_an_empty_store_is_complete_at_once)
{
    tear_down();
    rig_init(&r);
    sim_disk_wipe(r.disk);
    reopen(BOTH);
    rig_commit(&r);
    cr_expect_eq(stage(KD_INDEX_NEWEST), KD_INDEX_COMPLETE);
    cr_expect_eq(stage(KD_INDEX_LIKED), KD_INDEX_COMPLETE);
    cr_expect_not(kd_central_indexing(r.c));
}

Test(index, switched_off_writes_nothing_and_answers_nothing)
{
    like_all();
    cr_expect_eq(stage(KD_INDEX_NEWEST), KD_INDEX_OFF);
    cr_expect_eq(newest(), KD_EUNBUILT);
    cr_expect_eq(rows_of(KD_ROW_NEWEST) + rows_of(KD_ROW_LIKED), 0u);
    cr_expect_not(has_state(KD_ROW_NEWEST) || has_state(KD_ROW_LIKED));
}

Test(index, is_built_in_steps_and_answers_when_it_is_complete)
{
    like_all();
    reopen(KD_INDEX_BIT(KD_INDEX_NEWEST));
    uint32_t commits = 0;
    while (stage(KD_INDEX_NEWEST) != KD_INDEX_COMPLETE) {
        cr_assert_eq(newest(), KD_EUNBUILT);
        cr_assert(commit_once());
        cr_assert_leq(rows_of(KD_ROW_NEWEST), ++commits * STEP);
    }
    cr_expect_geq(commits, (uint32_t)LIKES / STEP);
    cr_expect_eq(kd_central_index(r.c, KD_INDEX_NEWEST).walked, (uint64_t)LIKES);
    cr_assert_eq(newest(), KD_OK);
    cr_expect_str_eq(first, "u6");
    cr_expect_not(has_state(KD_ROW_LIKED), "the other one is off");
    cr_expect_not(commit_once(), "a complete index keeps nobody busy");
}

Test(index, is_asked_only_when_the_commit_that_completes_it_is_durable)
{
    like_all();
    r.config.index_rows = 100;
    reopen(KD_INDEX_BIT(KD_INDEX_NEWEST));
    const kd_writes *w;
    uint64_t version;
    cr_assert_eq(kd_central_commit_begin(r.c, &w, &version), KD_OK);
    cr_expect_eq(newest(), KD_EUNBUILT);
    sim_disk_apply(r.disk, w);
    cr_assert_eq(kd_central_commit_end(r.c, version, KD_OK), KD_OK);
    cr_expect_eq(newest(), KD_OK);
}

Test(index, that_is_switched_off_goes_away_in_steps)
{
    like_all();
    reopen(BOTH);
    rig_commit(&r);
    reopen(KD_INDEX_BIT(KD_INDEX_LIKED));
    cr_expect_eq(newest(), KD_EUNBUILT);
    for (uint32_t left = LIKES; left > 0;) {
        cr_assert(commit_once());
        uint32_t now = rows_of(KD_ROW_NEWEST);
        cr_assert_leq(left - now, (uint32_t)STEP);
        cr_assert(now == 0 || has_state(KD_ROW_NEWEST));
        left = now;
    }
    rig_commit(&r);
    cr_expect_not(has_state(KD_ROW_NEWEST));
    cr_expect_eq(rows_of(KD_ROW_LIKED), (uint32_t)LIKES);
    cr_expect_eq(stage(KD_INDEX_LIKED), KD_INDEX_COMPLETE);
}

Test(index, that_was_left_behind_is_built_anew)
{
    like_all();
    reopen(BOTH);
    rig_commit(&r);
    /* A program that does not know the index merges an unlike: a newer version, and the entry stays. */
    uint8_t prefix = KD_ROW_NEWEST;
    kd_buf before = {0};
    cr_assert_eq(r.store.get(r.store.ctx, kd_bytes_of(&prefix, 1), &before), KD_OK);
    like(1, 6, noon + 100, false);
    sim_disk_put(r.disk, kd_bytes_of(&prefix, 1), kd_buf_view(&before));
    kd_buf_finish(&before);
    reopen(BOTH);
    cr_expect_eq(stage(KD_INDEX_NEWEST), KD_INDEX_REMOVING);
    cr_expect_eq(stage(KD_INDEX_LIKED), KD_INDEX_COMPLETE);
    rig_commit(&r);
    cr_assert_eq(newest(), KD_OK);
    cr_expect_str_eq(first, "u5");
}

Test(index, of_a_stopped_store_stays_in_step_and_as_far_as_it_is)
{
    like_all();
    reopen(BOTH);
    cr_assert(commit_once() && commit_once());
    reopen(KD_INDICES_AS_STORED); /* a command that merges */
    like(1, 6, noon + 100, false);
    cr_expect_eq(stage(KD_INDEX_NEWEST), KD_INDEX_BUILDING);
    cr_expect_not(kd_central_indexing(r.c));
    cr_expect_eq(kd_central_index(r.c, KD_INDEX_NEWEST).walked, 2u * STEP);
    reopen(BOTH);
    cr_expect_eq(kd_central_index(r.c, KD_INDEX_NEWEST).walked, 2u * STEP, "it goes on where it was");
    rig_commit(&r);
    cr_assert_eq(newest(), KD_OK);
    cr_expect_str_eq(first, "u5");
}

Test(index, with_a_damaged_state_does_not_open)
{
    uint8_t prefix = KD_ROW_LIKED;
    sim_disk_put(r.disk, kd_bytes_of(&prefix, 1), kd_bytes_str("?"));
    cr_expect_eq(rig_reopen(&r), KD_EMALFORMED);
    kd_buf value = {0}; /* a removal that would begin in front of all members */
    kd_index_row_put(&(kd_index_row){KD_INDEX_REMOVING, 1, 0, kd_bytes_str("b")}, &value);
    sim_disk_put(r.disk, kd_bytes_of(&prefix, 1), kd_buf_view(&value));
    cr_expect_eq(rig_reopen(&r), KD_EMALFORMED);
    kd_buf_finish(&value);
}

Test(index, that_cannot_be_read_is_no_empty_one)
{
    reopen(BOTH);
    rig_commit(&r);
    like_all();
    sim_disk_unreadable(r.disk, true);
    cr_expect_eq(newest(), KD_EIO);
    sim_disk_unreadable(r.disk, false);
    cr_expect_eq(newest(), KD_OK);
}

Test(index, newest_ends_a_page_where_it_is_told_to_and_goes_on_behind_it)
{
    reopen(BOTH);
    rig_commit(&r);
    like_all();
    kd_buf cursor = {0};
    memset(first, 0, sizeof first);
    cr_assert_eq(kd_central_newest(r.c, 0, rig_item(1), (kd_bytes){0}, 3, see_first, first, &next), KD_OK);
    kd_buf_put(&cursor, next.data, next.len);
    like(1, 100, noon + 100, true); /* a cursor stays good */
    like(1, 4, noon + 101, false);
    memset(first, 0, sizeof first);
    cr_assert_eq(kd_central_newest(r.c, 0, rig_item(1), kd_buf_view(&cursor), 4, see_first, first, &next),
                 KD_OK);
    cr_expect_str_eq(first, "u3");
    cr_expect_eq(next.len, 0u, "u0 is the last one");
    cr_expect_eq(
        kd_central_newest(r.c, KD_COUNTERS_MAX, rig_item(1), (kd_bytes){0}, 1, see_first, first, &next),
        KD_EINVAL);
    kd_buf_finish(&cursor);
}

/* ---- audits ---- */

static uint32_t found;
static int64_t stored;
static void note(void *arg, const kd_audit_mismatch *m)
{
    (void)arg;
    cr_assert_eq(m->kind, KD_AUDIT_ENTRY);
    cr_assert_str_eq(m->index, "newest");
    cr_assert(kd_bytes_eq(m->item, rig_item(1)));
    stored = m->stored;
    found++;
}

static uint32_t audit(kd_writes *mend)
{
    kd_store store = sim_disk_view(r.disk);
    const kd_audit_config config = {.counters = &r.counters, .mismatch = note, .mend = mend};
    kd_audit_result result;
    found = 0;
    cr_assert_eq(kd_audit_run(&store, &config, &result), KD_OK, "%s", result.broken);
    cr_assert_eq(result.mismatches, found);
    return found;
}

static void put_key(kd_buf *key, uint32_t user, uint64_t time_us)
{
    kd_member m = {.item = rig_item(1), .user = rig_user(user), .counter = RIG_LIKE, .time_us = time_us};
    kd_buf_clear(key);
    kd_index_key_put(key, KD_INDEX_NEWEST, &m);
}

Test(index, audit_finds_an_entry_that_is_missing_one_too_many_and_one_of_another_region)
{
    kd_buf key = {0};
    const uint8_t none = 0, region = 9;
    reopen(BOTH);
    rig_commit(&r);
    like_all();
    cr_expect_eq(audit(NULL), 0u);
    put_key(&key, 3, noon + 3);
    sim_disk_delete(r.disk, kd_buf_view(&key));
    cr_expect_eq(audit(NULL), 1u);
    cr_expect_eq(stored, 0);
    sim_disk_put(r.disk, kd_buf_view(&key), kd_bytes_of(&region, 1));
    cr_expect_eq(audit(NULL), 1u);
    sim_disk_put(r.disk, kd_buf_view(&key), kd_bytes_of(&none, 1));
    cr_expect_eq(audit(NULL), 0u);
    put_key(&key, 3, noon + 2);
    sim_disk_put(r.disk, kd_buf_view(&key), kd_bytes_of(&none, 1));
    cr_expect_eq(audit(NULL), 1u);
    cr_expect_eq(stored, 1);
    kd_buf_finish(&key);
}

Test(index, repair_of_a_count_leaves_the_indices_in_step)
{
    kd_writes mend = {0};
    kd_buf key = {0}, value = {0};
    kd_parts wrong = {0};
    reopen(BOTH);
    rig_commit(&r);
    like_all();
    kd_parts_count(&wrong, RIG_LIKE, 0, 20000, LIKES - 1);
    kd_parts_put_row(&wrong, kd_central_version(r.c), &value);
    sim_disk_put(r.disk, kd_key_named(&key, KD_ROW_COUNTS, rig_item(1)), kd_buf_view(&value));
    kd_store store = sim_disk_view(r.disk);
    const kd_audit_config config = {.counters = &r.counters, .mend = &mend};
    kd_audit_result result;
    cr_assert_eq(kd_audit_run(&store, &config, &result), KD_OK);
    cr_assert_eq(result.items_mended, 1u);
    sim_disk_apply(r.disk, &mend);
    reopen(BOTH);
    cr_expect_eq(stage(KD_INDEX_NEWEST), KD_INDEX_COMPLETE);
    cr_expect_eq(stage(KD_INDEX_LIKED), KD_INDEX_COMPLETE);
    kd_parts_finish(&wrong);
    kd_writes_finish(&mend);
    kd_buf_finish(&key);
    kd_buf_finish(&value);
}

Test(index, repair_has_a_wrong_one_built_anew)
{
    kd_buf key = {0};
    kd_writes mend = {0};
    reopen(BOTH);
    rig_commit(&r);
    like_all();
    put_key(&key, 6, noon + 6);
    sim_disk_delete(r.disk, kd_buf_view(&key));
    cr_expect_eq(audit(&mend), 1u);
    sim_disk_apply(r.disk, &mend);
    reopen(BOTH);
    cr_expect_eq(stage(KD_INDEX_NEWEST), KD_INDEX_REMOVING);
    cr_expect_eq(stage(KD_INDEX_LIKED), KD_INDEX_COMPLETE);
    rig_commit(&r);
    cr_expect_eq(audit(NULL), 0u);
    cr_assert_eq(newest(), KD_OK);
    cr_expect_str_eq(first, "u6");
    kd_writes_finish(&mend);
    kd_buf_finish(&key);
}
