/*
 * backup_list.h - the list of a partition in a backup: its chunks in the order of their rows.
 *
 *     "KDL1"                                   then for each chunk:
 *     digest (32) | rows be32 | bytes be32     BLAKE2b of the chunk's rows (backup_cut.h), how many there are, their length before compression
 *
 * The list is an object itself, named by its own digest; the backup's manifest names the list. A list that was read may be damaged or forged: nothing in it
 * is believed but by digest, and no chunk may be longer than KD_BACKUP_RAW_MAX.
 */
#ifndef KUDOS_COMMON_BACKUP_BACKUP_LIST_H
#define KUDOS_COMMON_BACKUP_BACKUP_LIST_H

#include "kudos/base.h"

enum {
    KD_BACKUP_DIGEST = 32,
    KD_BACKUP_RAW_MAX = 64 * 1024 * 1024,   /* bytes of a chunk: KD_BACKUP_CHUNK_MAX and a row */
    KD_BACKUP_LIST_MAX = 128 * 1024 * 1024, /* bytes of a list: some 3 million chunks */
};

typedef struct {
    uint8_t digest[KD_BACKUP_DIGEST];
    uint32_t rows, bytes;
} kd_backup_chunk;

/* Appends a chunk to the list, and its beginning before the first one. False: the list is as long as it may be. */
bool kd_backup_list_put(kd_buf *list, const kd_backup_chunk *chunk);
/* A list of no chunks gets its beginning. */
void kd_backup_list_end(kd_buf *list);

/* Whether the bytes can be a list; *reader then stands before the first chunk. */
bool kd_backup_list_begin(kd_bytes list, kd_reader *reader);
/* The next chunk. False at the end of the list; it was whole unless reader->bad. */
bool kd_backup_list_next(kd_reader *reader, kd_backup_chunk *chunk);

#endif
