/* member_line.c - see the header. No id can hold a tab or a line's end, so nothing is escaped. */
#include "central/io/api/member_line.h"

#include "common/json/json_writer.h"

static void put_decimal(kd_buf *out, uint64_t n)
{
    char digits[20];
    kd_buf_put(out, digits, kd_decimal(n, digits));
}

/* Counter and item, with a tab behind each. */
static void put_what(kd_buf *out, const kd_counters *counters, uint8_t counter, kd_bytes key)
{
    char item[KD_ITEM_KEY_MAX];
    int at = kd_counters_by_id(counters, counter);
    kd_buf_reserve(out, KD_MEMBER_LINE_MAX);
    if (at >= 0)
        kd_buf_put(out, counters->at[at].name, strlen(counters->at[at].name));
    else
        put_decimal(out, counter);
    kd_buf_put_u8(out, '\t');
    kd_buf_put(out, item, kd_key_text(key, item));
    kd_buf_put_u8(out, '\t');
}

static void put_number_and_region(kd_buf *out, uint64_t number, kd_bytes region)
{
    put_decimal(out, number);
    kd_buf_put_u8(out, '\t');
    kd_buf_put(out, region.data, region.len);
    kd_buf_put_u8(out, '\n');
}

void kd_member_line(kd_buf *out, const kd_counters *counters, const kd_member *m)
{
    put_what(out, counters, m->counter, m->item);
    kd_buf_put(out, m->user.data, m->user.len);
    kd_buf_put_u8(out, '\t');
    put_number_and_region(out, m->time_us, m->region);
}

void kd_sum_line(kd_buf *out, const kd_counters *counters, const kd_sum_part *s)
{
    put_what(out, counters, s->counter, s->item);
    put_number_and_region(out, s->amount, s->region);
}
