/* shards_build.h - the stores of an edge that does not run, read as a whole and written anew for another number of shards (kudos/reshard.h). */
#ifndef KUDOS_EDGE_IO_COMMANDS_SHARDS_BUILD_H
#define KUDOS_EDGE_IO_COMMANDS_SHARDS_BUILD_H

#include "common/io/daemon/files.h"
#include "common/io/leveldb/leveldb_store.h"
#include "kudos/reshard.h"

/* The old stores, open. */
typedef struct {
    const char *dir;
    kd_leveldb *from[KD_SHARDS_MAX];
    kd_edge_stored is; /* of shard 0 */
    uint32_t count;    /* stores that are open */
    kd_reshard *rows;  /* NULL before they are read */
} kd_shards_set;

/* All calls return KD_OK, or an error with `error` (KD_OPTIONS_ERROR_MAX bytes). */

/* Opens the stores of all shards in set->dir; finish with kd_shards_close. KD_EUNAVAILABLE: a process has one open; KD_ENOTFOUND, KD_EMISMATCH,
 * KD_EMALFORMED, KD_EIO. */
int kd_shards_open(kd_shards_set *set, char *error);
/* Reads and checks all rows. */
int kd_shards_read(kd_shards_set *set, char *error);
/* Bytes of disk that the new stores may take while they are written. */
uint64_t kd_shards_needed(const kd_shards_set *set, uint32_t to);
/* Bytes of disk that are free for this user; 0 where that cannot be told. */
uint64_t kd_shards_free(const kd_shards_set *set);
/* Writes the stores of `to` shards to shards.partial, which is made anew, reads each back, and syncs them. After an error shards.partial is gone. */
int kd_shards_build(kd_shards_set *set, uint32_t to, char *error);
/* Closes the stores; again does nothing. */
void kd_shards_close(kd_shards_set *set);

#endif
