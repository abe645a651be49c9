/* backup_manifest.h - writes the file BACKUP of a backup; backup_set.h has the reading of it. */
#ifndef KUDOS_CENTRAL_IO_BACKUP_BACKUP_MANIFEST_H
#define KUDOS_CENTRAL_IO_BACKUP_BACKUP_MANIFEST_H

#include "central/io/backup/backup_set.h"

/* Writes and syncs DIR/BACKUP, which must not be there. KD_OK, or KD_EIO with `error`. libsodium is initialised. */
int kd_backup_manifest_write(const char *dir, const kd_backup_set *set, char *error);

#endif
