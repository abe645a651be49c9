/*
 * leveldb_fault.h - LevelDB maps its tables into memory, so a disk that cannot read a page of a table raises SIGBUS instead of returning an error.
 * The handler ends the process with the cause: an event `storage-failed` in the log, a last line on standard error, exit code 1. Used by
 * leveldb_store.c alone.
 */
#ifndef KUDOS_COMMON_IO_LEVELDB_LEVELDB_FAULT_H
#define KUDOS_COMMON_IO_LEVELDB_LEVELDB_FAULT_H

/* Installs the handler of SIGBUS for the process; again does nothing. Any thread. */
void kd_leveldb_fault_install(void);

#endif
