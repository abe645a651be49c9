/*
 * shards_place.h - the stores in an edge's data directory, and the names that `kudos-edge shards` uses while it changes their number:
 *
 *     shard-K                     the store of shard K
 *     shards.partial/             new stores that are being written; the present ones are whole. Whoever begins a change removes it
 *     shards.to-N/shard-K         new stores, N of them, all complete: they are moved to their places
 *     shards.to-N/before/shard-K  present ones that have made room
 *
 * shards.partial becomes shards.to-N in one rename. Before it the old stores are the edge's, behind it the new ones are, wherever they stand; and nothing but
 * the end of that change may open any.
 */
#ifndef KUDOS_EDGE_IO_SHARD_SHARDS_PLACE_H
#define KUDOS_EDGE_IO_SHARD_SHARDS_PLACE_H

#include "common/io/daemon/files.h"

#define KD_SHARDS_PARTIAL "shards.partial"
#define KD_SHARDS_BEFORE "before"

/* DIR/shard-K. `out` has room for KD_PATH_MAX bytes; a name that is too long is cut, and leads nowhere. */
void kd_shards_path(char *out, const char *dir, uint32_t k);
/* DIR/shards.to-N, likewise. */
void kd_shards_path_to(char *out, const char *dir, uint32_t to);

/* The number of shards that a data directory was laid out for, by the highest shard-K in it; 0: there is none. */
uint32_t kd_shards_laid_out(const char *dir);
/* The number of shards to which a change leads whose new stores are complete, and which has not ended; *to is 0 where there is none. KD_OK, or KD_EIO with
 * `error` (KD_OPTIONS_ERROR_MAX bytes): the directory cannot be examined. */
int kd_shards_pending(const char *dir, uint32_t *to, char *error);
/* Whether the stores may be opened. KD_OK; KD_EMISMATCH with `error`: a change of their number has not ended; KD_EIO. Ask before they
 * are opened, and again when they are: a change that ended before the locks were taken is seen behind them. */
int kd_shards_settled(const char *dir, char *error);

#endif
