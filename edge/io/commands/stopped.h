/*
 * stopped.h - the stores and cores of an edge that does not run, for commands of an operator. They are opened as at a start: refused while a process
 * has them open, an incarnation is minted, and rows that only the journal holds are written. Nothing is sent to Kafka or central, and nothing is
 * received.
 */
#ifndef KUDOS_EDGE_IO_COMMANDS_STOPPED_H
#define KUDOS_EDGE_IO_COMMANDS_STOPPED_H

#include "edge/io/daemon/settings.h"
#include "kudos/edge.h"

typedef struct kd_stopped kd_stopped;

/* Loads the configuration `file`, or the defaults where it is NULL; ends with kd_options_finish. KD_OK; KD_EINVAL with `error` (KD_OPTIONS_ERROR_MAX
 * bytes), and then there is nothing to finish. */
int kd_stopped_settings(kd_settings *settings, const char *file, char *error);

/* Opens all shards in data directory `dir`. KD_EXIT_OK and *out, or another exit code with `error` (KD_OPTIONS_ERROR_MAX bytes): KD_EXIT_UNAVAILABLE
 * where a process has them open. `settings` is borrowed until kd_stopped_close. */
int kd_stopped_open(kd_stopped **out, const char *dir, const kd_settings *settings, char *error);
/* NULL is fine. Writes nothing. */
void kd_stopped_close(kd_stopped *s);

/* The edge's name, partitions and number of shards, as the first store tells them. The object's. */
const kd_edge_stored *kd_stopped_is(const kd_stopped *s);
/* The core of shard n, below kd_stopped_is()->shards. The object's. */
kd_edge *kd_stopped_shard(const kd_stopped *s, uint32_t n);
/* Commits, synced, all groups that the cores have gathered. KD_OK or KD_EIO. */
int kd_stopped_settle(kd_stopped *s);

#endif
