/* member_line.c - see the header. No id can hold a tab or a line's end, so nothing is escaped. */
#include "central/io/api/member_line.h"

#include "common/json/json_writer.h"

static void put_decimal(kd_buf *out, uint64_t n)
{
    char digits[20];
    kd_buf_put(out, digits, kd_decimal(n, digits));
}

void kd_member_line(kd_buf *out, const kd_counters *counters, const kd_member *m)
{
    char item[KD_ITEM_KEY_MAX];
    int at = kd_counters_by_id(counters, m->counter);
    kd_buf_reserve(out, KD_MEMBER_LINE_MAX);
    if (at >= 0)
        kd_buf_put(out, counters->at[at].name, strlen(counters->at[at].name));
    else
        put_decimal(out, m->counter);
    kd_buf_put_u8(out, '\t');
    kd_buf_put(out, item, kd_key_text(m->item, item));
    kd_buf_put_u8(out, '\t');
    kd_buf_put(out, m->user.data, m->user.len);
    kd_buf_put_u8(out, '\t');
    put_decimal(out, m->time_us);
    kd_buf_put_u8(out, '\t');
    kd_buf_put(out, m->region.data, m->region.len);
    kd_buf_put_u8(out, '\n');
}
