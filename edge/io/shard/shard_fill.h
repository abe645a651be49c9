/*
 * shard_fill.h - fills the filter of a shard's membership rows after a start (kudos/fill.h).
 *
 *     shard: begin ──post──► its own thread: reads a piece of the store ──post──► shard: the core takes it ──post──► ...
 *
 * One piece is under way at a time. The thread's last piece ends it; a store that the core has read whole at its start has no thread.
 */
#ifndef KUDOS_EDGE_IO_SHARD_SHARD_FILL_H
#define KUDOS_EDGE_IO_SHARD_SHARD_FILL_H

#include "common/io/leveldb/leveldb_store.h"
#include "edge/io/shard/base.h"
#include "kudos/fill.h"

typedef struct {
    kd_shard_base *base;
    kd_store store;
    kd_loop *loop; /* NULL: there is nothing to read */
    kd_post post;  /* of the piece, on its way between the two threads */
    kd_fill_piece piece;
    bool ending; /* the shard's loop is over: set when no thread runs */
} kd_shard_fill;

/* Begins, if the core of `base` has not read all rows of `db`. Before the shard's loop runs; both are borrowed until finish. KD_OK, or KD_EIO: no thread
 * or descriptor is left. */
int kd_shard_fill_begin(kd_shard_fill *f, kd_shard_base *base, kd_leveldb *db);
/* After the shard's loop was joined, and before it is destroyed: waits for the piece that is being read. One that was never begun is fine. */
void kd_shard_fill_finish(kd_shard_fill *f);
/* After the shard's loop was destroyed, whose inbox may have held the piece. */
void kd_shard_fill_release(kd_shard_fill *f);

#endif
