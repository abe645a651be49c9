/*
 * stopped.h - the stores of an edge that does not run, for the commands of an operator. Opened as a start does: refused while
 * a process has them, an incarnation is minted, and rows that the journal stands for are written. Nothing is sent or heard.
 */
#ifndef KUDOS_EDGE_IO_COMMANDS_STOPPED_H
#define KUDOS_EDGE_IO_COMMANDS_STOPPED_H

#include "edge/io/daemon/settings.h"
#include "kudos/edge.h"

typedef struct kd_stopped kd_stopped;

/* Of a configuration file, or without one the defaults. KD_OK, or KD_EINVAL with *error; then nothing is to be finished. */
int kd_stopped_settings(kd_settings *settings, const char *file, char *error);

/* KD_EXIT_OK and *out, or an exit code with *error (KD_OPTIONS_ERROR_MAX bytes). `settings` must outlive it: counters and buffers are taken from there. */
int kd_stopped_open(kd_stopped **out, const char *dir, const kd_settings *settings, char *error);
void kd_stopped_close(kd_stopped *s); /* NULL is fine */

const kd_edge_stored *kd_stopped_is(const kd_stopped *s);
/* Of shard n. */
kd_edge *kd_stopped_shard(const kd_stopped *s, uint32_t n);
/* Writes, synced, what the cores have to write. KD_OK or KD_EIO. */
int kd_stopped_settle(kd_stopped *s);

#endif
