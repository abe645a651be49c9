/*
 * leveldb_log.h - reads the records of a file in LevelDB's log format (its write-ahead logs and its MANIFEST)
 * without LevelDB, and says of zeros what LevelDB passes over in silence. Used by leveldb_check.c alone.
 *
 *     block: 32768 bytes of    crc u32 | length u16 | type u8 | data      little-endian; a rest below 7 bytes is unused
 *     type:  1 a whole record, 2 its first part, 3 one in the middle, 4 the last
 *
 * Checksums are LevelDB's to verify, which opens the files afterwards.
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
    bool torn;         /* at the end: it ends inside a record, as a crash leaves it */
    kd_buf record;
    uint8_t block[KD_LEVELDB_BLOCK];
} kd_leveldb_log;

/* KD_OK and the next record in `record`; KD_ENOTFOUND at the end; KD_EMALFORMED or KD_EIO and what is wrong where. */
int kd_leveldb_log_next(kd_leveldb_log *log, char *err, size_t size);
void kd_leveldb_log_finish(kd_leveldb_log *log);

#endif
