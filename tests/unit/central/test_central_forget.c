/* What central forgets, and lets the edges forget: tombstones below the floor, backups, edges that are gone (rules 21, 22). */
#include <criterion/criterion.h>

#include "kudos/forget.h"
#include "tests/lib/central_rig.h"

enum { LIKE = 0 };
static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2, second = 1000000, margin = 1000000; /* 2 D */

static rig r;
static rig_edge a, b;
static uint64_t version;

static void reopen(void)
{
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
}

static void set_up(void)
{
    rig_init(&r);
    r.config.tombstone_ttl_us = 1;
    r.now_us = noon + 3600 * second;
    reopen();
    a = (rig_edge){.name = "edge-a", .region = "eu"};
    b = (rig_edge){.name = "edge-b", .region = "us"};
}

static void tear_down(void)
{
    rig_finish(&r);
}

TestSuite(central_forget, .init = set_up, .fini = tear_down);

/* An empty batch of the edge, which says that all that it took up to then has been sent. */
static kd_fed tell(rig_edge *e, uint64_t complete_to_us)
{
    kd_buf record = {0};
    rig_seal(e, NULL, 0, NULL, 0, complete_to_us, &record);
    kd_fed fed = rig_feed(&r, kd_buf_view(&record));
    rig_commit(&r);
    kd_buf_finish(&record);
    return fed;
}

static kd_fed operate(rig_edge *e, uint32_t user, uint64_t time_us, bool liked)
{
    kd_fed fed = rig_one(&r, e, (rig_op){1, user, time_us, RIG_LIKE, liked});
    rig_commit(&r);
    return fed;
}

/* The floor is proposed a second after the last one, and read back. */
static void raise_floor(void)
{
    r.now_us += second;
    rig_hand(&r);
    rig_commit(&r);
}

/* Sweeps go with commits. */
static void sweep(uint64_t complete_to_us)
{
    tell(&a, complete_to_us);
    tell(&b, complete_to_us);
    raise_floor();
    for (int i = 0; i < 2; i++) {
        tell(&a, complete_to_us);
        tell(&b, complete_to_us);
    }
}

static int count_row(void *arg, kd_bytes key, kd_bytes value)
{
    (void)key;
    (void)value;
    ++*(uint32_t *)arg;
    return 0;
}

static uint32_t members(void)
{
    uint32_t rows = 0;
    kd_store store = sim_disk_view(r.disk);
    cr_assert_eq(store.scan(store.ctx, kd_bytes_str("m"), kd_bytes_str("n"), count_row, &rows), KD_OK);
    return rows;
}

static kd_central_forgetting forgetting(void)
{
    kd_central_forgetting f;
    kd_central_get_forgetting(r.c, &f);
    return f;
}

static void cr_held(kd_held_by by, kd_bytes holder, kd_held_by want, const char *name)
{
    cr_assert_eq(by, want, "held by %s", kd_held_by_name(by));
    cr_assert(kd_bytes_eq(holder, kd_bytes_str(name)), "held by %.*s", (int)holder.len, holder.data);
}

/* ---- tombstones ---- */

Test(central_forget, tombstones_below_the_floor_go_and_likes_stay)
{
    operate(&a, 1, noon, true);
    operate(&a, 2, noon, true);
    operate(&b, 1, noon + second, false);
    cr_assert_eq(members(), 2u);
    sweep(noon + 10 * second);
    cr_assert_eq(members(), 1u, "the like stays");
    cr_assert_eq(rig_total(&r, 1, LIKE), 1u);
    cr_assert_eq(forgetting().floor_us, noon + 10 * second - margin);
    cr_assert_eq(forgetting().collected, 1u);
}

Test(central_forget, the_edge_that_lags_holds_the_floor)
{
    tell(&b, noon);
    operate(&a, 1, noon + second, false);
    tell(&a, noon + 60 * second);
    tell(&a, noon + 61 * second);
    raise_floor();
    cr_assert_eq(members(), 1u);
    cr_assert_eq(forgetting().floor_us, noon - margin);
    cr_held(forgetting().floor_held_by, forgetting().floor_holder, KD_HELD_BY_EDGE, "edge-b");
    sweep(noon + 62 * second);
    cr_assert_eq(members(), 0u);
}

Test(central_forget, an_edge_that_holds_its_complete_to_holds_the_floor)
{
    tell(&b, noon);
    operate(&a, 1, noon + 4 * second, false);
    tell(&a, noon + 6 * second);
    tell(&a, noon); /* it sends operations again and lowers complete_to meanwhile; its watermark stays */
    for (int i = 0; i < 3; i++) tell(&b, noon + 60 * second);
    cr_assert_eq(kd_central_as_of_us(r.c), noon + 6 * second - margin / 2);
    cr_assert_eq(members(), 1u);
    cr_held(forgetting().floor_held_by, forgetting().floor_holder, KD_HELD_BY_EDGE, "edge-a");
    sweep(noon + 61 * second);
    cr_assert_eq(members(), 0u);
}

Test(central_forget, no_tombstone_younger_than_the_setting_goes)
{
    r.config.tombstone_ttl_us = 1000 * second;
    reopen();
    operate(&a, 1, noon, false);
    r.now_us = noon + 998 * second;
    sweep(noon + 900 * second);
    cr_assert_eq(members(), 1u);
    r.now_us = noon + 1001 * second + 250 * second; /* sweeps come each quarter of the setting, 250 s */
    sweep(noon + 901 * second);
    cr_assert_eq(members(), 0u);
}

Test(central_forget, a_new_store_is_not_swept_for_what_it_cannot_have)
{
    sim_disk_wipe(r.disk);
    r.config.tombstone_ttl_us = 1000 * second;
    r.store = sim_disk_view(r.disk);
    kd_central_close(r.c);
    cr_assert_eq(kd_central_open(&r.config, &r.store, 9, noon, &r.c), KD_OK);
    r.now_us = noon + second;
    operate(&a, 1, noon, true);
    sweep(noon + second);
    cr_assert_eq(forgetting().floor_us, 0u);
    r.now_us = noon + 251 * second;
    sweep(noon + 250 * second);
    cr_assert_eq(forgetting().floor_us, r.now_us - 1000 * second);
}

Test(central_forget, nothing_goes_where_the_setting_is_nought)
{
    r.config.tombstone_ttl_us = 0;
    reopen();
    operate(&a, 1, noon, false);
    sweep(noon + 60 * second);
    cr_assert_eq(members(), 1u);
    cr_held(forgetting().floor_held_by, forgetting().floor_holder, KD_HELD_BY_SETTING, "");
}

Test(central_forget, an_expected_edge_that_was_never_heard_of_holds_everything)
{
    static const char *const expected[] = {"edge-a", "edge-z"};
    r.config.expected_edges = expected;
    r.config.expected_edge_count = 2;
    r.config.no_backups = true;
    reopen();
    operate(&a, 1, noon, false);
    sweep(noon + 60 * second);
    cr_assert_eq(members(), 1u);
    cr_held(forgetting().floor_held_by, forgetting().floor_holder, KD_HELD_BY_UNHEARD, "edge-z");
    cr_held(forgetting().stable_held_by, forgetting().stable_holder, KD_HELD_BY_UNHEARD, "edge-z");
    cr_assert_eq(forgetting().stable_us, 0u);
}

static void word_from_before_the_floor(uint64_t total, uint64_t ignored)
{
    operate(&a, 1, noon, true);
    operate(&b, 1, noon + second, false);
    sweep(noon + 60 * second);
    cr_assert_eq(members(), 0u);
    operate(&a, 1, noon, true); /* sent again in a new batch, with its stamp */
    cr_assert_eq(rig_total(&r, 1, LIKE), total);
    cr_assert_eq(forgetting().ignored, ignored);
}

Test(central_forget, a_word_merged_before_is_ignored_when_its_row_is_gone)
{
    word_from_before_the_floor(0, 1);
    reopen(); /* the floor is stored */
    operate(&a, 1, noon, true);
    cr_assert_eq(rig_total(&r, 1, LIKE), 0u);
    operate(&a, 1, noon + 60 * second, true); /* a new one counts */
    cr_assert_eq(rig_total(&r, 1, LIKE), 1u);
}

/* A readmitted edge brings an older operation. The row that it makes does not prove that the newer one, sent again, was never merged. */
Test(central_forget, nor_does_it_come_back_over_an_older_row_that_was_begun_anew)
{
    rig_edge late = {.name = "edge-c", .region = "asia"};
    word_from_before_the_floor(0, 1);
    operate(&late, 1, noon - second, false);
    operate(&a, 1, noon, true);
    cr_assert_eq(rig_total(&r, 1, LIKE), 0u);
    cr_assert_eq(forgetting().ignored, 2u);
    operate(&late, 1, noon - second / 2, true); /* a first like of that edge still counts */
    cr_assert_eq(rig_total(&r, 1, LIKE), 1u);
    operate(&b, 1, noon + second, false); /* and an unlike that is sent again ends it */
    cr_assert_eq(rig_total(&r, 1, LIKE), 0u);
}

Test(central_forget, planted_such_a_word_revives)
{
    r.config.plant = KD_PLANT_COLLECT_REVIVES;
    reopen();
    word_from_before_the_floor(1, 0);
}

static void first_word_of_a_new_edge(uint64_t total)
{
    rig_edge late = {.name = "edge-c", .region = "asia"};
    sweep(noon + 60 * second);
    operate(&late, 7, noon, true); /* cut off since its first start */
    cr_assert_eq(rig_total(&r, 1, LIKE), total);
    sweep(noon + 90 * second);
    cr_assert_eq(forgetting().floor_us, noon + 60 * second - margin, "it stands, and does not fall");
    cr_held(forgetting().floor_held_by, forgetting().floor_holder, KD_HELD_BY_EDGE, "edge-c");
}

Test(central_forget, what_a_new_edge_brings_from_below_the_floor_counts)
{
    first_word_of_a_new_edge(1);
}

Test(central_forget, planted_it_is_lost)
{
    r.config.plant = KD_PLANT_IGNORE_BY_FLOOR;
    reopen();
    first_word_of_a_new_edge(0);
}

/* An unlike that was merged before comes in one commit with the first word of an edge that nobody has heard of. */
static void word_beside_an_ignored_one(bool apart, uint64_t total)
{
    rig_edge late = {.name = "edge-c", .region = "asia"};
    sweep(noon + 60 * second);
    rig_one(&r, &a, (rig_op){1, 7, noon + second, RIG_LIKE, false});
    if (apart) rig_commit(&r);
    rig_one(&r, &late, (rig_op){1, 7, noon, RIG_LIKE, true});
    rig_commit(&r);
    cr_assert_eq(rig_total(&r, 1, LIKE), total);
}

Test(central_forget, an_ignored_word_takes_none_along_that_counts)
{
    word_beside_an_ignored_one(true, 1);
}

Test(central_forget, nor_does_it_within_one_commit)
{
    word_beside_an_ignored_one(false, 1);
}

Test(central_forget, planted_within_one_commit_it_does)
{
    r.config.plant = KD_PLANT_FOLD_LARGEST;
    reopen();
    word_beside_an_ignored_one(false, 0);
}

/* Put back to an older copy of its disk, with a clock as far behind as it was ahead: it stamps below what its earlier life had called complete. */
Test(central_forget, what_lies_within_the_margin_of_the_own_watermark_counts)
{
    tell(&b, noon + second);
    cr_assert_eq(rig_decide(&r, KD_DECIDED_RETIRE, kd_bytes_str("edge-b"), NULL), KD_OK);
    tell(&a, noon + 60 * second);
    raise_floor();
    cr_assert_eq(forgetting().floor_us, noon + 60 * second - margin, "it went on without it");
    cr_assert_eq(rig_decide(&r, KD_DECIDED_READMIT, kd_bytes_str("edge-b"), NULL), KD_OK);
    rig_commit(&r);
    operate(&b, 1, noon + second - margin, true);
    cr_assert_eq(rig_total(&r, 1, LIKE), 1u, "it need not have been merged before");
    cr_assert_eq(forgetting().ignored, 0u);
    operate(&b, 2, noon + second - margin - 1, true);
    cr_assert_eq(rig_total(&r, 1, LIKE), 1u);
    cr_assert_eq(forgetting().ignored, 1u);
}

Test(central_forget, a_row_that_an_outstanding_commit_writes_is_left_alone)
{
    const kd_writes *first, *second_writes;
    uint64_t one, two;
    operate(&a, 1, noon, false);
    tell(&b, noon + 60 * second);
    cr_assert_eq(rig_one(&r, &a, (rig_op){1, 1, noon + 60 * second, RIG_LIKE, true}), KD_FED_MERGED);
    cr_assert_eq(kd_central_commit_begin(r.c, &first, &one), KD_OK, "a moment at which nothing can be swept");
    sim_disk_apply(r.disk, first);
    cr_assert_eq(kd_central_commit_end(r.c, one, KD_OK), KD_OK);
    operate(&a, 2, noon + 60 * second, true);
    operate(&a, 2, noon + 61 * second, false);
    for (uint32_t user = 3; user < 6; user++) operate(&a, user, noon + 61 * second, false);
    tell(&b, noon + 90 * second);
    tell(&a, noon + 90 * second - 1);
    /* The tombstones of 2 to 5 are in the store. One commit likes 2, the next, begun before that is durable, 3 and sweeps. */
    r.config.tombstone_ttl_us = 1;
    cr_assert_eq(rig_one(&r, &a, (rig_op){1, 2, noon + 90 * second, RIG_LIKE, true}), KD_FED_MERGED);
    cr_assert_eq(kd_central_commit_begin(r.c, &first, &one), KD_OK);
    r.now_us += second;
    cr_assert_eq(rig_hand(&r), 1u, "the floor");
    cr_assert_eq(rig_one(&r, &a, (rig_op){1, 3, noon + 91 * second, RIG_LIKE, true}), KD_FED_MERGED);
    cr_assert_eq(kd_central_commit_begin(r.c, &second_writes, &two), KD_OK);
    sim_disk_apply(r.disk, first);
    cr_assert_eq(kd_central_commit_end(r.c, one, KD_OK), KD_OK);
    sim_disk_apply(r.disk, second_writes);
    cr_assert_eq(kd_central_commit_end(r.c, two, KD_OK), KD_OK);
    reopen();
    for (uint32_t user = 2; user < 4; user++) {
        bool liked = false;
        cr_assert_eq(kd_central_member(r.c, LIKE, rig_item(1), rig_user(user), &liked), KD_OK);
        cr_assert(liked, "user %u", user);
    }
}

Test(central_forget, an_identity_alarm_stops_it_until_an_operator_says_so)
{
    operate(&a, 1, noon, false);
    rig_edge twin = a;
    tell(&a, noon + second);
    cr_assert_eq(operate(&twin, 2, noon + second, true), KD_FED_IDENTITY);
    sweep(noon + 60 * second);
    reopen();
    sweep(noon + 61 * second);
    cr_assert_eq(members(), 1u);
    cr_held(forgetting().floor_held_by, forgetting().floor_holder, KD_HELD_BY_ALARM, "");
    cr_assert_eq(rig_decide(&r, KD_DECIDED_COLLECT, (kd_bytes){0}, NULL), KD_OK);
    rig_commit(&r);
    reopen();
    sweep(noon + 62 * second);
    cr_assert_eq(members(), 0u);
}

Test(central_forget, a_sweep_of_many_rows_goes_over_many_commits)
{
    kd_buf record = {0};
    rig_op ops[1000];
    for (uint32_t i = 0; i < KD_COUNT(ops); i++) ops[i] = (rig_op){1, i, noon + i, RIG_LIKE, i % 2 == 0};
    rig_seal(&a, ops, KD_COUNT(ops), NULL, 0, noon + second, &record);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_MERGED);
    rig_commit(&r);
    kd_buf_finish(&record);
    tell(&b, noon + 60 * second);
    tell(&a, noon + 60 * second);
    r.now_us += second;
    cr_assert_eq(rig_hand(&r), 1u, "the floor");
    uint32_t commits = 0, before = members();
    for (; members() > 500 && commits < 20; commits++) {
        tell(commits % 2 ? &a : &b, noon + 60 * second);
        cr_assert_leq(before - members(), 256u, "a piece with each commit");
        before = members();
    }
    cr_assert(commits >= 4 && commits < 20, "%u", commits);
    cr_assert_eq(rig_total(&r, 1, LIKE), 500u);
}

/* ---- edges that are gone ---- */

/* By a snapshot. */
static bool told_retired(const char *name)
{
    rig_snapshot s;
    bool retired = false;
    cr_assert_eq(rig_snapshot_take(&r, noon, &s), KD_OK);
    for (uint32_t i = 0; i < s.parts[0].edge_count; i++)
        if (kd_bytes_eq(s.parts[0].edges[i].edge, kd_bytes_str(name))) retired = s.parts[0].edges[i].retired;
    rig_snapshot_finish(&s);
    return retired;
}

Test(central_forget, a_retired_edge_holds_nothing_and_is_refused)
{
    operate(&b, 1, noon, true);
    tell(&a, noon + 60 * second);
    cr_assert_eq(kd_central_as_of_us(r.c), noon - margin / 2);
    cr_assert_eq(rig_decide(&r, KD_DECIDED_RETIRE, kd_bytes_str("edge-b"), NULL), KD_OK);
    rig_commit(&r);
    cr_assert_eq(kd_central_as_of_us(r.c), noon + 60 * second - margin / 2);
    cr_assert_eq(rig_total(&r, 1, LIKE), 1u, "what it brought stays");
    cr_assert(told_retired("edge-b") && !told_retired("edge-a"), "snapshots say so");
    reopen();
    cr_assert(told_retired("edge-b"));
    rig_edge before = b;
    cr_assert_eq(operate(&b, 2, noon + second, true), KD_FED_RETIRED);
    cr_assert_eq(forgetting().refused, 1u);
    cr_assert_eq(rig_total(&r, 1, LIKE), 1u);
    cr_assert_eq(rig_decide(&r, KD_DECIDED_READMIT, kd_bytes_str("edge-b"), NULL), KD_OK);
    rig_commit(&r);
    cr_assert_eq(kd_central_as_of_us(r.c), noon - margin / 2, "as_of is honest again");
    cr_assert(!told_retired("edge-b"));
    cr_assert_eq(operate(&before, 2, noon + second, true), KD_FED_MERGED);
    cr_assert_eq(rig_total(&r, 1, LIKE), 2u, "nothing lost, nothing twice");
}

Test(central_forget, an_edge_never_heard_of_cannot_be_retired)
{
    cr_assert_eq(rig_decide(&r, KD_DECIDED_RETIRE, kd_bytes_str("edge-b"), NULL), KD_ENOTFOUND);
    cr_assert_eq(rig_decide(&r, KD_DECIDED_READMIT, kd_bytes_str("edge-b"), NULL), KD_ENOTFOUND);
    tell(&b, noon);
    cr_assert_eq(rig_decide(&r, KD_DECIDED_RETIRE, kd_bytes_str("edge-b"), NULL), KD_OK);
    cr_assert_eq(rig_decide(&r, KD_DECIDED_RETIRE, kd_bytes_str("edge-b"), NULL), KD_OK, "twice is once");
    rig_commit(&r);
    kd_central_edge edges[4];
    cr_assert_eq(kd_central_edges(r.c, edges, 4), 1u);
    cr_assert(edges[0].retired);
}

Test(central_forget, a_row_of_a_store_from_before_is_read)
{
    tell(&a, noon);
    kd_buf value = {0};
    kd_store store = sim_disk_view(r.disk);
    cr_assert_eq(store.get(store.ctx, kd_bytes_str("eedge-a"), &value), KD_OK);
    sim_disk_put(r.disk, kd_bytes_str("eedge-a"), kd_bytes_of(value.data, 4 + 5 * 8));
    kd_buf_finish(&value);
    reopen();
    cr_assert_eq(kd_central_as_of_us(r.c), noon - margin / 2);
}

/* ---- backups ---- */

static int begin(const char *id)
{
    return kd_central_backup_begin(r.c, kd_bytes_str(id), &version);
}

static void whole_backup(const char *id)
{
    cr_assert_eq(begin(id), KD_OK);
    rig_commit(&r);
    cr_assert_eq(kd_central_backup_complete(r.c, kd_bytes_str(id), &version), KD_OK);
    rig_commit(&r);
}

Test(central_forget, stable_is_what_the_oldest_backup_holds)
{
    tell(&a, noon);
    cr_assert_eq(forgetting().stable_us, 0u);
    cr_held(forgetting().stable_held_by, forgetting().stable_holder, KD_HELD_BY_NO_BACKUP, "");
    cr_assert_eq(begin("monday"), KD_OK);
    rig_commit(&r);
    cr_assert_eq(kd_central_version(r.c), version);
    cr_assert_eq(forgetting().stable_us, 0u, "not complete: it could not be restored");
    cr_assert_eq(kd_central_backup_complete(r.c, kd_bytes_str("monday"), &version), KD_OK);
    rig_commit(&r);
    tell(&a, noon + 60 * second);
    cr_assert_eq(forgetting().stable_us, noon - margin);
    cr_held(forgetting().stable_held_by, forgetting().stable_holder, KD_HELD_BY_BACKUP, "monday");
    whole_backup("tuesday");
    cr_assert_eq(forgetting().stable_us, noon - margin);
    reopen();
    cr_assert_eq(kd_central_backup_remove(r.c, kd_bytes_str("monday"), &version), KD_OK);
    rig_commit(&r);
    reopen();
    cr_assert_eq(forgetting().stable_us, noon + 60 * second - margin);
    cr_held(forgetting().stable_held_by, forgetting().stable_holder, KD_HELD_BY_BACKUP, "tuesday");
}

/* Monday's backup takes longer than tuesday's, which was begun later; monday's may still be the one that is restored. */
Test(central_forget, a_backup_that_is_not_complete_holds_stable)
{
    tell(&a, noon);
    cr_assert_eq(begin("monday"), KD_OK);
    rig_commit(&r);
    tell(&a, noon + 60 * second);
    whole_backup("tuesday");
    cr_assert_eq(forgetting().stable_us, noon - margin);
    cr_held(forgetting().stable_held_by, forgetting().stable_holder, KD_HELD_BY_BACKUP, "monday");
    cr_assert_eq(kd_central_backup_complete(r.c, kd_bytes_str("monday"), &version), KD_OK);
    rig_commit(&r);
    cr_assert_eq(forgetting().stable_us, noon - margin, "it does not fall now");
}

Test(central_forget, an_edge_that_no_backup_knows_keeps_all_it_has)
{
    tell(&a, noon);
    whole_backup("monday");
    cr_assert_eq(forgetting().stable_us, noon - margin);
    tell(&b, noon + 60 * second);
    cr_assert_eq(forgetting().stable_us, 0u);
    cr_held(forgetting().stable_held_by, forgetting().stable_holder, KD_HELD_BY_NEW_EDGE, "edge-b");
    rig_decide(&r, KD_DECIDED_RETIRE, kd_bytes_str("edge-b"), NULL);
    rig_commit(&r);
    cr_assert_eq(forgetting().stable_us, 0u, "it may live, and hear this");
    rig_decide(&r, KD_DECIDED_READMIT, kd_bytes_str("edge-b"), NULL);
    rig_commit(&r);
    cr_assert_eq(forgetting().stable_us, 0u);
    whole_backup("tuesday");
    cr_assert_eq(forgetting().stable_us, 0u, "monday does not know it still");
    kd_central_backup_remove(r.c, kd_bytes_str("monday"), &version);
    rig_commit(&r);
    cr_assert_eq(forgetting().stable_us, noon - margin, "what tuesday holds of all");
    rig_decide(&r, KD_DECIDED_RETIRE, kd_bytes_str("edge-b"), NULL);
    rig_decide(&r, KD_DECIDED_READMIT, kd_bytes_str("edge-b"), NULL);
    rig_commit(&r);
    cr_assert_eq(forgetting().stable_us, 0u, "tuesday was made without it in mind");
}

Test(central_forget, what_an_edge_brought_between_two_retirements_stays_with_it)
{
    tell(&a, noon);
    tell(&b, noon);
    rig_decide(&r, KD_DECIDED_RETIRE, kd_bytes_str("edge-b"), NULL);
    rig_commit(&r);
    tell(&a, noon + 60 * second);
    whole_backup("monday"); /* complete to a minute past noon, but for edge-b */
    cr_assert_eq(forgetting().stable_us, noon + 60 * second - margin,
                 "nothing of edge-b was merged since noon");
    rig_decide(&r, KD_DECIDED_READMIT, kd_bytes_str("edge-b"), NULL);
    rig_commit(&r);
    tell(&b, noon + 120 * second);
    rig_decide(&r, KD_DECIDED_RETIRE, kd_bytes_str("edge-b"), NULL);
    rig_commit(&r);
    cr_assert_eq(forgetting().stable_us, 0u,
                 "monday lacks a minute of it, and nobody else could send that again");
    whole_backup("tuesday");
    kd_central_backup_remove(r.c, kd_bytes_str("monday"), &version);
    rig_commit(&r);
    cr_assert_eq(forgetting().stable_us, noon + 60 * second - margin);
}

Test(central_forget, a_restored_central_promises_what_it_holds)
{
    tell(&a, noon);
    whole_backup("monday");
    tell(&a, noon + 60 * second);
    cr_assert_eq(begin("tuesday"), KD_OK);
    rig_commit(&r);
    sim_disk *copy = sim_disk_clone(r.disk);
    kd_central_backup_complete(r.c, kd_bytes_str("tuesday"), &version);
    kd_central_backup_remove(r.c, kd_bytes_str("monday"), &version);
    rig_commit(&r);
    tell(&a, noon + 90 * second);
    cr_assert_eq(forgetting().stable_us, noon + 60 * second - margin);
    sim_disk_destroy(r.disk);
    r.disk = copy;
    reopen();
    cr_assert_eq(forgetting().stable_us, noon - margin, "the list of the copy: monday was there");
    cr_assert_eq(kd_central_backup_remove(r.c, kd_bytes_str("monday"), &version), KD_OK);
    cr_assert_eq(forgetting().stable_us, 0u, "of tuesday it cannot know that it is complete");
    cr_assert_eq(kd_central_backup_complete(r.c, kd_bytes_str("tuesday"), &version), KD_OK);
    rig_commit(&r);
    cr_assert_eq(forgetting().stable_us, noon + 60 * second - margin);
}

static void put_back(sim_disk *copy)
{
    sim_disk_destroy(r.disk);
    r.disk = copy;
    reopen();
}

/* The command is a row of the partition, and goes back with it. */
Test(central_forget, a_restore_undoes_retiring_and_taking_back)
{
    tell(&a, noon);
    tell(&b, noon);
    const rig_edge a_then = a, b_then = b;
    sim_disk *before = sim_disk_clone(r.disk);
    rig_decide(&r, KD_DECIDED_RETIRE, kd_bytes_str("edge-b"), NULL);
    rig_commit(&r);
    sim_disk *retired = sim_disk_clone(r.disk);
    rig_decide(&r, KD_DECIDED_READMIT, kd_bytes_str("edge-b"), NULL);
    rig_commit(&r);
    cr_assert_eq(operate(&b, 1, noon + second, true), KD_FED_MERGED);
    put_back(retired);
    b = b_then;
    cr_assert_eq(operate(&b, 1, noon + second, true), KD_FED_RETIRED, "until the operator says it again");
    tell(&a, noon + 60 * second);
    cr_assert_gt(kd_central_as_of_us(r.c), noon + 50 * second, "and it is in no as_of");
    rig_decide(&r, KD_DECIDED_READMIT, kd_bytes_str("edge-b"), NULL);
    rig_commit(&r);
    b = b_then;
    cr_assert_eq(operate(&b, 1, noon + second, true), KD_FED_MERGED);
    put_back(before);
    a = a_then;
    b = b_then;
    tell(&a, noon + 60 * second);
    cr_assert_lt(kd_central_as_of_us(r.c), noon, "the one that was retired since is waited for again");
    cr_assert_eq(operate(&b, 1, noon + second, true), KD_FED_MERGED);
}

Test(central_forget, without_backups_stable_follows_the_low_watermark_and_snapshots_say_so)
{
    r.config.no_backups = true;
    reopen();
    tell(&a, noon);
    tell(&b, noon + second);
    cr_assert_eq(kd_central_stable_us(r.c), noon - margin);
    kd_buf record = {0};
    cr_assert_eq(kd_central_read(r.c, NULL, 0, (kd_bytes){0}, noon, &record), KD_OK);
    kd_snapshot s;
    cr_assert_eq(kd_snapshot_decode(kd_buf_view(&record), &s), KD_OK);
    cr_assert_eq(s.stable_us, noon - margin);
    kd_snapshot_finish(&s);
    kd_buf_finish(&record);
}

Test(central_forget, a_backup_is_named_once_and_there_are_not_too_many)
{
    cr_assert_eq(begin("Not a name"), KD_EINVAL);
    cr_assert_eq(begin("monday"), KD_OK);
    cr_assert_eq(begin("monday"), KD_EMISMATCH);
    cr_assert_eq(kd_central_backup_complete(r.c, kd_bytes_str("sunday"), &version), KD_ENOTFOUND);
    cr_assert_eq(kd_central_backup_remove(r.c, kd_bytes_str("sunday"), &version), KD_ENOTFOUND);
    for (int i = 1; i < KD_BACKUPS_MAX; i++) {
        char id[] = {'b', (char)('0' + i / 10), (char)('0' + i % 10), 0};
        cr_assert_eq(begin(id), KD_OK);
    }
    cr_assert_eq(begin("one-more"), KD_ETOOBIG);
    rig_commit(&r);
    reopen();
    kd_central_backup list[KD_BACKUPS_MAX];
    cr_assert_eq(kd_central_backups(r.c, list, KD_BACKUPS_MAX), (uint32_t)KD_BACKUPS_MAX);
}
