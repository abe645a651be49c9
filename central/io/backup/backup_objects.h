/*
 * backup_objects.h - a backup in an object store, as common/backup/object_name.h tells: chunks of rows and lists of chunks, named by the digests of what
 * they hold, and a manifest. What is there already is not sent again, whoever put it: an earlier backup, or one that was broken off. The manifest goes
 * last, so what was broken off is no backup; nothing that an earlier one names is ever changed.
 *
 * In memory is one chunk, and the digests of one partition's objects.
 */
#ifndef KUDOS_CENTRAL_IO_BACKUP_BACKUP_OBJECTS_H
#define KUDOS_CENTRAL_IO_BACKUP_BACKUP_OBJECTS_H

#include "central/io/backup/backup_set.h"
#include "central/io/backup/objects.h"

/*
 * A sink that makes the backup of that name; borrowed. `part`: one process begins the backup, others copy partitions into it, and some end it, each with a sink of
 * its own. Their mark stays from the beginning to the end. Ending it once more with the same set does nothing.
 */
void kd_backup_objects_sink(kd_backup_sink *sink, kd_objects *objects, const char *name, bool part);

#endif
