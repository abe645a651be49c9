/*
 * fill.h - filling an edge's filter of membership rows after a start, beside its work.
 *
 * The core never reads many rows at once: a piece of them would hold up every like behind it. So the shell reads the keys in pieces on a thread of its
 * own and hands each piece to the core. Until the last piece is in, the core does not ask the filter, and each operation reads the store.
 *
 *     kd_edge_fill_begin -> kd_fill_read (any thread) -> kd_edge_fill_take (the core's thread) -> kd_fill_read ... until kd_edge_fill_take is false
 */
#ifndef KUDOS_FILL_H
#define KUDOS_FILL_H

#include "kudos/edge.h"

/* Zeroed before use; freed by kd_fill_finish. */
typedef struct {
    kd_buf next;   /* key of the first row that was not read; empty: the first of all */
    kd_buf hashes; /* a uint64_t of each key that was read last */
    bool last;     /* no row is behind them */
    int err;       /* of reading them: KD_EIO */
} kd_fill_piece;

/* False: the filter holds all rows. True: the rest is to be read, from piece->next on. */
bool kd_edge_fill_begin(const kd_edge *e, kd_fill_piece *piece);
/* Reads the next `rows` keys, from any thread that the store may be read from. */
void kd_fill_read(const kd_store *store, kd_fill_piece *piece, uint32_t rows);
/* Takes over what was read; an error poisons the core. Whether there is more to read. */
bool kd_edge_fill_take(kd_edge *e, const kd_fill_piece *piece);
void kd_fill_finish(kd_fill_piece *piece);

#endif
