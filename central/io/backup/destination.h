/* destination.h - what an operator calls a place for backups: a directory, or an address of an object store (s3://BUCKET/PREFIX). */
#ifndef KUDOS_CENTRAL_IO_BACKUP_DESTINATION_H
#define KUDOS_CENTRAL_IO_BACKUP_DESTINATION_H

#include "central/io/backup/backup_set.h"
#include "central/io/backup/objects.h"

typedef struct {
    kd_backup_sink sink;
    kd_objects *objects; /* NULL: a directory */
} kd_destination;

/* For the backup of that name, or (`member` not NULL) the part of it that this member writes. KD_EINVAL with `error`: no such place can be. All is borrowed; `go_on` false: what waits is given up. kd_destination_close
 * after KD_OK. */
int kd_destination_open(kd_destination *destination, const char *where, const char *name, const char *member,
                        const kd_central_settings *settings, bool (*go_on)(void *arg), void *arg,
                        char *error);
/* Ends the sink, too. */
void kd_destination_close(kd_destination *destination);

#endif
