/*
 * files.h - a drill's own directory: trees made, copied, emptied; texts written at once; the end of a log; free ports.
 *
 * Errors of the drill's own directory are KD_EIO with errno; nothing here follows a link out of a tree.
 */
#ifndef KUDOS_SIM_DRILL_FILES_H
#define KUDOS_SIM_DRILL_FILES_H

#include "kudos/base.h"

/* Makes a directory with its parents. KD_OK also when it is there already. */
int sim_files_make(const char *directory);
/* Copies all files of `from` but those of the name `skip` (LevelDB's LOCK). `to` is emptied first. */
int sim_files_copy(const char *from, const char *to, const char *skip);
/* Removes a directory with its content. KD_OK also when it is not there. */
int sim_files_remove(const char *directory);
/* Writes a file by rename, so that no reader sees half of it. */
int sim_files_write(const char *path, kd_bytes text);
/* Appends the last `most` bytes of the file, or all if it is shorter, to *out. KD_ENOTFOUND, KD_EIO. */
int sim_files_read_end(const char *path, size_t most, kd_buf *out);

/* A port of 127.0.0.1 that nobody listens at, outside of those that the machine gives to outgoing connections; 0: none found. */
uint16_t sim_files_free_port(uint64_t *random);

#endif
