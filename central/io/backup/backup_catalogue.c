/* backup_catalogue.c - see the header. */
#include "central/io/backup/backup_catalogue.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/io/backup/backup_manifest.h"
#include "central/io/backup/object_pack.h"
#include "common/base/text.h"

static int catalogue_damaged(const kd_objects *objects, const char *name, char *error)
{
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.300s is damaged: %s does not hold what was saved",
             kd_objects_address(objects), name);
    return KD_EMALFORMED;
}

/* ---- objects by digest ---- */

static int catalogue_get(kd_objects *objects, const char *name, const uint8_t digest[KD_BACKUP_DIGEST],
                         size_t max, kd_buf *packed, kd_buf *raw, char *error)
{
    uint8_t found[KD_BACKUP_DIGEST];
    int err = kd_objects_get(objects, name, kd_object_packed_max(max), packed, error);
    if (err == KD_ENOTFOUND) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.300s is damaged: %s is not there",
                 kd_objects_address(objects), name);
        return KD_EMALFORMED;
    }
    if (err != KD_OK) return err;
    if (!kd_object_unpack(kd_buf_view(packed), max, raw)) return catalogue_damaged(objects, name, error);
    crypto_generichash(found, sizeof found, raw->data, raw->len, NULL, 0);
    return memcmp(found, digest, sizeof found) == 0 ? KD_OK : catalogue_damaged(objects, name, error);
}

int kd_backup_list_get(kd_objects *objects, const kd_backup_set *set, uint32_t partition, kd_buf *list,
                       char *error)
{
    char name[KD_OBJECT_NAME_MAX];
    kd_buf packed = {0};
    kd_object_name(name, partition, KD_OBJECT_LIST, set->lists[partition]);
    int err = catalogue_get(objects, name, set->lists[partition], KD_BACKUP_LIST_MAX, &packed, list, error);
    kd_buf_finish(&packed);
    return err;
}

int kd_backup_chunk_get(kd_objects *objects, uint32_t partition, const kd_backup_chunk *chunk, kd_buf *packed,
                        kd_buf *rows, char *error)
{
    char name[KD_OBJECT_NAME_MAX];
    kd_object_name(name, partition, KD_OBJECT_ROWS, chunk->digest);
    return catalogue_get(objects, name, chunk->digest, chunk->bytes, packed, rows, error);
}

/* ---- manifests ---- */

int kd_backup_manifest_get(kd_objects *objects, const char *name, kd_backup_set *set, char *error)
{
    char object[KD_OBJECT_NAME_MAX];
    kd_buf text = {0};
    *set = (kd_backup_set){.partitions = 0};
    snprintf(object, sizeof object, KD_OBJECT_BACKUPS "%s", name);
    int err = kd_objects_get(objects, object, KD_BACKUP_MANIFEST_MAX, &text, error);
    if (err == KD_OK &&
        (kd_backup_manifest_read(&text, set) != KD_OK || !set->lists || strcmp(set->name, name) != 0))
        err = catalogue_damaged(objects, object, error);
    if (err == KD_ENOTFOUND)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.300s: there is no backup %s", kd_objects_address(objects),
                 name);
    kd_buf_finish(&text);
    return err;
}

typedef struct {
    kd_objects *objects;
    kd_backup_catalogue *catalogue;
} catalogue_reading;

static void catalogue_head(kd_backup_head *head, const kd_backup_set *set)
{
    *head = (kd_backup_head){.partitions = set->partitions};
    memcpy(head->name, set->name, sizeof head->name);
    memcpy(head->made, set->made, sizeof head->made);
    for (uint32_t p = 0; p < set->partitions; p++) {
        head->rows += set->at[p].rows;
        head->bytes += set->at[p].bytes;
    }
}

/* Objects with other names are not ours. */
static int catalogue_take(void *arg, const kd_object_seen *seen, char *error)
{
    const catalogue_reading *r = arg;
    char name[KD_NAME_MAX + 1];
    kd_backup_set set;
    if (seen->name.len > KD_NAME_MAX || !kd_name_valid(seen->name)) return KD_OK;
    if (r->catalogue->count == KD_CATALOGUE_MAX) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.300s: more than %d backups: prune them",
                 kd_objects_address(r->objects), KD_CATALOGUE_MAX);
        return KD_ETOOBIG;
    }
    snprintf(name, sizeof name, "%.*s", KD_PRINT(seen->name));
    int err = kd_backup_manifest_get(r->objects, name, &set, error);
    if (err == KD_OK) catalogue_head(&r->catalogue->at[r->catalogue->count++], &set);
    kd_backup_set_finish(&set);
    return err == KD_ENOTFOUND ? KD_OK : err; /* it was removed meanwhile */
}

static int catalogue_order(const void *left, const void *right)
{
    const kd_backup_head *a = left, *b = right;
    int order = strcmp(a->made, b->made);
    return order != 0 ? order : strcmp(a->name, b->name);
}

int kd_backup_catalogue_read(kd_objects *objects, kd_backup_catalogue *catalogue, char *error)
{
    catalogue_reading r = {.objects = objects, .catalogue = catalogue};
    *catalogue = (kd_backup_catalogue){.at = kd_alloc(KD_CATALOGUE_MAX * sizeof(kd_backup_head))};
    int err = kd_objects_list(objects, KD_OBJECT_BACKUPS, catalogue_take, &r, error);
    qsort(catalogue->at, catalogue->count, sizeof *catalogue->at, catalogue_order);
    return err;
}

void kd_backup_catalogue_finish(kd_backup_catalogue *catalogue)
{
    free(catalogue->at);
    *catalogue = (kd_backup_catalogue){.count = 0};
}
