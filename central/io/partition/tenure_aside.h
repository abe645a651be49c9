/*
 * tenure_aside.h - the store of a follower that has lost its way, while it is made anew.
 *
 *     DATA/partition-NNNN -> DATA/aside-NNNN; an empty partition-NNNN reads the log; it agrees: aside-NNNN is deleted
 */
#ifndef KUDOS_CENTRAL_IO_PARTITION_TENURE_ASIDE_H
#define KUDOS_CENTRAL_IO_PARTITION_TENURE_ASIDE_H

#include "central/io/partition/tenure.h"

/* Of a tenure that is not held: its store is set aside, in place of one that was before. KD_OK, or KD_EIO with `error` (KD_OPTIONS_ERROR_MAX bytes). */
int kd_tenure_set_aside(const kd_tenure *t, char *error);
/* Deletes what was set aside, by this process or an earlier one; nothing where there is nothing. Takes as long as the file system does. */
void kd_tenure_drop_aside(const kd_tenure *t);

#endif
