/*
 * shard_open.h - a shard's directory: its store and its core are opened, and where the store does not fit the configuration, the error says what to
 * change.
 */
#ifndef KUDOS_EDGE_IO_SHARD_SHARD_OPEN_H
#define KUDOS_EDGE_IO_SHARD_SHARD_OPEN_H

#include "edge/io/shard/shard.h"

/* Fills s->db and s->base.edge, which end with kd_shard_destroy also after an error. KD_OK, or an error as of kd_shard_create with its text in
 * `error`. */
int kd_shard_open(kd_shard *s, char *error);

#endif
