/*
 * parts.h - the counts of one item as plain numbers, for those that look at them from outside the cache: audit and
 * repair. Arithmetic wraps, so that a store that is wrong can be told instead of ending the program.
 */
#ifndef KUDOS_CENTRAL_CORE_PARTS_H
#define KUDOS_CENTRAL_CORE_PARTS_H

#include "central/core/counts.h"

/* Zero-initialise; finish with kd_parts_finish. */
typedef struct {
    kd_count_part *at; /* ascending by where */
    uint32_t count, cap;
} kd_parts;

void kd_parts_finish(kd_parts *p);
static inline void kd_parts_clear(kd_parts *p)
{
    p->count = 0;
}
void kd_parts_add(kd_parts *p, uint64_t where, uint64_t amount);
void kd_parts_add_all(kd_parts *p, const kd_parts *more);
/* One like, or an amount, at its region and day. */
void kd_parts_count(kd_parts *p, uint8_t counter, uint32_t region, uint32_t day, uint64_t amount);
void kd_parts_effect(kd_parts *p, const kd_effect *e);
/* Reads a count row: KD_OK or KD_EMALFORMED. Adds to *p. */
int kd_parts_read_row(kd_parts *p, kd_bytes row, uint64_t *accurate);
void kd_parts_put_row(const kd_parts *p, uint64_t accurate, kd_buf *out);

#endif
