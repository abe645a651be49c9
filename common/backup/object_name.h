/*
 * object_name.h - names of what a backup in an object store is made of, below the prefix of its address:
 *
 *     backups/NAME                    the manifest (central/io/backup/backup_manifest.h), written last: it makes the backup
 *     partition-NNNN/DIGEST.rows      a chunk of rows (backup_cut.h), compressed (zlib)
 *     partition-NNNN/DIGEST.list      the list of the chunks of a partition (backup_list.h)
 *     running/backup-NAME             somebody makes that backup, or
 *     running/prune-NAME              removes old ones (central/io/backup/mark.h)
 */
#ifndef KUDOS_COMMON_BACKUP_OBJECT_NAME_H
#define KUDOS_COMMON_BACKUP_OBJECT_NAME_H

#include "common/backup/backup_list.h"
#include "kudos/limits.h"

enum {
    KD_BUCKET_MAX = 63,
    KD_OBJECT_PREFIX_MAX = 512,
    KD_OBJECT_NAME_MAX = 128, /* with the NUL, without the prefix */
};
#define KD_OBJECT_SCHEME "s3://"
#define KD_OBJECT_SCHEME_DIR "file://"
#define KD_OBJECT_BACKUPS "backups/"
#define KD_OBJECT_RUNNING "running/"

/* s3://BUCKET or s3://BUCKET/PREFIX. */
typedef struct {
    char bucket[KD_BUCKET_MAX + 1];
    char prefix[KD_OBJECT_PREFIX_MAX + 2]; /* empty, or with a slash at its end */
} kd_object_place;

typedef enum { KD_OBJECT_ROWS, KD_OBJECT_LIST } kd_object_kind;

/* Whether the text is an address of an object store rather than a path: s3://... or file://... */
bool kd_object_place_is(const char *text);
/* Whether it is one of a directory: file:///DIR. */
bool kd_object_place_is_dir(const char *text);
/* The absolute path of such an address, within the text; NULL: it is none. */
const char *kd_object_place_dir(const char *text);
/* KD_OK; KD_EINVAL: no such address. A bucket is [a-z0-9][a-z0-9.-]{2,62}; a prefix is made of [A-Za-z0-9._-] and single slashes, so that no client,
 * server or page reads it in two ways, and no segment of it is . or .. */
int kd_object_place_parse(kd_object_place *place, const char *text);

/* The name of an object of a partition; returns `out`. */
const char *kd_object_name(char out[KD_OBJECT_NAME_MAX], uint32_t partition, kd_object_kind kind,
                           const uint8_t digest[KD_BACKUP_DIGEST]);
/* Where the objects of a partition lie, with a slash at its end; returns `out`. */
const char *kd_object_folder(char out[KD_OBJECT_NAME_MAX], uint32_t partition);
/* Takes the name of an object in such a folder apart, given without the folder. False: it is none of ours. */
bool kd_object_name_parse(kd_bytes name, kd_object_kind *kind, uint8_t digest[KD_BACKUP_DIGEST]);

#endif
