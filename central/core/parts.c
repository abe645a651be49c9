/* parts.c - see the header. */
#include "central/core/parts.h"

#include <stdlib.h>

void kd_parts_finish(kd_parts *p)
{
    free(p->at);
    *p = (kd_parts){0};
}

void kd_parts_add(kd_parts *p, uint64_t where, uint64_t amount)
{
    uint32_t i = kd_count_part_seek(p->at, p->count, where);
    if (i == p->count || p->at[i].where != where) {
        p->at = kd_grow(p->at, p->count, &p->cap, sizeof *p->at);
        memmove(&p->at[i + 1], &p->at[i], (p->count - i) * sizeof *p->at);
        p->at[i] = (kd_count_part){where, 0};
        p->count++;
    }
    p->at[i].value += amount;
}

void kd_parts_add_all(kd_parts *p, const kd_parts *more)
{
    for (uint32_t i = 0; i < more->count; i++) kd_parts_add(p, more->at[i].where, more->at[i].value);
}

void kd_parts_count(kd_parts *p, uint8_t counter, uint32_t region, uint32_t day, uint64_t amount)
{
    kd_parts_add(p, kd_part_where(counter, KD_PART_TOTAL, 0), amount);
    kd_parts_add(p, kd_part_where(counter, KD_PART_REGION, region), amount);
    kd_parts_add(p, kd_part_where(counter, KD_PART_DAY, day), amount);
}

void kd_parts_effect(kd_parts *p, const kd_effect *e)
{
    if (kd_effect_is_sum(e)) {
        kd_parts_count(p, e->counter, e->region, e->day, e->was ? 0 - e->amount : e->amount);
        return;
    }
    if (e->was) kd_parts_count(p, e->counter, e->old_region, e->old_day, (uint64_t)-1);
    if (e->is) kd_parts_count(p, e->counter, e->region, e->day, 1);
}

int kd_parts_read_row(kd_parts *p, kd_bytes row, uint64_t *accurate)
{
    kd_reader r = kd_reader_of(row);
    *accurate = kd_read_be64(&r);
    while (!r.bad && kd_reader_left(&r) > 0) {
        kd_count_part part;
        if (kd_count_part_read(&r, &part) != KD_OK) return KD_EMALFORMED;
        kd_parts_add(p, part.where, part.value);
    }
    return r.bad ? KD_EMALFORMED : KD_OK;
}

void kd_parts_put_row(const kd_parts *p, uint64_t accurate, kd_buf *out)
{
    kd_buf_put_be64(out, accurate);
    for (uint32_t i = 0; i < p->count; i++) kd_count_part_put(&p->at[i], out);
}
