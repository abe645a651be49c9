/* Names and kinds of counters, which central's store remembers by number. */
#include <criterion/criterion.h>

#include "kudos/counter_names.h"
#include "tests/lib/central_rig.h"

static rig r;
static kd_counter_clash clash;

static void set_up(void)
{
    rig_init(&r);
}

static void tear_down(void)
{
    rig_finish(&r);
}

TestSuite(counter_names, .init = set_up, .fini = tear_down);

static int check(kd_counters counters)
{
    clash = (kd_counter_clash){.stored = {.id = 0}};
    return kd_counter_names_check(&r.store, &counters, &clash);
}

static void remember(kd_counters counters)
{
    r.counters = counters;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    cr_assert_eq(kd_central_remember_counters(r.c), KD_OK);
    rig_commit(&r);
}

static const kd_counter like = {"like", 1, KD_SET}, save = {"save", 2, KD_SET}, view = {"view", 9, KD_SUM};

Test(counter_names, an_old_store_remembers_none_and_fits)
{
    cr_expect_eq(check((kd_counters){2, {like, save}}), KD_OK);
}

Test(counter_names, those_that_are_added_taken_away_and_come_back_fit)
{
    remember((kd_counters){2, {like, view}});
    cr_expect_eq(check((kd_counters){3, {save, view, like}}), KD_OK);
    remember((kd_counters){1, {save}});
    cr_expect_eq(check((kd_counters){3, {like, save, view}}), KD_OK);
}

Test(counter_names, a_swap_a_new_kind_another_name_and_another_number_are_told_with_both)
{
    static const kd_counter wrong[] = {
        {"save", 1, KD_SET}, {"like", 1, KD_SUM}, {"heart", 1, KD_SET}, {"like", 7, KD_SET}};
    remember((kd_counters){3, {like, save, view}});
    remember((kd_counters){1, {view}});
    for (size_t i = 0; i < KD_COUNT(wrong); i++) {
        cr_expect_eq(check((kd_counters){2, {view, wrong[i]}}), KD_EMISMATCH, "%zu", i);
        cr_expect_str_eq(clash.stored.name, "like");
        cr_expect_eq(clash.stored.id, 1);
        cr_expect_str_eq(clash.wanted.name, wrong[i].name);
        cr_expect_eq(clash.wanted.id, wrong[i].id);
    }
    cr_expect_eq(check((kd_counters){2, {{"like", 2, KD_SET}, {"save", 1, KD_SET}}}), KD_EMISMATCH,
                 "swapped");
}
