/* Which items make room: those that nobody is known to have liked, before all others. */
#include <criterion/criterion.h>

#include "tests/lib/edge_rig.h"

enum { ROOM = 1000, MANY = 20000, UNKNOWN = 1000000 };

static void begin(edge_rig *r)
{
    er_init(r);
    r->config.items_max = ROOM;
    cr_assert_eq(er_open(r), KD_OK);
    er_snapshot(r, &(er_word){.epoch = 1, .version = 1});
}

static int tell(edge_rig *r, uint32_t item, uint64_t likes)
{
    return er_read(r, &(er_word){.epoch = 1, .version = 1, .item = item, .likes = likes});
}

static void know(edge_rig *r, uint32_t count)
{
    for (uint32_t item = 1; item <= count; item++) cr_assert_eq(tell(r, item, item), KD_OK);
}

static uint32_t still_known(edge_rig *r, uint32_t count)
{
    uint32_t n = 0;
    kd_view view;
    for (uint32_t item = 1; item <= count; item++)
        n += kd_edge_view(r->e, rig_item(item), &view) == KD_OK && view.count[ER_LIKE] == item;
    return n;
}

Test(edge_items, a_flood_of_unknown_items_pushes_no_known_one_out)
{
    edge_rig r;
    begin(&r);
    know(&r, 900);
    for (uint32_t i = 0; i < MANY; i++) {
        cr_assert_eq(tell(&r, UNKNOWN + i, 0), KD_OK);
        cr_assert_leq(er_stats(&r).items, ROOM);
    }
    cr_assert_eq(still_known(&r, 900), 900);
    cr_assert_eq(er_stats(&r).items_probation, 100);
    er_finish(&r);
}

Test(edge_items, in_a_full_table_unknown_ones_take_the_room_of_as_many_as_wait_for_central_at_once)
{
    edge_rig r;
    begin(&r);
    know(&r, ROOM);
    for (uint32_t i = 0; i < MANY; i += 8) {
        for (uint32_t k = 0; k < 8; k++) cr_assert_eq(kd_edge_ask(r.e, rig_item(UNKNOWN + i + k)), KD_OK);
        for (uint32_t k = 0; k < 8; k++)
            cr_assert_eq(er_answer(&r, &(er_word){.epoch = 1, .version = 1, .item = UNKNOWN + i + k}), KD_OK);
    }
    cr_assert_eq(still_known(&r, ROOM), ROOM - 8);
    cr_assert_eq(er_stats(&r).items, ROOM);
    er_finish(&r);
}

Test(edge_items, an_empty_table_holds_only_so_many_unknown_ones)
{
    edge_rig r;
    begin(&r);
    for (uint32_t i = 0; i < MANY; i++) cr_assert_eq(tell(&r, UNKNOWN + i, 0), KD_OK);
    cr_assert_eq(er_stats(&r).items, 500);
    er_commit(&r);
    r.config.items_max = 100000;
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(er_stats(&r).items, 0, "they are in memory alone");
    for (uint32_t i = 0; i < MANY; i++) cr_assert_eq(tell(&r, UNKNOWN + i, 0), KD_OK);
    cr_assert_eq(er_stats(&r).items, 12500, "an eighth");
    er_finish(&r);
}

Test(edge_items, reads_of_unknown_items_write_nothing)
{
    edge_rig r;
    begin(&r);
    er_commit(&r);
    size_t gathered = kd_edge_gathered_bytes(r.e);
    for (uint32_t i = 0; i < MANY; i++) cr_assert_eq(tell(&r, UNKNOWN + i, 0), KD_OK);
    cr_assert_eq(kd_edge_gathered_bytes(r.e), gathered, "neither their counts, nor that they made room");
    cr_assert(!kd_edge_commit_wanted(r.e));
    er_finish(&r);
}

Test(edge_items, the_count_is_stored_when_the_probation_ends)
{
    edge_rig r;
    kd_view view;
    begin(&r);
    for (uint32_t item = 1; item <= 3; item++) cr_assert_eq(tell(&r, item, 0), KD_OK);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    er_word w = {.epoch = 1, .version = 2, .previous = 1, .items = 1, .item = 2, .likes = 5};
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    cr_assert_eq(er_like(&r, 4, 1), KD_OK);
    er_commit(&r);
    cr_assert_eq(er_rows(&r, 'n'), 2,
                 "nothing is known of the item that was not read, nor liked of the third");
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(kd_edge_view(r.e, rig_item(1), &view), KD_OK, "central is not asked again");
    cr_assert_eq(view.count[ER_LIKE], 1);
    cr_assert_eq(er_shown(&r, 2, &view), 5);
    cr_assert(view.fresh);
    er_finish(&r);
}

/* A stored count of 0, as of an item whose only like was taken back, is on probation after a start. The store must not keep an older count than the
 * version that it names. */
Test(edge_items, a_count_that_the_store_has_changes_and_goes_there_also_on_probation)
{
    edge_rig r;
    kd_view view;
    begin(&r);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    er_seal(&r);
    er_ship(&r);
    er_word w = {.epoch = 1, .version = 2, .previous = 1, .items = 1, .item = 1, .applied = r.batch.at};
    w.digest = r.batch.digest;
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    cr_assert_eq(er_like(&r, 2, 1), KD_OK);
    er_commit(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(er_stats(&r).items_probation, 1);
    w = (er_word){.epoch = 1, .version = 3, .previous = 2, .items = 1, .item = 1, .likes = 3};
    w.applied = r.batch.at;
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    cr_assert_eq(er_like(&r, 3, 1), KD_OK);
    er_commit(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(er_shown(&r, 1, &view), 3);
    cr_assert(view.fresh);
    er_finish(&r);
}

Test(edge_items, one_that_is_looked_at_again_and_again_stays)
{
    edge_rig r;
    kd_view view;
    begin(&r);
    cr_assert_eq(tell(&r, 1, 0), KD_OK);
    for (uint32_t i = 0; i < MANY; i++) {
        cr_assert_eq(tell(&r, UNKNOWN + i, 0), KD_OK);
        kd_edge_view(r.e, rig_item(UNKNOWN + i), &view); /* as who asked for it does */
        cr_assert_eq(kd_edge_view(r.e, rig_item(1), &view), KD_OK, "%u", i);
    }
    er_finish(&r);
}

Test(edge_items, a_like_or_a_count_of_central_ends_the_probation)
{
    edge_rig r;
    begin(&r);
    for (uint32_t item = 1; item <= 3; item++) cr_assert_eq(tell(&r, item, 0), KD_OK);
    cr_assert_eq(kd_edge_ask(r.e, rig_item(4)), KD_OK);
    cr_assert_eq(er_stats(&r).items_probation, 4);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    cr_assert_eq(er_like(&r, 4, 1), KD_OK, "central is asked about it at this moment");
    er_word w = {.epoch = 1, .version = 2, .previous = 1, .items = 1, .item = 2, .likes = 5};
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    cr_assert_eq(er_stats(&r).items_probation, 1);
    cr_assert_eq(er_answer(&r, &(er_word){.epoch = 1, .version = 2, .item = 4}), KD_OK);
    cr_assert_eq(er_stats(&r).items_probation, 1);
    for (uint32_t i = 0; i < MANY; i++)
        cr_assert_eq(er_read(&r, &(er_word){.epoch = 1, .version = 2, .item = UNKNOWN + i}), KD_OK);
    cr_assert_eq(er_shown(&r, 1, NULL), 1);
    cr_assert_eq(er_shown(&r, 2, NULL), 5);
    cr_assert_eq(er_shown(&r, 4, NULL), 1);
    er_commit(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(er_shown(&r, 1, NULL), 1, "operations on their way are nobody's guess after a start either");
    er_finish(&r);
}

Test(edge_items, who_waits_for_central_is_not_pushed_out_and_too_many_are_not_asked)
{
    edge_rig r;
    begin(&r);
    uint32_t asked = 0;
    while (kd_edge_ask(r.e, rig_item(UNKNOWN + asked)) == KD_OK) cr_assert_lt(++asked, ROOM);
    cr_assert_eq(asked, 500);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK, "there is room for what is liked");
    for (uint32_t i = 0; i < asked; i++)
        cr_assert_eq(er_answer(&r, &(er_word){.epoch = 1, .version = 1, .item = UNKNOWN + i, .likes = 1}),
                     KD_OK);
    cr_assert_eq(er_stats(&r).items_probation, 0);
    cr_assert_eq(kd_edge_ask(r.e, rig_item(UNKNOWN + asked)), KD_OK);
    er_finish(&r);
}
