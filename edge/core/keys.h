/*
 * keys.h - the rows of a shard's store: keys, and scans by kind. All numbers are big-endian, so rows come in their order.
 *
 *     I                                   identity: schema, shard, partition count, edge name (identity.c)
 *     L                                   `last`, the largest time taken from the own clock (stamp.c)
 *     V                                   incarnations minted, oldest first (identity.c)
 *     E                                   lives of the process that this store has seen (lives.c)
 *     p part:2                            what central said last of a partition (part.c)
 *     n part:2 item                       central's counts of an item (entry.c)
 *     m part:2 counter:1 item ulen:1 user membership row (membership.c)
 *     c                                   how many membership rows there are, nearly (row_count.c)
 *     f part:2 incarnation:8 seq:8 n:4    fragment n of a batch (fragment.c); n = ffffffff: its seal (batch.c)
 *     r                                   by partition: the place in the journal before which all rows are stored (spill.c)
 *     i number:8                          a remembered idempotency key (idempotency.c)
 *     x part:2 incarnation:8 seq:8        sums of a batch, set aside for an operator (aside.c)
 */
#ifndef KUDOS_EDGE_CORE_KEYS_H
#define KUDOS_EDGE_CORE_KEYS_H

#include "kudos/edge.h"

enum { KD_SEAL_MARKER = 0xffffffff }; /* n of the row that holds a batch's seal; sorts behind all fragments */

enum { KD_ROW_KEY_MAX = 4 + KD_ITEM_KEY_MAX + 1 + KD_ID_MAX };

/* Key of a membership row, with its kd_hash. */
typedef struct {
    uint64_t hash;
    uint16_t len;
    uint8_t data[KD_ROW_KEY_MAX];
} kd_row_key;

static inline kd_bytes kd_row_key_view(const kd_row_key *k)
{
    return kd_bytes_of(k->data, k->len);
}

/* Each kd_key_ function clears `out` and writes one key there; the caller finishes `out`. `kind` is the letter of the drawing above. */

/* I, L, V, E, c, r: a kind with a single row. */
void kd_key_single(kd_buf *out, char kind);
/* p: a row per partition; also the prefix of a partition's rows of another kind. */
void kd_key_part(kd_buf *out, char kind, uint32_t part);
/* n: the counts of an item. `item` is an item key (kudos/id.h). */
void kd_key_item(kd_buf *out, uint32_t part, kd_bytes item);
/* m: a membership row, hashed. Aborts when item or user is longer than its limit. */
void kd_key_row(kd_row_key *out, uint32_t part, uint8_t counter_id, kd_bytes item, kd_bytes user);
/* f: fragment `n` of the batch at position `at`, or its seal with KD_SEAL_MARKER. */
void kd_key_fragment(kd_buf *out, uint32_t part, kd_position at, uint32_t n);
/* x: a row per batch; also the prefix of a batch's fragments (f). */
void kd_key_batch(kd_buf *out, char kind, uint32_t part, kd_position at);
/* i: rows numbered in the order of their writing. */
void kd_key_number(kd_buf *out, char kind, uint64_t number);

/* Visits all rows of one kind in key order; of one partition unless `part` is UINT32_MAX. Reads the store alone, not the open group of
 * writes. KD_OK, KD_EIO, or the value with which `fn` stopped the scan. */
int kd_keys_scan(kd_edge *e, char kind, uint32_t part, kd_scan_fn fn, void *arg);
/* As kd_keys_scan, from the row at `cursor` on; from the first row when `cursor` is NULL or empty. `fn` may change *cursor, which is copied first. */
int kd_keys_scan_on(kd_edge *e, char kind, uint32_t part, const kd_buf *cursor, kd_scan_fn fn, void *arg);

#endif
