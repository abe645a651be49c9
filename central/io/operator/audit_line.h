/* audit_line.h - what an audit found: each mismatch as a line of text, and the audits of all partitions added up. */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_AUDIT_LINE_H
#define KUDOS_CENTRAL_IO_OPERATOR_AUDIT_LINE_H

#include "kudos/audit.h"

/*
 * Appends one mismatch, without a line's end:
 *
 *     mismatch partition=0 item=posts/1 counter=like part=total stored=5 recomputed=4
 *
 * part is total, region:NAME or day:YYYY-MM-DD. Where memory differs from the store it says shown= and stored=; where a sum does not add up,
 * part=regions or part=days with total= and sum=; of an index part=index:NAME with entry= and like=, 0 or 1, and user=.
 */
void kd_audit_line(kd_buf *out, const kd_counters *counters, uint32_t partition, const kd_audit_mismatch *m);

/* Audits of partitions added up. */
typedef struct {
    uint64_t partitions, items, members, mismatches, sums_wrong, items_mended;
} kd_audit_totals;
/* Adds the audit of one partition that came to its end. */
void kd_audit_totals_add(kd_audit_totals *t, const kd_audit_result *r);

#endif
