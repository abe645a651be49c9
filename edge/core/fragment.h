/* fragment.h - operations as the journal holds them, and the body of a batch that is made of them (rules 6 and 7). */
#ifndef KUDOS_EDGE_CORE_FRAGMENT_H
#define KUDOS_EDGE_CORE_FRAGMENT_H

#include "edge/core/forward.h"

/* The largest change of a shown count by one operation on a set. More than 1 happens when an operation makes up for what the open batch shows of
 * its user already (take.c): rehome.c may have moved several operations of that user into the open batch, each with its delta. */
enum { KD_DELTA_MAX = KD_BATCH_OPS_MAX };

/* One operation of the journal. The views are the caller's, or point into the fragment it was read from. */
typedef struct {
    kd_verb verb;
    uint8_t counter_id; /* wire id */
    kd_bytes item, user;
    uint64_t time_us; /* the stamp; of an operation on a set */
    int64_t delta;    /* by which this operation changed the shown count; `amount` for a sum */
    uint64_t amount;  /* of a sum */
    uint32_t day;     /* of a sum: UTC day */
} kd_entry_op;

/* Appends one operation to a fragment. */
void kd_fragment_put(kd_buf *out, const kd_entry_op *op);
/* Reads the next operation; false at the end, and false with r->bad or bytes left over when the fragment is damaged. */
bool kd_fragment_next(kd_reader *r, kd_entry_op *op);
/* Whether this partition can have journaled `op`: ids, ranges, and the item's partition are checked. For fragments found at a start; a counter
 * that is no longer configured is valid. */
bool kd_fragment_op_valid(const kd_edge *e, const kd_part *p, const kd_entry_op *op);
/* Encodes the body that these fragments, one behind the other, make; the same fragments always give the same bytes. `body` is cleared first.
 * KD_EMALFORMED: the fragments are damaged. */
int kd_fragment_body(kd_edge *e, kd_bytes fragments, kd_buf *body);

#endif
