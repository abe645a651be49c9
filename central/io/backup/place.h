/*
 * place.h - where a backup or a restored copy may be put: in a directory of its own. Not in a data directory, a backup or a database, which would
 * then have a stranger in it; and not over a directory that has one below it, which would be moved away with it.
 */
#ifndef KUDOS_CENTRAL_IO_BACKUP_PLACE_H
#define KUDOS_CENTRAL_IO_BACKUP_PLACE_H

#include "common/io/daemon/files.h"

/* What kd_place_lies_in found, said of a backup: the path, and what it lies in. */
#define KD_PLACE_LIES_IN                                                                                     \
    "%.300s lies in %.300s, a database, a data directory or a backup; a backup wants a directory of its own"

/* Whether `path`, which need not be there, is a database, or lies in one or in a data directory or backup of central's. `found` (KD_PATH_MAX bytes) is
 * then that directory, as the system names it. Looks at no lock: central, which asks about its own directory, would lose its locks by that. */
bool kd_place_lies_in(const char *path, char *found);

typedef enum {
    KD_PLACE_OWN, /* nothing is there; or files and directories; and partitions, what was set aside of them, and copies at most */
    KD_PLACE_HELD,    /* another process holds a database there */
    KD_PLACE_HOLDS,   /* there is a database deeper in it, or one that is no partition */
    KD_PLACE_CONCEALS /* a directory there cannot be read, and may hold anything */
} kd_place_content;

/* Looks through all that is at `path` and below it. Unless KD_PLACE_OWN, `found` (KD_PATH_MAX bytes) is the directory that was in the way; of a
 * partition of `path` it is `path`. Not for a directory that this process has open. */
kd_place_content kd_place_look_through(const char *path, char *found);

#endif
