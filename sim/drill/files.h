/*
 * files.h - a drill's own directory: trees made, copied, emptied; texts written at once; the end of a log; free ports.
 *
 * Errors of the drill's own directory are KD_EIO with errno; nothing here follows a link out of a tree.
 */
#ifndef KUDOS_SIM_DRILL_FILES_H
#define KUDOS_SIM_DRILL_FILES_H

#include "kudos/base.h"

/* With its parents. One that is there is fine. */
int sim_files_make(const char *directory);
/* All but the files of the name `skip` (LevelDB's LOCK). `to` is emptied first. */
int sim_files_copy(const char *from, const char *to, const char *skip);
/* One that is not there is fine. */
int sim_files_remove(const char *directory);
/* By rename: who reads it never sees half of it. */
int sim_files_write(const char *path, kd_bytes text);
/* Appended to *out; KD_ENOTFOUND, KD_EIO; at most `most` bytes, from the end. */
int sim_files_read_end(const char *path, size_t most, kd_buf *out);

/* A port of 127.0.0.1 that nobody listens at, outside of those that the machine gives to outgoing connections; 0: none found. */
uint16_t sim_files_free_port(uint64_t *random);

#endif
