/* Voids: what is withdrawn, what is put back, and what the user said meanwhile (rule 25). */
#include <criterion/criterion.h>
#include <stdio.h>

#include "kudos/decide.h"
#include "kudos/forget.h"
#include "kudos/void.h"
#include "tests/lib/central_rig.h"

enum { LIKE = 0 };
static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2, second = 1000000;
/* The likes of the wave are stamped at noon; the void's tombstones a minute later. */
#define STAMP (noon + 60 * second)

static rig r;
static rig_edge a, b;
static kd_buf body, record;

static void set_up(void)
{
    rig_init(&r);
    r.now_us = noon + 3600 * second;
    a = (rig_edge){.name = "edge-a", .region = "eu"};
    b = (rig_edge){.name = "edge-b", .region = "us"};
    body = record = (kd_buf){0};
}

static void tear_down(void)
{
    kd_buf_finish(&body);
    kd_buf_finish(&record);
    rig_finish(&r);
}

TestSuite(voids, .init = set_up, .fini = tear_down);

static kd_decision of_users(const char *job, uint64_t seq, kd_decided what, uint32_t users, uint64_t time_us)
{
    kd_op ops[16];
    for (uint32_t i = 0; i < users; i++)
        ops[i] = (kd_op){rig_item(1), rig_user(i + 1), time_us, RIG_LIKE, what == KD_DECIDED_PUT_BACK};
    kd_body decided = {.ops = ops, .op_count = users};
    kd_buf_clear(&body);
    kd_body_encode(&decided, &body);
    return (kd_decision){.job = kd_bytes_str(job),
                         .seq = seq,
                         .what = what,
                         .author = kd_bytes_str(KD_VOID_AUTHOR),
                         .stamp_us = STAMP + (what == KD_DECIDED_PUT_BACK),
                         .body = kd_buf_view(&body)};
}

static int write_decision(const kd_decision *d)
{
    kd_buf_clear(&record);
    return kd_central_decide(r.c, d, r.now_us, &record);
}

static kd_fed feed_only(const kd_decision *d)
{
    cr_assert_eq(write_decision(d), KD_OK);
    return rig_feed(&r, kd_buf_view(&record));
}

static kd_fed decide(const kd_decision *d)
{
    kd_fed fed = feed_only(d);
    rig_commit(&r);
    return fed;
}

static kd_fed withdraw(const char *job, uint64_t seq, uint32_t users)
{
    kd_decision d = of_users(job, seq, KD_DECIDED_WITHDRAW, users, noon);
    return decide(&d);
}

static kd_fed put_back(const char *job, uint64_t seq, uint32_t users, bool last)
{
    kd_decision d = of_users(job, seq, KD_DECIDED_PUT_BACK, users, STAMP);
    d.last = last;
    return decide(&d);
}

static void says(rig_edge *e, uint32_t user, uint64_t time_us, bool liked)
{
    rig_one(&r, e, (rig_op){1, user, time_us, RIG_LIKE, liked});
}

static void wave(uint32_t users)
{
    for (uint32_t i = 1; i <= users; i++) says(&a, i, noon, true);
    rig_commit(&r);
}

static void reopen(void)
{
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
}

static int voids_find(void *arg, kd_bytes job, const kd_voided *told)
{
    kd_voided *found = arg;
    (void)job;
    *found = *told;
    return 0;
}

/* The last void by name; all 0: none is remembered. */
static kd_voided remembered(void)
{
    kd_voided found = {0};
    cr_assert_eq(kd_voided_each(&r.store, voids_find, &found), KD_OK);
    return found;
}

Test(voids, likes_that_stand_are_withdrawn_and_come_back_in_their_region)
{
    wave(3);
    cr_assert_eq(withdraw("v", 1, 2), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
    cr_expect_eq(rig_region(&r, 1, LIKE, "eu"), 1u);
    cr_expect_eq(remembered().withdrawn, 2u);
    cr_expect_eq(put_back("v", 2, 2, true), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 3u);
    cr_expect_eq(rig_region(&r, 1, LIKE, "eu"), 3u, "not a region of its own");
    cr_expect(rig_sums_agree(&r, 1));
    cr_expect_eq(remembered().stamp_us, 0u, "undone and forgotten");
}

Test(voids, a_user_who_went_on_meanwhile_keeps_his_later_word)
{
    wave(3);
    says(&b, 1, noon + second, true); /* moved on, within the window or not */
    says(&b, 2, noon + second, false);
    rig_commit(&r);
    cr_assert_eq(withdraw("v", 1, 3), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
    cr_expect_eq(rig_region(&r, 1, LIKE, "us"), 1u, "of user 1");
    cr_expect_eq(remembered().withdrawn, 1u);
    cr_expect_eq(remembered().skipped, 2u);
}

/* Fed before the decision: 0 in a commit that is durable, 1 in one that is being written, 2 in the open one. */
static void judged_after(int when)
{
    const kd_writes *writes;
    uint64_t version;
    wave(2);
    says(&b, 1, noon + second, true);
    if (when == 0) rig_commit(&r);
    if (when == 1) cr_assert_eq(kd_central_commit_begin(r.c, &writes, &version), KD_OK);
    kd_decision d = of_users("v", 1, KD_DECIDED_WITHDRAW, 2, noon);
    cr_assert_eq(feed_only(&d), KD_FED_DECIDED);
    if (when == 1) {
        sim_disk_apply(r.disk, writes);
        cr_assert_eq(kd_central_commit_end(r.c, version, KD_OK), KD_OK);
    }
    rig_commit(&r);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u, "%d", when);
    cr_expect_eq(remembered().withdrawn, 1u, "%d", when);
    cr_expect_eq(remembered().skipped, 1u, "%d", when);
}

Test(voids, a_row_is_judged_as_the_durable_records_before_made_it)
{
    judged_after(0);
}

Test(voids, a_row_is_judged_as_a_commit_under_way_made_it)
{
    judged_after(1);
}

Test(voids, a_row_is_judged_as_the_records_before_in_the_same_commit_made_it)
{
    judged_after(2);
}

Test(voids, two_decisions_on_a_row_in_one_commit_are_judged_one_after_the_other)
{
    wave(1);
    kd_decision d = of_users("v", 1, KD_DECIDED_WITHDRAW, 1, noon);
    cr_assert_eq(feed_only(&d), KD_FED_DECIDED);
    d = of_users("v", 2, KD_DECIDED_WITHDRAW, 1, noon);
    cr_assert_eq(feed_only(&d), KD_FED_DECIDED);
    d = of_users("v", 3, KD_DECIDED_PUT_BACK, 1, STAMP);
    cr_assert_eq(decide(&d), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
    cr_expect_eq(remembered().withdrawn, 1u);
    cr_expect_eq(remembered().put_back, 1u);
    cr_expect(remembered().closed);
}

Test(voids, a_late_batch_from_the_window_brings_nothing_back)
{
    wave(1);
    cr_assert_eq(withdraw("v", 1, 1), KD_FED_DECIDED);
    says(&b, 1, STAMP - 1, true);
    rig_commit(&r);
    cr_expect_eq(rig_total(&r, 1, LIKE), 0u);
    says(&b, 1, STAMP + second, true);
    rig_commit(&r);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u, "what he says later counts");
}

Test(voids, what_its_user_said_since_is_not_put_back)
{
    wave(3);
    cr_assert_eq(withdraw("v", 1, 3), KD_FED_DECIDED);
    says(&b, 1, STAMP + second, false);
    says(&b, 2, STAMP + second, true);
    rig_commit(&r);
    cr_assert_eq(put_back("v", 2, 3, true), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u);
    cr_expect_eq(rig_region(&r, 1, LIKE, "us"), 1u);
    cr_expect_eq(rig_region(&r, 1, LIKE, "eu"), 1u);
}

Test(voids, a_void_is_remembered_by_the_commit_that_withdraws)
{
    wave(2);
    kd_decision d = of_users("v", 1, KD_DECIDED_WITHDRAW, 1, noon);
    cr_assert_eq(feed_only(&d), KD_FED_DECIDED);
    reopen(); /* the commit is lost, and the log still has the decision */
    cr_expect_eq(remembered().stamp_us, 0u);
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u);
    cr_expect_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_DECIDED);
    rig_commit(&r);
    reopen();
    cr_expect_eq(remembered().withdrawn, 1u);
    cr_assert_eq(put_back("v", 2, 1, true), KD_FED_DECIDED);
    reopen();
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u);
    cr_expect_eq(put_back("w", 1, 1, true), KD_FED_VOID, "nothing is known of that void");
}

Test(voids, nothing_is_withdrawn_by_a_void_that_is_being_undone)
{
    wave(2);
    cr_assert_eq(withdraw("v", 1, 1), KD_FED_DECIDED);
    cr_assert_eq(put_back("v", 2, 1, false), KD_FED_DECIDED);
    cr_expect_eq(withdraw("v", 3, 2), KD_FED_VOID);
    reopen();
    cr_expect_eq(withdraw("v", 3, 2), KD_FED_VOID);
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u);
}

Test(voids, two_voids_that_can_be_undone_do_not_share_a_stamp)
{
    wave(2);
    cr_assert_eq(withdraw("v", 1, 1), KD_FED_DECIDED);
    cr_expect_eq(withdraw("w", 1, 2), KD_FED_VOID);
    cr_assert_eq(put_back("v", 2, 1, true), KD_FED_DECIDED);
    cr_expect_eq(withdraw("w", 1, 2), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u, "user 1 has a later stamp by now");
}

Test(voids, the_oldest_void_makes_room_for_another_one)
{
    char name[16];
    wave(1);
    cr_assert_eq(withdraw("first", 1, 1), KD_FED_DECIDED);
    for (uint32_t i = 0; i < KD_VOID_JOBS_MAX; i++) {
        snprintf(name, sizeof name, "v%u", i);
        kd_decision d = of_users(name, 1, KD_DECIDED_WITHDRAW, 1, noon);
        d.stamp_us = STAMP + 10 * (i + 1);
        cr_assert_eq(decide(&d), KD_FED_DECIDED, "%s", name);
        if (i % 16 == 0) reopen();
    }
    cr_expect_eq(put_back("first", 2, 1, true), KD_FED_VOID);
    cr_expect_eq(rig_total(&r, 1, LIKE), 0u);
}

Test(voids, tombstones_of_a_void_that_can_be_undone_are_not_collected)
{
    kd_central_forgetting f;
    r.config.tombstone_ttl_us = 1;
    reopen();
    wave(2);
    cr_assert_eq(withdraw("v", 1, 1), KD_FED_DECIDED);
    for (uint64_t i = 1; i < 6; i++) {
        rig_one(&r, &a, (rig_op){2, 1, STAMP + i * 100 * second, RIG_LIKE, true});
        rig_commit(&r);
    }
    rig_hand(&r);
    rig_commit(&r);
    kd_central_get_forgetting(r.c, &f);
    cr_assert_gt(f.floor_us, STAMP);
    cr_assert_eq(put_back("v", 2, 1, true), KD_FED_DECIDED);
    cr_expect_eq(rig_total(&r, 1, LIKE), 2u);
}

Test(voids, an_author_other_than_that_of_voids_withdraws_and_puts_back_nothing)
{
    wave(1);
    kd_decision d = of_users("e", 1, KD_DECIDED_WITHDRAW, 1, noon);
    d.author = kd_bytes_str("_nobody");
    cr_expect_eq(decide(&d), KD_FED_VOID);
    cr_expect_eq(rig_total(&r, 1, LIKE), 1u);
    cr_assert_eq(withdraw("v", 1, 1), KD_FED_DECIDED);
    d = of_users("v", 2, KD_DECIDED_PUT_BACK, 1, STAMP);
    d.author = kd_bytes_str("_nobody");
    cr_expect_eq(decide(&d), KD_FED_VOID);
    cr_expect_eq(rig_total(&r, 1, LIKE), 0u);
}

Test(voids, central_writes_no_void_whose_stamp_is_not_above_what_it_withdraws)
{
    kd_decision d = of_users("v", 1, KD_DECIDED_WITHDRAW, 1, STAMP);
    cr_expect_eq(write_decision(&d), KD_EINVAL);
    d = of_users("v", 1, KD_DECIDED_WITHDRAW, 1, noon);
    d.stamp_us = r.now_us + 3 * RIG_DAY;
    cr_expect_eq(write_decision(&d), KD_EINVAL, "days ahead of the clock");
    d = of_users("v", 1, KD_DECIDED_PUT_BACK, 1, noon);
    d.what = KD_DECIDED_WITHDRAW;
    cr_expect_eq(write_decision(&d), KD_EINVAL, "a like withdraws nothing");
}

/* ---- the walk ---- */

typedef struct {
    uint32_t rows, items;
    uint64_t likes, picked;
    bool stop;
} walked;

static int walk_row(void *arg, uint8_t counter, kd_bytes item, kd_bytes user, uint64_t time_us)
{
    walked *w = arg;
    (void)counter, (void)item, (void)user, (void)time_us;
    w->rows++;
    return w->stop ? KD_EAGAIN : 0;
}

static void walk_item(void *arg, uint8_t counter, kd_bytes item, uint64_t likes, uint64_t picked)
{
    walked *w = arg;
    (void)counter, (void)item;
    w->items++;
    w->likes += likes;
    w->picked += picked;
}

static bool walk_on(void *arg, uint64_t rows)
{
    (void)arg, (void)rows;
    return true;
}

static walked walk(const kd_void_pick *pick)
{
    walked w = {0};
    const kd_void_visitor visitor = {&w, walk_row, walk_item, walk_on};
    cr_assert_eq(kd_void_walk(&r.store, pick, &visitor), KD_OK);
    return w;
}

Test(voids, a_walk_picks_the_likes_of_the_users_in_the_window)
{
    const kd_bytes users[] = {rig_user(1), rig_user(3)};
    const kd_bytes items[] = {rig_item(2)};
    kd_void_pick p = {.users = users, .user_count = 2, .to_us = noon};
    wave(4);
    rig_one(&r, &a, (rig_op){2, 1, noon + second, RIG_LIKE, true});
    rig_one(&r, &a, (rig_op){2, 1, noon, RIG_SAVE, true});
    rig_one(&r, &a, (rig_op){2, 3, noon, RIG_LIKE, false});
    rig_commit(&r);
    walked w = walk(&p);
    cr_expect(w.rows == 3 && w.items == 2 && w.likes == 5 && w.picked == 3);
    p.to_us = noon + second;
    p.items = items;
    p.item_count = 1;
    w = walk(&p);
    cr_expect(w.rows == 2 && w.items == 2, "a like and a save of item 2");
    p.counter = RIG_LIKE;
    cr_expect_eq(walk(&p).rows, 1u);
    p.from_us = noon + second + 1;
    cr_expect_eq(walk(&p).rows, 0u);
    cr_assert_eq(withdraw("v", 1, 2), KD_FED_DECIDED);
    w = walk(&(kd_void_pick){.put_back_us = STAMP});
    cr_expect(w.rows == 2 && w.picked == 2 && w.likes == 2);
}

Test(voids, a_walk_ends_where_its_visitor_ends_it)
{
    walked w = {.stop = true};
    const kd_void_visitor visitor = {&w, walk_row, walk_item, walk_on};
    const kd_bytes users[] = {rig_user(1), rig_user(2)};
    const kd_void_pick p = {.users = users, .user_count = 2, .to_us = noon};
    wave(2);
    cr_expect_eq(kd_void_walk(&r.store, &p, &visitor), KD_EAGAIN);
    cr_expect_eq(w.rows, 1u);
}
