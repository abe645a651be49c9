/*
 * shards_switch.h - the new stores of an edge take the place of the old ones (edge/io/shard/shards_place.h). Each step is durable before the next one
 * begins, and a switch that was broken off at any of them goes on where it was.
 */
#ifndef KUDOS_EDGE_IO_COMMANDS_SHARDS_SWITCH_H
#define KUDOS_EDGE_IO_COMMANDS_SHARDS_SWITCH_H

#include "common/io/daemon/files.h"

/* Makes an empty shards.partial; one that was left is removed. KD_OK, or KD_EIO with `error` (KD_OPTIONS_ERROR_MAX bytes). */
int kd_shards_partial_make(const char *dir, char *error);
/* Removes shards.partial, if it is there. */
void kd_shards_partial_remove(const char *dir);
/* The stores in shards.partial, `to` of them, are the edge's from here on; they and their names are on stable storage. The caller still holds the old ones
 * open. KD_OK, or KD_EIO with `error`. */
int kd_shards_decide(const char *dir, uint32_t to, char *error);
/* Moves them to their places and removes the old ones. KD_OK; KD_EUNAVAILABLE: a process has one open; KD_EMALFORMED, KD_EIO. Again goes on. */
int kd_shards_switch(const char *dir, uint32_t to, char *error);

#endif
