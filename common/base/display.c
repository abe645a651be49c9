/* display.c - numbers and times as people read them. */
#include "common/base/display.h"

#include "common/json/json_writer.h"

/* At most four significant characters and never rounded up: 999,999 is 999K, since a million was not reached.
 */
size_t kd_display_count(uint64_t n, char *out)
{
    static const struct {
        uint64_t unit;
        char letter;
    } scale[] = {{1000000000000, 'T'}, {1000000000, 'B'}, {1000000, 'M'}, {1000, 'K'}};
    size_t i = 0;
    while (i < KD_COUNT(scale) && n < scale[i].unit) i++;
    if (i == KD_COUNT(scale)) {
        size_t len = kd_decimal(n, out);
        out[len] = 0;
        return len;
    }
    uint64_t whole = n / scale[i].unit, tenth = n / (scale[i].unit / 10) % 10;
    size_t len = kd_decimal(whole, out);
    if (whole < 100 && tenth > 0) {
        out[len++] = '.';
        out[len++] = (char)('0' + tenth);
    }
    out[len++] = scale[i].letter;
    out[len] = 0;
    return len;
}

typedef struct {
    uint32_t year, month, day;
} civil_date;

/* Days since 1970 to a date of the Gregorian calendar: Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms". */
static civil_date civil_of_days(uint64_t days)
{
    uint64_t z = days + 719468; /* from 0000-03-01 */
    uint64_t era = z / 146097, day_of_era = z % 146097;
    uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t shifted = (5 * day_of_year + 2) / 153; /* month, March is 0 */
    uint64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
    return (civil_date){.year = (uint32_t)(year_of_era + era * 400 + (month <= 2)),
                        .month = (uint32_t)month,
                        .day = (uint32_t)(day_of_year - (153 * shifted + 2) / 5 + 1)};
}

static char *display_put_two(char *out, uint32_t value, char behind)
{
    static const char pairs[] =
        "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
        "505152535455565758596061626364656667686970717273747576777879808182838485868788899091929394959697989"
        "9";
    memcpy(out, pairs + 2 * (size_t)value, 2);
    out[2] = behind;
    return out + 3;
}

static char *display_put_three(char *out, uint32_t value, char behind)
{
    out[0] = (char)('0' + value / 100);
    return display_put_two(out + 1, value % 100, behind);
}

static size_t put_time(uint64_t time_us, bool micros, char *out)
{
    const uint64_t end_of_9999 = 253402300799999999u;
    if (time_us > end_of_9999) time_us = end_of_9999;
    uint64_t seconds = time_us / 1000000;
    uint32_t fraction = (uint32_t)(time_us % 1000000), of_day = (uint32_t)(seconds % 86400);
    civil_date date = civil_of_days(seconds / 86400);
    char *p =
        display_put_two(out, date.year / 100, '-') - 1; /* the digits that follow take the place of the '-' */
    p = display_put_two(p, date.year % 100, '-');
    p = display_put_two(p, date.month, '-');
    p = display_put_two(p, date.day, 'T');
    p = display_put_two(p, of_day / 3600, ':');
    p = display_put_two(p, of_day / 60 % 60, ':');
    p = display_put_two(p, of_day % 60, '.');
    p = display_put_three(p, fraction / 1000, 'Z');
    if (micros) p = display_put_three(p - 1, fraction % 1000, 'Z');
    *p = 0;
    return (size_t)(p - out);
}

size_t kd_display_time_ms(uint64_t time_us, char *out)
{
    return put_time(time_us, false, out);
}

size_t kd_display_time_us(uint64_t time_us, char *out)
{
    return put_time(time_us, true, out);
}
