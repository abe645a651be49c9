/*
 * parts.h - the counts of one item as plain numbers, for audit and repair, which look at them from outside the cache. Arithmetic wraps around: a
 * wrong store gives a wrong number that can be told, where the cache would end the program.
 */
#ifndef KUDOS_CENTRAL_CORE_PARTS_H
#define KUDOS_CENTRAL_CORE_PARTS_H

#include "central/core/counts.h"

/* Begins as all zeros; kd_parts_finish frees it. */
typedef struct {
    kd_count_part *at; /* ascending by where */
    uint32_t count, cap;
} kd_parts;

/* Frees it; *p is empty and may be used again. */
void kd_parts_finish(kd_parts *p);
static inline void kd_parts_clear(kd_parts *p)
{
    p->count = 0;
}
/* Adds to one part, which begins at 0. */
void kd_parts_add(kd_parts *p, uint64_t where, uint64_t amount);
/* Adds each part of *more. */
void kd_parts_add_all(kd_parts *p, const kd_parts *more);
/* Adds an amount (1 for a like) to the total of the counter and to its parts of that region and that day. */
void kd_parts_count(kd_parts *p, uint8_t counter, uint32_t region, uint32_t day, uint64_t amount);
/* Adds what an effect does to the counts of its item. */
void kd_parts_effect(kd_parts *p, const kd_effect *e);
/* Adds the parts of a count row. *accurate: version at which the row is accurate. KD_OK, or KD_EMALFORMED with some of the parts added. */
int kd_parts_read_row(kd_parts *p, kd_bytes row, uint64_t *accurate);
/* Appends the count row of these parts. */
void kd_parts_put_row(const kd_parts *p, uint64_t accurate, kd_buf *out);

#endif
