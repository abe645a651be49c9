/* backup_catalogue.h - the backups at an address of an object store: which there are, and what they name. */
#ifndef KUDOS_CENTRAL_IO_BACKUP_BACKUP_CATALOGUE_H
#define KUDOS_CENTRAL_IO_BACKUP_BACKUP_CATALOGUE_H

#include "central/io/backup/backup_set.h"
#include "central/io/backup/objects.h"

enum { KD_CATALOGUE_MAX = 1024 /* backups at one address */ };

/* What a list of backups shows of one. */
typedef struct {
    char name[KD_NAME_MAX + 1], made[KD_BACKUP_MADE_MAX];
    uint32_t partitions;
    uint64_t rows, bytes;
} kd_backup_head;

typedef struct {
    kd_backup_head *at; /* oldest first; equal ones by name; freed with kd_backup_catalogue_finish */
    uint32_t count;
} kd_backup_catalogue;

/* Reads all manifests. KD_OK; KD_EMALFORMED with `error`, which names the object: one is damaged; KD_ETOOBIG; or as kd_objects_list. In any case
 * kd_backup_catalogue_finish. */
int kd_backup_catalogue_read(kd_objects *objects, kd_backup_catalogue *catalogue, char *error);
/* Frees what was read. */
void kd_backup_catalogue_finish(kd_backup_catalogue *catalogue);
/* Reads one manifest. KD_OK; KD_ENOTFOUND, KD_EMALFORMED; or as kd_objects_get; each with `error`. kd_backup_set_finish in any case. */
int kd_backup_manifest_get(kd_objects *objects, const char *name, kd_backup_set *set, char *error);
/* Gets the list of a partition, and finds its digest right. KD_OK; KD_EMALFORMED with `error`, which names the object; or as kd_objects_get. */
int kd_backup_list_get(kd_objects *objects, const kd_backup_set *set, uint32_t partition, kd_buf *list,
                       char *error);
/* As kd_backup_list_get, for a chunk of that partition. `packed`: room that is used again from call to call. */
int kd_backup_chunk_get(kd_objects *objects, uint32_t partition, const kd_backup_chunk *chunk, kd_buf *packed,
                        kd_buf *rows, char *error);

#endif
