/* Items that are viral at an edge: when they are noticed, when they are quiet again, what that does to their batches and to the room for them. */
#include <criterion/criterion.h>

#include "tests/lib/edge_rig.h"

enum { RATE = 10, FLUSH_S = 1, QUIET_S = 5 };

static edge_rig r;
static uint32_t user;
static kd_edge_viral virals[KD_VIRAL_MAX];

static void begin(void)
{
    user = 0;
    er_init(&r);
    r.config.viral_rate = RATE;
    r.config.viral_flush_interval_us = FLUSH_S * ER_SECOND;
    cr_assert_eq(er_open(&r), KD_OK);
    er_commit(&r);
}

static void end(void)
{
    er_finish(&r);
}

TestSuite(edge_viral, .init = begin, .fini = end);

static void like(uint32_t item, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++) cr_assert_eq(er_like(&r, item, user++), KD_OK);
}

static void second(void)
{
    r.now_us += ER_SECOND;
    kd_edge_tick(r.e, r.now_us);
}

static uint32_t viral(void)
{
    uint32_t n = kd_edge_virals(r.e, r.now_us, virals);
    cr_assert_eq(er_stats(&r).viral_items, n);
    return n;
}

static bool first_is(uint32_t item)
{
    return viral() > 0 && kd_bytes_eq(kd_item_key(&virals[0].item), rig_item(item));
}

Test(edge_viral, an_item_is_noticed_at_the_rate_and_no_other_with_it)
{
    for (uint32_t i = 0; i < RATE; i++) {
        cr_expect_eq(viral(), 0);
        like(1, 1);
        if (i > 0) like(2, 1);
    }
    cr_assert_eq(viral(), 1);
    cr_expect(first_is(1));
    cr_expect_eq(virals[0].since_us, r.now_us);
}

Test(edge_viral, views_and_unlikes_count_as_likes_do)
{
    like(1, RATE - 2);
    cr_assert_eq(er_unlike(&r, 1, 0), KD_OK);
    cr_expect_eq(viral(), 0);
    cr_assert_eq(er_view_add(&r, 1, 1000), KD_OK);
    cr_expect_eq(viral(), 1, "an operation is one, whatever its amount");
}

Test(edge_viral, less_than_the_rate_each_second_is_not_viral)
{
    for (int s = 0; s < 20; s++, second()) {
        like(1, RATE - 1);
        er_commit(&r);
        cr_expect_eq(viral(), 0);
    }
}

Test(edge_viral, with_rate_0_none_is)
{
    r.config.viral_rate = 0;
    cr_assert_eq(er_open(&r), KD_OK);
    like(1, 50 * RATE);
    cr_expect_eq(viral(), 0);
}

Test(edge_viral, it_stays_at_half_of_the_rate_and_is_quiet_after_seconds_with_less)
{
    like(1, RATE);
    for (int s = 0; s < 20; s++) {
        second();
        like(1, RATE / 2);
    }
    cr_expect_eq(viral(), 1);
    for (int s = 0; s < QUIET_S; s++) {
        second();
        like(1, RATE / 2 - 1);
        cr_expect_eq(viral(), 1, "%d s with less", s);
    }
    second();
    cr_expect_eq(viral(), 0);
    like(1, RATE);
    cr_expect_eq(viral(), 1, "and viral again");
}

Test(edge_viral, the_operations_of_each_second_are_told)
{
    like(1, RATE + 2);
    second();
    like(1, 7);
    second();
    second();
    like(1, 3);
    cr_assert_eq(viral(), 1);
    cr_expect_eq(virals[0].operations[KD_VIRAL_SECONDS - 1], 0);
    cr_expect_eq(virals[0].operations[KD_VIRAL_SECONDS - 2], 7);
    cr_expect_eq(virals[0].operations[KD_VIRAL_SECONDS - 3], RATE + 2);
    for (int s = 0; s < KD_VIRAL_SECONDS - 3; s++) cr_expect_eq(virals[0].operations[s], 0);
    for (int s = 0; s < 100; s++, second()) like(1, RATE + (uint32_t)s);
    viral();
    for (uint32_t s = 0; s < KD_VIRAL_SECONDS; s++)
        cr_expect_eq(virals[0].operations[s], RATE + 100 - KD_VIRAL_SECONDS + s);
}

Test(edge_viral, its_batches_leave_sooner_and_say_so)
{
    like(2, 1);
    uint64_t due = r.now_us + r.config.flush_interval_us;
    cr_expect_eq(kd_edge_tick(r.e, r.now_us), due);
    er_seal(&r);
    er_ship(&r);
    cr_expect(!r.batch.viral);
    like(1, RATE);
    due = r.now_us + FLUSH_S * ER_SECOND;
    cr_expect_eq(kd_edge_tick(r.e, r.now_us), due);
    r.now_us = due - 1;
    kd_edge_tick(r.e, r.now_us);
    er_commit(&r);
    cr_expect_eq(er_send(&r), KD_ENOTFOUND);
    r.now_us = due;
    kd_edge_tick(r.e, r.now_us);
    er_commit(&r);
    er_ship(&r);
    cr_expect_eq(r.body.op_count, RATE);
    cr_expect(r.batch.viral);
    like(2, 1);
    er_seal(&r);
    er_ship(&r);
    cr_expect(!r.batch.viral, "no operation of the viral item is in it");
}

Test(edge_viral, a_shorter_flush_interval_stays)
{
    r.config.flush_interval_us = ER_SECOND / 4;
    cr_assert_eq(er_open(&r), KD_OK);
    like(1, RATE);
    cr_expect_eq(kd_edge_tick(r.e, r.now_us), r.now_us + ER_SECOND / 4);
}

/* Central has applied what the edge took, so nothing but being viral keeps the item. */
static void apply_all(void)
{
    er_seal(&r);
    er_ship(&r);
    er_word w = {
        .epoch = 1, .version = 1, .applied = r.batch.at, .digest = r.batch.digest, .item = 1, .items = 1};
    w.likes = user;
    cr_assert_gt(er_snapshot(&r, &w), 0);
    er_commit(&r);
}

static void crowd(void)
{
    for (uint32_t item = 100; item < 100 + 3 * r.config.items_max; item++)
        cr_assert_eq(er_read(&r, &(er_word){.epoch = 1, .version = 1, .item = item, .likes = 1}), KD_OK);
}

Test(edge_viral, it_does_not_make_room_for_others)
{
    kd_view view;
    like(1, RATE);
    apply_all();
    crowd();
    cr_expect_eq(kd_edge_view(r.e, rig_item(1), &view), KD_OK);
    cr_expect_eq(view.count[ER_LIKE], RATE);
    for (int s = 0; s <= QUIET_S; s++) second();
    cr_expect_eq(viral(), 0);
    crowd();
    cr_expect_eq(kd_edge_view(r.e, rig_item(1), &view), KD_EAGAIN, "quiet, it makes room as others do");
}

Test(edge_viral, only_so_many_are_at_once)
{
    for (uint32_t item = 1; item <= KD_VIRAL_MAX + 1; item++) like(item, RATE);
    cr_expect_eq(viral(), KD_VIRAL_MAX);
    for (int s = 0; s <= QUIET_S; s++) second();
    like(KD_VIRAL_MAX + 1, RATE);
    cr_expect(first_is(KD_VIRAL_MAX + 1), "the others are quiet");
    cr_expect_eq(viral(), 1);
}

Test(edge_viral, they_take_half_of_the_room_at_most)
{
    r.config.items_max = 5;
    cr_assert_eq(er_open(&r), KD_OK);
    for (uint32_t item = 1; item <= 3; item++) like(item, RATE);
    cr_expect_eq(viral(), 2);
}

Test(edge_viral, a_clock_that_goes_back_loses_nobody)
{
    like(1, RATE);
    r.now_us -= 3 * ER_SECOND;
    kd_edge_tick(r.e, r.now_us);
    like(1, 1);
    cr_expect_eq(viral(), 1);
    r.now_us -= 3600 * ER_SECOND;
    kd_edge_tick(r.e, r.now_us);
    cr_expect_eq(viral(), 0, "an hour earlier nothing is known of it");
    like(1, RATE);
    cr_expect_eq(viral(), 1);
}

/* The entry moves to make place for the new counter. */
Test(edge_viral, it_stays_viral_when_a_counter_comes)
{
    like(1, RATE);
    apply_all();
    r.counters.at[3] = (kd_counter){"share", 10, KD_SUM};
    r.counters.count = 4;
    kd_edge_counters_add(r.e, &r.counters);
    cr_assert_eq(er_read(&r, &(er_word){.epoch = 1, .version = 1, .item = 1, .likes = RATE}), KD_OK);
    like(1, 3);
    second();
    cr_expect(first_is(1));
    cr_expect_eq(virals[0].operations[KD_VIRAL_SECONDS - 1], RATE + 3);
}
