/* test_display.c - display forms of counts and times. */
#include "common/base/display.h"

#include <criterion/criterion.h>
#include <time.h>

Test(display, counts_are_truncated_never_rounded_up)
{
    static const struct {
        uint64_t n;
        const char *text;
    } cases[] = {
        {0, "0"},
        {1, "1"},
        {42, "42"},
        {999, "999"},
        {1000, "1K"},
        {1099, "1K"},
        {1100, "1.1K"},
        {1199, "1.1K"},
        {1234, "1.2K"},
        {9999, "9.9K"},
        {10000, "10K"},
        {12345, "12.3K"},
        {99999, "99.9K"},
        {100000, "100K"},
        {123456, "123K"},
        {999999, "999K"},
        {1000000, "1M"},
        {1049999, "1M"},
        {1200000, "1.2M"},
        {12345678, "12.3M"},
        {999999999, "999M"},
        {1000000000, "1B"},
        {1500000000, "1.5B"},
        {999999999999, "999B"},
        {1000000000000, "1T"},
        {1250000000000, "1.2T"},
        {999999999999999, "999T"},
        {1000000000000000, "1000T"},
        {UINT64_MAX, "18446744T"},
    };
    for (size_t i = 0; i < KD_COUNT(cases); i++) {
        char out[KD_DISPLAY_MAX];
        size_t len = kd_display_count(cases[i].n, out);
        cr_expect_str_eq(out, cases[i].text);
        cr_expect_eq(len, strlen(out));
    }
}

/* The form is monotonic and never claims more than the number: parse it back. */
Test(display, a_form_never_claims_more_than_the_number)
{
    uint64_t seed = 1;
    for (int i = 0; i < 200000; i++) {
        uint64_t r = kd_random_next(&seed), n = kd_random_next(&seed) >> (r % 64);
        char out[KD_DISPLAY_MAX];
        kd_display_count(n, out);
        char *end;
        uint64_t tenths = strtoull(out, &end, 10) * 10;
        if (*end == '.') tenths += (uint64_t)(end[1] - '0'), end += 2;
        unsigned __int128 unit = *end == 'K'   ? 1000
                                 : *end == 'M' ? 1000000
                                 : *end == 'B' ? 1000000000
                                 : *end == 'T' ? 1000000000000
                                               : 1;
        unsigned __int128 shown = tenths * unit / 10;
        cr_assert(shown <= n, "%s for %llu", out, (unsigned long long)n);
        cr_assert(n - shown < (n < 1000 ? 1 : shown / 10 + 1), "%s for %llu", out, (unsigned long long)n);
    }
}

Test(display, times_are_rfc3339)
{
    static const struct {
        uint64_t us;
        const char *ms_text, *us_text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000000Z"},
        {999, "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000999Z"},
        {86399999999, "1970-01-01T23:59:59.999Z", "1970-01-01T23:59:59.999999Z"},
        {951782400000000, "2000-02-29T00:00:00.000Z", "2000-02-29T00:00:00.000000Z"},
        {1767323045678901, "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678901Z"},
        {4107542400000000, "2100-03-01T00:00:00.000Z", "2100-03-01T00:00:00.000000Z"},
        {4107542399999999, "2100-02-28T23:59:59.999Z", "2100-02-28T23:59:59.999999Z"},
        {253402300799999999, "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999999Z"},
        {UINT64_MAX, "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999999Z"},
    };
    for (size_t i = 0; i < KD_COUNT(cases); i++) {
        char out[KD_TIME_US_MAX];
        cr_expect_eq(kd_display_time_ms(cases[i].us, out), KD_TIME_MS_MAX - 1);
        cr_expect_str_eq(out, cases[i].ms_text);
        cr_expect_eq(kd_display_time_us(cases[i].us, out), KD_TIME_US_MAX - 1);
        cr_expect_str_eq(out, cases[i].us_text);
    }
}

Test(display, every_day_agrees_with_the_c_library)
{
    for (int64_t day = 0; day < 2932897; day += 7) { /* to the end of 9999 */
        time_t t = day * 86400 + 4711;
        struct tm tm;
        char expected[40], out[KD_TIME_MS_MAX];
        gmtime_r(&t, &tm);
        strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
        kd_display_time_ms((uint64_t)t * 1000000, out);
        cr_assert_str_eq(out, expected);
    }
}
