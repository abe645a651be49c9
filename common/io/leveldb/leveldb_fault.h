/*
 * leveldb_fault.h - LevelDB maps its tables into memory, so a disk that cannot read one does not answer with an error but
 * ends the process by SIGBUS. This makes it end by name: an event in the log, a last line on standard error, exit code 1. Used by
 * leveldb_store.c alone.
 */
#ifndef KUDOS_COMMON_IO_LEVELDB_LEVELDB_FAULT_H
#define KUDOS_COMMON_IO_LEVELDB_LEVELDB_FAULT_H

/* Once for the process; again does nothing. */
void kd_leveldb_fault_install(void);

#endif
