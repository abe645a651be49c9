/* backup_objects.c - see the header. */
#include "central/io/backup/backup_objects.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/io/backup/backup_manifest.h"
#include "central/io/backup/mark.h"
#include "central/io/backup/object_pack.h"
#include "common/backup/backup_cut.h"
#include "common/backup/digests.h"

typedef struct {
    kd_objects *objects;
    kd_mark mark;
    char name[KD_NAME_MAX + 1];
    uint64_t count, new_count;
    bool part;     /* others work at this backup, too */
    bool in_doubt; /* the manifest may be there, though it must not */
    /* Of the partition under way. */
    uint32_t partition;
    kd_digests there;
    kd_buf chunk, packed, list;
    uint32_t rows;
    uint8_t kind; /* the first byte of the last row's key */
    char *error;
    bool failed; /* `error` says why: not the store of rows */
} backup_objects;

/* ---- one object ---- */

/* Sends it unless it is there. */
static int backup_objects_store(backup_objects *b, kd_object_kind kind, kd_bytes raw,
                                uint8_t digest[KD_BACKUP_DIGEST])
{
    char name[KD_OBJECT_NAME_MAX];
    crypto_generichash(digest, KD_BACKUP_DIGEST, raw.data, raw.len, NULL, 0);
    b->count++;
    int err = kd_mark_keep(&b->mark, b->error);
    if (err != KD_OK || kd_digests_has(&b->there, digest)) return err;
    kd_object_pack(raw, &b->packed);
    err = kd_objects_put(b->objects, kd_object_name(name, b->partition, kind, digest),
                         kd_buf_view(&b->packed), b->error);
    if (err != KD_OK) return err;
    b->new_count++;
    if (kd_digests_add(&b->there, digest)) return KD_OK;
    snprintf(b->error, KD_OPTIONS_ERROR_MAX, "partition %u: more than %d objects: prune old backups",
             b->partition, KD_DIGESTS_MAX);
    return KD_ETOOBIG;
}

static int backup_objects_end_chunk(backup_objects *b)
{
    kd_backup_chunk chunk = {.rows = b->rows, .bytes = (uint32_t)b->chunk.len};
    if (b->rows == 0) return KD_OK;
    int err = backup_objects_store(b, KD_OBJECT_ROWS, kd_buf_view(&b->chunk), chunk.digest);
    kd_buf_clear(&b->chunk);
    b->rows = 0;
    if (err == KD_OK && !kd_backup_list_put(&b->list, &chunk)) {
        snprintf(b->error, KD_OPTIONS_ERROR_MAX, "partition %u is too large for the list of one backup",
                 b->partition);
        err = KD_ETOOBIG;
    }
    b->failed = err != KD_OK;
    return err;
}

/* ---- one partition ---- */

static int backup_objects_take_row(void *arg, kd_bytes key, kd_bytes value)
{
    backup_objects *b = arg;
    const uint8_t kind = key.len > 0 ? key.data[0] : 0;
    int err = b->rows > 0 && kd_backup_cut_between(b->kind, kind) ? backup_objects_end_chunk(b) : KD_OK;
    if (err != KD_OK) return err;
    b->kind = kind;
    kd_backup_row_put(&b->chunk, key, value);
    b->rows++;
    return kd_backup_cut_after(b->chunk.len, key) ? backup_objects_end_chunk(b) : KD_OK;
}

static int backup_objects_note_there(void *arg, const kd_object_seen *seen, char *error)
{
    backup_objects *b = arg;
    kd_object_kind kind;
    uint8_t digest[KD_BACKUP_DIGEST];
    int err = kd_mark_keep(&b->mark, error); /* a list may be long */
    if (err != KD_OK) return err;
    if (!kd_object_name_parse(seen->name, &kind, digest) || kd_digests_add(&b->there, digest)) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u: more than %d objects: prune old backups",
             b->partition, KD_DIGESTS_MAX);
    return KD_ETOOBIG;
}

static int backup_objects_copy_rows(backup_objects *b, const kd_backup_rows *rows, kd_backup_set *set)
{
    int err = kd_backup_rows_each(rows, backup_objects_take_row, b, &set->at[b->partition]);
    if (err == KD_OK) err = backup_objects_end_chunk(b);
    if (err == KD_OK) {
        kd_backup_list_end(&b->list);
        err = backup_objects_store(b, KD_OBJECT_LIST, kd_buf_view(&b->list), set->lists[b->partition]);
        b->failed = err != KD_OK;
    }
    if (err != KD_OK && !b->failed)
        snprintf(b->error, KD_OPTIONS_ERROR_MAX, "partition %u: %s", b->partition,
                 err == KD_EAGAIN ? "given up, since central is stopping" : "the store could not be read");
    return err;
}

/* What was sent so far, of all partitions. */
static void backup_objects_sum_up(const backup_objects *b, kd_backup_set *set)
{
    set->objects = b->count;
    set->new_objects = b->new_count;
    set->sent_bytes = kd_objects_sent_bytes(b->objects);
}

static int backup_objects_copy(void *arg, const kd_backup_rows *rows, kd_backup_set *set, char *error)
{
    backup_objects *b = arg;
    char folder[KD_OBJECT_NAME_MAX];
    if (!set->lists) set->lists = kd_alloc(sizeof(*set->lists) * set->partitions);
    b->partition = rows->partition;
    b->error = error;
    b->failed = false;
    b->rows = 0;
    kd_buf_clear(&b->chunk);
    kd_buf_clear(&b->list);
    kd_digests_finish(&b->there);
    int err = kd_mark_keep(&b->mark, error);
    if (err == KD_OK)
        err = kd_objects_list(b->objects, kd_object_folder(folder, b->partition), backup_objects_note_there,
                              b, error);
    if (err == KD_OK) err = backup_objects_copy_rows(b, rows, set);
    backup_objects_sum_up(b, set);
    return err;
}

/* ---- the whole ---- */

static void backup_objects_manifest(const backup_objects *b, char out[KD_OBJECT_NAME_MAX])
{
    snprintf(out, KD_OBJECT_NAME_MAX, KD_OBJECT_BACKUPS "%s", b->name);
}

/* Also shows, before central hears of the backup, that the store can be reached and takes our key. */
static int backup_objects_check(void *arg, char *error)
{
    backup_objects *b = arg;
    char name[KD_OBJECT_NAME_MAX];
    backup_objects_manifest(b, name);
    kd_buf_clear(&b->chunk);
    int err = kd_objects_get(b->objects, name, KD_BACKUP_MANIFEST_MAX, &b->chunk, error);
    if (err == KD_ENOTFOUND) return KD_OK;
    if (err == KD_OK)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.300s: there is a backup %s", kd_objects_address(b->objects),
                 b->name);
    return err == KD_OK || err == KD_ETOOBIG ? KD_EINVAL : err;
}

static int backup_objects_begin(void *arg, char *error)
{
    backup_objects *b = arg;
    return kd_mark_begin(&b->mark, b->objects, KD_MARK_BACKUP, b->name, error);
}

static int backup_objects_join(void *arg, char *error)
{
    backup_objects *b = arg;
    return kd_mark_join(&b->mark, b->objects, b->name, error);
}

static int backup_objects_put_manifest(backup_objects *b, const char *name, kd_bytes text, char *error)
{
    int err = b->part ? backup_objects_join(b, error) : kd_mark_keep(&b->mark, error);
    b->in_doubt = err == KD_OK; /* an answer that was lost says nothing about the object */
    if (err == KD_OK) err = kd_objects_put(b->objects, name, text, error);
    return err == KD_OK ? kd_mark_held(&b->mark, error) : err;
}

/* Whether another member has ended the backup with the same manifest. */
static bool backup_objects_ended(backup_objects *b, const char *name, kd_bytes text)
{
    char ignored[KD_OPTIONS_ERROR_MAX];
    kd_buf_clear(&b->chunk);
    return b->part && kd_objects_get(b->objects, name, KD_BACKUP_MANIFEST_MAX, &b->chunk, ignored) == KD_OK &&
           kd_bytes_eq(kd_buf_view(&b->chunk), text);
}

static int backup_objects_end(void *arg, kd_backup_set *set, char *error)
{
    backup_objects *b = arg;
    char name[KD_OBJECT_NAME_MAX];
    kd_buf text = {0};
    int err = KD_OK;
    backup_objects_manifest(b, name);
    kd_backup_manifest_put(&text, set);
    if (!backup_objects_ended(b, name, kd_buf_view(&text)))
        err = backup_objects_put_manifest(b, name, kd_buf_view(&text), error);
    kd_buf_finish(&text);
    backup_objects_sum_up(b, set);
    if (err == KD_OK) b->part = false; /* the manifest names all that is there: the mark may go */
    return err;
}

static bool backup_objects_abandon(void *arg)
{
    backup_objects *b = arg;
    char name[KD_OBJECT_NAME_MAX], ignored[KD_OPTIONS_ERROR_MAX];
    backup_objects_manifest(b, name);
    b->part = false; /* nothing goes on that the mark protects */
    if (!b->in_doubt) return true;
    return kd_objects_remove(b->objects, name, ignored) == KD_OK;
}

static void backup_objects_close(void *arg)
{
    backup_objects *b = arg;
    if (!b->part) kd_mark_clear(&b->mark);
    kd_digests_finish(&b->there);
    kd_buf_finish(&b->chunk);
    kd_buf_finish(&b->packed);
    kd_buf_finish(&b->list);
    free(b);
}

void kd_backup_objects_sink(kd_backup_sink *sink, kd_objects *objects, const char *name, bool part)
{
    backup_objects *b = kd_alloc(sizeof(*b));
    b->objects = objects;
    b->part = part;
    snprintf(b->name, sizeof(b->name), "%s", name);
    *sink = (kd_backup_sink){.arg = b,
                             .check = backup_objects_check,
                             .begin = backup_objects_begin,
                             .join = backup_objects_join,
                             .copy = backup_objects_copy,
                             .end = backup_objects_end,
                             .abandon = backup_objects_abandon,
                             .close = backup_objects_close};
}
