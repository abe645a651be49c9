/* The list of users and items that were too fast. */
#include <criterion/criterion.h>

#include <stdio.h>

#include "kudos/fast_list.h"

#define SECOND ((uint64_t)1000000)

static kd_fast_list list;

static void note(const char *name, uint64_t used, uint64_t now_us)
{
    kd_fast_list_note(&list, KD_FAST_USER, kd_bytes_str(name), used, 1, now_us);
}

static bool named(uint32_t i, const char *name)
{
    return kd_bytes_eq(kd_bytes_of(list.at[i].name, list.at[i].len), kd_bytes_str(name));
}

Test(fast_list, the_newest_come_first_and_of_a_second_the_fastest)
{
    note("slow", 10, 5 * SECOND);
    note("old", 99, 2 * SECOND);
    note("fast", 20, 5 * SECOND + 9);
    note("slow", 8, 5 * SECOND + 3);
    kd_fast_list_sort(&list);
    cr_assert_eq(list.count, 3);
    cr_assert(named(0, "fast") && named(1, "slow") && named(2, "old"));
    cr_assert_eq(list.at[1].most, 10);
    cr_assert_eq(list.at[1].over, 2);
    cr_assert_eq(list.at[1].since_us, 5 * SECOND);
    cr_assert_eq(list.at[1].last_us, 5 * SECOND + 3);
}

Test(fast_list, a_user_and_an_item_of_one_name_are_two)
{
    note("x", 1, 1);
    kd_fast_list_note(&list, KD_FAST_ITEM, kd_bytes_str("x"), 1, 1, 1);
    cr_assert_eq(list.count, 2);
}

Test(fast_list, the_one_that_was_fast_longest_ago_makes_room)
{
    char name[16];
    for (int i = 0; i < KD_FAST_LIST_MAX + 5; i++) {
        snprintf(name, sizeof name, "u%d", i);
        note(name, 1, SECOND + (uint64_t)i);
        note("first", 1, SECOND + (uint64_t)i);
    }
    cr_assert_eq(list.count, KD_FAST_LIST_MAX);
    kd_fast_list_sort(&list);
    bool first = false, oldest = false;
    for (uint32_t i = 0; i < list.count; i++) {
        first = first || named(i, "first");
        oldest = oldest || named(i, "u1");
    }
    cr_assert(first);
    cr_assert_not(oldest);
}
