/* backup_manifest.h - the file BACKUP of a backup: lines of words, the last one a digest of those before. */
#ifndef KUDOS_CENTRAL_IO_BACKUP_BACKUP_MANIFEST_H
#define KUDOS_CENTRAL_IO_BACKUP_BACKUP_MANIFEST_H

#include "central/io/backup/backup_set.h"

int kd_backup_manifest_write(const char *dir, const kd_backup_set *set, char *error);

#endif
