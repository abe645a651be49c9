/*
 * seed_chunk.h - one chunk of a partition, on its way from a member that has the state to one that has not (rule 35 of docs/protocol.md).
 *
 * The copy is made from the front of the key space to its end, chunk by chunk. Each chunk begins behind the last row of the one before, and ends where
 * backup_cut.h says: whoever cuts the same rows behind the same key gets the same chunk. So who goes on with a copy that was broken off cuts what he has,
 * and names its digest; what is the same is not sent again. Half a copy is all that there is to remember.
 *
 *     "KDS1" | seed be64 | flags u8 | done be64 | whole be64 | digest (32) | length be16, key of the last row | the rows, packed
 *
 * It was read from a network: nothing in it is believed but the digest that was found right, and no rows are longer than KD_BACKUP_RAW_MAX.
 */
#ifndef KUDOS_COMMON_BACKUP_SEED_CHUNK_H
#define KUDOS_COMMON_BACKUP_SEED_CHUNK_H

#include "common/backup/backup_list.h"
#include "kudos/store.h"

enum {
    KD_SEED_KEY_MAX = 1024,             /* bytes of a row's key */
    KD_SEED_CHUNK_MAX = 4 * 1024 * 1024 /* bytes of a chunk as it is sent */
};

typedef struct {
    uint64_t seed;                    /* the copy at the source from which it was cut */
    bool last;                        /* there is no row behind it */
    bool same;                        /* the asker has these rows: they are not sent */
    uint64_t done, whole;             /* bytes of the source's disk in front of its end, and in all; about */
    uint8_t digest[KD_BACKUP_DIGEST]; /* BLAKE2b of its rows (backup_cut.h) */
    kd_bytes end;                     /* key of its last row; of a chunk without rows what the asker named */
    kd_bytes packed;
} kd_seed_chunk;

/* Appends it; `end` is at most KD_SEED_KEY_MAX long. */
void kd_seed_chunk_put(kd_buf *out, const kd_seed_chunk *chunk);
/* Takes it apart into views. KD_OK, KD_EMALFORMED, or KD_EVERSION: it begins in another way. */
int kd_seed_chunk_read(kd_bytes in, kd_seed_chunk *chunk);

/* Cuts the chunk behind that key (empty: the first one) out of a store that stands still: its rows in *rows, the key of the last one in *end, both cleared
 * first. *last: no row stands behind it. KD_OK, KD_EIO; KD_ETOOBIG: a key, or a row, that no chunk holds. */
int kd_seed_cut(const kd_store *store, kd_bytes after, kd_buf *rows, kd_buf *end, bool *last);
/* Appends the first key that stands behind `after`, as a scan begins there. */
void kd_seed_behind(kd_bytes after, kd_buf *out);
/*
 * Appends what makes a store hold these rows, and nothing else, behind `after` and up to `end`, or, where *last, up to the end of the store. `limit`: rows
 * that are deleted in one group. KD_OK; KD_EAGAIN: more are left to delete, so apply it and ask again; KD_EMALFORMED: the rows do not stand in order behind
 * `after` up to `end`; KD_EIO.
 */
int kd_seed_apply(const kd_store *store, kd_bytes after, kd_bytes end, bool last, kd_bytes rows,
                  uint32_t limit, kd_writes *writes);

#endif
