/* restore_objects.h - a restore out of an object store: the chunks of each partition, verified one by one, into a database. */
#ifndef KUDOS_CENTRAL_IO_BACKUP_RESTORE_OBJECTS_H
#define KUDOS_CENTRAL_IO_BACKUP_RESTORE_OBJECTS_H

#include "central/io/backup/objects.h"
#include "central/io/backup/restore.h"

typedef struct {
    kd_objects *objects;
    const char *name; /* of the backup; NULL: the newest */
} kd_restore_objects;

/* An origin of a restore; borrows *from for its life. */
void kd_restore_objects_origin(kd_restore_origin *origin, kd_restore_objects *from);

#endif
