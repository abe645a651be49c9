/* span_row.h - the keys of span.h. */
#ifndef KUDOS_CENTRAL_CORE_SPAN_ROW_H
#define KUDOS_CENTRAL_CORE_SPAN_ROW_H

#include "kudos/base.h"

enum { KD_SPAN_PHASES = 2 };

/* Each into *out, which is cleared first; returns a view of it. */
kd_bytes kd_span_start_key(kd_buf *out, kd_bytes item);
kd_bytes kd_span_phase_key(kd_buf *out, uint8_t phase, kd_bytes item, uint64_t start_us);
/* Where the rows of a collection whose items began at `start_us` or later stand. */
kd_bytes kd_span_from_key(kd_buf *out, uint8_t phase, kd_bytes collection, uint64_t start_us);
/* Takes a phase's key apart: the item's key is appended to the cleared *item. False: it is none. */
bool kd_span_parse(kd_bytes key, kd_buf *item, uint64_t *start_us);

#endif
