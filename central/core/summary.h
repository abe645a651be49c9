/*
 * summary.h - the items with the most likes of one stretch of time, in bounded memory: a Space-Saving summary that also takes likes back.
 *
 * Sources: Metwally, Agrawal, El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams", 2005 (Space-Saving); Zhao, Agrawal, El
 * Abbadi, Metwally, "SpaceSaving±", 2021 (what is taken back of an item that is not held is ignored); Cafaro, Pulimeno, Tempesta, "A Parallel Space
 * Saving Algorithm for Frequent Items and the Hurwitz zeta Distribution", 2016 (merging two summaries).
 *
 * Invariants, with f the true number of an item:
 *
 *     of a held item     count - error <= f <= count
 *     of any other       f <= missed
 *     missed             never falls, and is at most (likes ever added) / KD_SUMMARY_ITEMS
 *
 * The last: let P = KD_SUMMARY_ITEMS * missed + the sum of max(0, count - missed) over the held items. Adding a like raises P by at most 1, taking one
 * back never raises it, and of two summaries that are merged the P add up. An item takes the place of one whose count is at most `missed`; where there
 * is none, `missed` rises to the smallest count first.
 *
 * The state depends on the likes added and taken back in their order, and on nothing else: places are searched from `cursor` on, not by hash.
 */
#ifndef KUDOS_CENTRAL_CORE_SUMMARY_H
#define KUDOS_CENTRAL_CORE_SUMMARY_H

#include "kudos/limits.h"
#include "kudos/base.h"

enum { KD_SUMMARY_ITEMS = 64, KD_SUMMARY_PLACES = 2 * KD_SUMMARY_ITEMS };

typedef struct {
    uint64_t count, error;
    uint8_t *id; /* of the item, `len` bytes in `cap` */
    uint32_t tag;
    uint8_t len, cap;
} kd_summary_entry;

typedef struct {
    uint64_t missed;
    uint32_t count, cursor;
    uint8_t places[KD_SUMMARY_PLACES]; /* hash table of the entries: index + 1; 0: empty */
    kd_summary_entry at[KD_SUMMARY_ITEMS];
} kd_summary;

/* Hash of an id, for the calls below. */
uint32_t kd_summary_tag(kd_bytes id);
void kd_summary_finish(kd_summary *s); /* frees what it holds; it is empty then */
void kd_summary_add(kd_summary *s, kd_bytes id, uint32_t tag);
/* Takes back one like that was added. */
void kd_summary_take(kd_summary *s, kd_bytes id, uint32_t tag);
/* The entry of an item; NULL: it is not held. */
const kd_summary_entry *kd_summary_held(kd_summary *s, kd_bytes id, uint32_t tag);
/* The two become one, in *s; `from` is empty then. */
void kd_summary_merge(kd_summary *s, kd_summary *from);

static inline kd_bytes kd_summary_id(const kd_summary_entry *e)
{
    return kd_bytes_of(e->id, e->len);
}
static inline uint64_t kd_summary_least(const kd_summary_entry *e)
{
    return e->count > e->error ? e->count - e->error : 0;
}

/* Appends missed, cursor, count, then for each item in its order: length u8, id, count, error; numbers are varints. */
void kd_summary_encode(const kd_summary *s, kd_buf *out);
/* Into an empty summary. False: malformed, and *s is to be finished. */
bool kd_summary_decode(kd_summary *s, kd_reader *r);

#endif
