/*
 * backup_manifest.h - what a backup is, as text: the file BACKUP of a directory, the object backups/NAME of an object store. It is written last, and
 * makes the backup.
 *
 *     kudos-backup 1                             2: of an object store; 3: of directories that several members wrote
 *     name NAME
 *     made 2026-01-02T03:04:05Z
 *     partitions N
 *     partition P rows R bytes B digest HEX      N times; with 2 and ` list HEX`, the digest of its list (backup_list.h);
 *                                                with 3 and ` part MEMBER`, who wrote it (backup_parts.h)
 *     digest HEX                                 BLAKE2b of all above
 */
#ifndef KUDOS_CENTRAL_IO_BACKUP_BACKUP_MANIFEST_H
#define KUDOS_CENTRAL_IO_BACKUP_BACKUP_MANIFEST_H

#include "central/io/backup/backup_set.h"

enum { KD_BACKUP_MANIFEST_MAX = 2 * 1024 * 1024 };

/* Appends the text. libsodium is initialised. */
void kd_backup_manifest_put(kd_buf *text, const kd_backup_set *set);
/* Reads it; the text is changed. KD_OK or KD_EMALFORMED. kd_backup_set_finish in any case. libsodium is initialised. */
int kd_backup_manifest_read(kd_buf *text, kd_backup_set *set);

/* Appends the line of one partition, with its end. A member tells by it what it copied. */
void kd_backup_manifest_put_partition(kd_buf *text, const kd_backup_set *set, uint32_t partition);
/* Reads such a line, of whatever partition of the set, which has its number of partitions and its sums; makes lists and parts where the line has them. False: it is none. */
bool kd_backup_manifest_read_partition(const char *line, kd_backup_set *set, uint32_t *partition);

#endif
