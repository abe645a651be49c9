/*
 * leveldb_log.h - reads the records of a file in LevelDB's log format (its write-ahead logs and its MANIFEST)
 * without LevelDB. LevelDB silently skips zeros in place of a record; here they are KD_EMALFORMED. Used by leveldb_check.c alone.
 *
 *     block: 32768 bytes of    crc u32 | length u16 | type u8 | data      little-endian; a rest below 7 bytes is unused
 *     type:  1 a whole record, 2 its first part, 3 one in the middle, 4 the last
 *
 * Checksums are not verified here: LevelDB does so when it opens the files afterwards.
 */
#ifndef KUDOS_COMMON_IO_LEVELDB_LEVELDB_LOG_H
#define KUDOS_COMMON_IO_LEVELDB_LEVELDB_LOG_H

#include "kudos/base.h"

enum { KD_LEVELDB_BLOCK = 32768 };

/* Zero-initialise, set `fd`, finish with kd_leveldb_log_finish (which leaves fd open). */
typedef struct {
    int fd;
    uint64_t block_at; /* offset of the block in the file */
    size_t len, pos;   /* of the block */
    bool last;         /* no block follows */
    bool torn;         /* after KD_ENOTFOUND: the file ends inside a record, as a crash leaves it */
    kd_buf record;     /* the record read last */
    uint8_t block[KD_LEVELDB_BLOCK];
} kd_leveldb_log;

/* KD_OK and the next record in log->record; KD_ENOTFOUND at the end; KD_EMALFORMED or KD_EIO, and `err` gets cause and place. */
int kd_leveldb_log_next(kd_leveldb_log *log, char *err, size_t size);
void kd_leveldb_log_finish(kd_leveldb_log *log); /* frees the record */

#endif
