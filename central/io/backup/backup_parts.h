/*
 * backup_parts.h - a backup in directories, of a central whose members share the partitions. Each member writes what it leads, on its own machine:
 *
 *     DIR/BACKUP                              what the backup is, written last (backup_manifest.h); it names the member of each partition
 *     DIR/NAME.part-MEMBER/partition-NNNN     a database of its own
 *
 * DIR may be one directory that all members have mounted, or one on each machine: no two members write below the same name. A partition that was copied
 * by two members, since it moved in between, is that of the member which BACKUP names.
 */
#ifndef KUDOS_CENTRAL_IO_BACKUP_BACKUP_PARTS_H
#define KUDOS_CENTRAL_IO_BACKUP_BACKUP_PARTS_H

#include "central/io/backup/backup_set.h"
#include "central/io/backup/restore.h"

/* A sink for the part that `member` writes of the backup `name` at `dir`, an absolute path; all borrowed. */
void kd_backup_parts_sink(kd_backup_sink *sink, const char *dir, const char *name, const char *member);

enum { KD_BACKUP_DIRS_MAX = 64 };

/* Where a backup in directories is: one, or those of the members. */
typedef struct {
    const char *const *at; /* borrowed */
    size_t count;
} kd_backup_dirs;

/* An origin of a restore: the backup at the directories, of whatever form; borrows *dirs. Its `read` refuses with KD_EINVAL what lacks a partition, or is of two
 * backups. */
void kd_backup_parts_origin(kd_restore_origin *origin, kd_backup_dirs *dirs);

#endif
