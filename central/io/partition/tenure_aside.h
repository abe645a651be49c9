/*
 * tenure_aside.h - the store of a follower that has lost its way, while it is made anew: from the log, or as a copy of another member's.
 *
 *     DATA/partition-NNNN -> DATA/aside-NNNN; an empty partition-NNNN reads the log; it agrees: aside-NNNN is deleted
 *     DATA/seeding-NNNN, a copy that gets whole, exchanges names with DATA/partition-NNNN, which becomes DATA/aside-NNNN
 *
 * Half a copy is never under the name of a partition: it counts for nothing.
 */
#ifndef KUDOS_CENTRAL_IO_PARTITION_TENURE_ASIDE_H
#define KUDOS_CENTRAL_IO_PARTITION_TENURE_ASIDE_H

#include "central/io/partition/tenure.h"

/* Of a tenure that is not held: its store is set aside, in place of one that was before. KD_OK, or KD_EIO with `error` (KD_OPTIONS_ERROR_MAX bytes). */
int kd_tenure_set_aside(const kd_tenure *t, char *error);
/* Writes DATA/seeding-NNNN, where the copy of a partition is made, into `out`. */
void kd_tenure_seed_path(char *out, size_t size, const char *data_dir, uint32_t partition);
/* Of a tenure that is not held: the copy, which is whole and closed, takes the place of its store, which is set aside. KD_OK, or KD_EIO with `error`; a
 * whole store, the old one or the new one, is then in its place, or, on a file system that cannot exchange names, none. */
int kd_tenure_put_seed(const kd_tenure *t, char *error);
/* Deletes what was set aside, by this process or an earlier one; nothing where there is nothing. Takes as long as the file system does. */
void kd_tenure_drop_aside(const kd_tenure *t);

#endif
