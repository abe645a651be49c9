/*
 * leveldb_table.h - the highest number of an operation that a table of LevelDB holds: each key in a table ends with the number
 * of the operation that wrote it. Used by leveldb_check.c alone, for the few tables that were written last.
 *
 *     table:  data blocks ... | index block | footer 48:  handle of the meta index | handle of the index | zeros | magic u64
 *     handle: offset, size; varints. In the file a block is followed by its compression u8 and checksum u32
 *     block:  entries: shared, unshared, value length; varints | unshared bytes of the key | value
 *             | restart points u32... | how many u32                                                       little-endian
 *     key:    the user's | type u8 | number 7 bytes; an entry has the first `shared` bytes of the key before it
 *
 * Checksums are not verified here: LevelDB does so when it reads.
 */
#ifndef KUDOS_COMMON_IO_LEVELDB_LEVELDB_TABLE_H
#define KUDOS_COMMON_IO_LEVELDB_LEVELDB_TABLE_H

#include "kudos/base.h"

/* KD_OK and *last. KD_EMALFORMED: no table, or one with compressed blocks, which this does not read. KD_EIO with errno. Leaves fd open. */
int kd_leveldb_table_last(int fd, uint64_t *last);

#endif
