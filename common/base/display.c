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

static char *display_put_digits(char *out, uint64_t value, int digits, char behind)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10) out[i] = (char)('0' + value % 10);
    out[digits] = behind;
    return out + digits + 1;
}

static size_t put_time(uint64_t time_us, bool micros, char *out)
{
    const uint64_t end_of_9999 = 253402300799999999u;
    if (time_us > end_of_9999) time_us = end_of_9999;
    uint64_t seconds = time_us / 1000000, fraction = time_us % 1000000;
    civil_date date = civil_of_days(seconds / 86400);
    char *p = display_put_digits(out, date.year, 4, '-');
    p = display_put_digits(p, date.month, 2, '-');
    p = display_put_digits(p, date.day, 2, 'T');
    p = display_put_digits(p, seconds / 3600 % 24, 2, ':');
    p = display_put_digits(p, seconds / 60 % 60, 2, ':');
    p = display_put_digits(p, seconds % 60, 2, '.');
    p = micros ? display_put_digits(p, fraction, 6, 'Z') : display_put_digits(p, fraction / 1000, 3, 'Z');
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
