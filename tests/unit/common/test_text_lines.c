/* test_text_lines.c - lines of a file that an operator writes: blanks, comments, line ends. */
#include "common/base/text.h"

#include <criterion/criterion.h>

static void expect(kd_bytes *text, const char *line, uint32_t number, uint32_t *at)
{
    kd_bytes got = kd_text_take_line(text, at);
    cr_expect(kd_bytes_eq(got, kd_bytes_str(line)), "%.*s for %s", KD_PRINT(got), line);
    if (number > 0) cr_expect_eq(*at, number, "%s is line %u", line, *at);
}

Test(text_lines, comments_and_blank_lines_are_passed_over_and_counted)
{
    uint32_t at = 0;
    kd_bytes text = kd_bytes_str("# one\n\n \t\r\n  two words \t\r\n  # three\nfour # five\n\nsix");
    expect(&text, "two words", 4, &at);
    expect(&text, "four # five", 6, &at);
    expect(&text, "six", 8, &at);
    expect(&text, "", 0, &at);
    expect(&text, "", 0, &at);
}

Test(text_lines, nothing_but_comments_is_no_line)
{
    kd_bytes text = kd_bytes_str("#\n#");
    cr_expect_eq(kd_text_take_line(&text, NULL).len, 0);
    text = kd_bytes_of(NULL, 0);
    cr_expect_eq(kd_text_take_line(&text, NULL).len, 0);
}

Test(text_lines, a_byte_that_is_no_blank_stays)
{
    kd_bytes text = kd_bytes_of("\0a\0\n", 4);
    cr_expect(kd_bytes_eq(kd_text_take_line(&text, NULL), kd_bytes_of("\0a\0", 3)));
}
