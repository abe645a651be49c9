/* test_fields.c - lines of a word and its fields, as members tell commands what they did. */
#include <criterion/criterion.h>

#include "common/base/fields.h"

static kd_fields only(const char *line)
{
    kd_fields f;
    kd_bytes text = kd_bytes_str(line);
    cr_assert(kd_fields_take(&f, &text));
    return f;
}

Test(fields, are_found_by_name_whatever_their_order)
{
    kd_fields f = only("void-part partition=3 withdrawn=12 state=over\n");
    char state[8];
    cr_assert(kd_fields_are(&f, "void-part") && !kd_fields_are(&f, "void") &&
              !kd_fields_are(&f, "void-part-2"));
    kd_fields_string(&f, "state", state, sizeof state);
    cr_assert_str_eq(state, "over");
    cr_assert_eq(kd_fields_number(&f, "withdrawn", UINT64_MAX), 12);
    cr_assert_eq(kd_fields_number(&f, "partition", 3), 3);
    cr_assert(!f.lacking);
}

Test(fields, of_a_name_within_another_are_not_found)
{
    kd_fields f = only("x us=1 to_us=2 us_2=3");
    cr_assert_eq(kd_fields_number(&f, "to_us", UINT64_MAX), 2);
    cr_assert_eq(kd_fields_number(&f, "us", UINT64_MAX), 1);
    cr_assert(!f.lacking);
    cr_assert_eq(kd_fields_bytes(&f, "to").len, 0);
    cr_assert(f.lacking);
}

Test(fields, that_are_missing_or_wrong_are_said_once_and_for_all)
{
    static const char *const wrong[] = {"x n=", "x n=12a", "x n=-1", "x n=99", "x m=1", "x n =1", "x"};
    for (size_t i = 0; i < KD_COUNT(wrong); i++) {
        kd_fields f = only(wrong[i]);
        cr_expect_eq(kd_fields_number(&f, "n", 98), 0, "%s", wrong[i]);
        cr_expect(f.lacking, "%s", wrong[i]);
    }
}

Test(fields, a_string_without_room_is_empty_and_lacking)
{
    char out[4] = "old";
    kd_fields f = only("x a=abc b=abcd c=");
    kd_fields_string(&f, "a", out, sizeof out);
    cr_assert(!f.lacking && strcmp(out, "abc") == 0);
    kd_fields_string(&f, "c", out, sizeof out);
    cr_assert(!f.lacking && out[0] == '\0');
    kd_fields_string(&f, "b", out, sizeof out);
    cr_assert(f.lacking && out[0] == '\0');
}

Test(fields, come_line_by_line)
{
    kd_fields f;
    kd_bytes text = kd_bytes_str("a n=1\n\n# b n=2\n  c  n=3 \r\n");
    cr_assert(kd_fields_take(&f, &text) && kd_fields_are(&f, "a") && kd_fields_number(&f, "n", 9) == 1);
    cr_assert(kd_fields_take(&f, &text) && kd_fields_are(&f, "c") && kd_fields_number(&f, "n", 9) == 3);
    cr_assert(!kd_fields_take(&f, &text));
}
