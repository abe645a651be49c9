/* prune.c - see the header. */
#include "central/io/backup/prune.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "central/io/backup/backup_catalogue.h"
#include "central/io/backup/mark.h"
#include "common/backup/digests.h"
#include "common/base/text.h"

typedef struct {
    const kd_prune_source *source;
    kd_pruned *pruned;
    kd_mark mark;
    kd_backup_catalogue all;
    kd_backup_set kept[KD_BACKUPS_MAX];
    uint32_t kept_count, partitions;
    /* Of the partition under way. */
    uint32_t partition;
    kd_digests named;
} prune;

/* ---- which backups ---- */

static bool prune_keeps(const prune *p, uint32_t i)
{
    const kd_prune_source *s = p->source;
    return s->name ? strcmp(p->all.at[i].name, s->name) != 0 : p->all.count - i <= s->keep;
}

/* All that are kept are read before any is removed: without their lists nothing may be. */
static int prune_read_kept(prune *p, char *error)
{
    int err = KD_OK;
    for (uint32_t i = 0; err == KD_OK && i < p->all.count; i++) {
        p->partitions = KD_MAX(p->partitions, p->all.at[i].partitions);
        if (!prune_keeps(p, i)) continue;
        if (p->kept_count == KD_BACKUPS_MAX) {
            snprintf(error, KD_OPTIONS_ERROR_MAX, "more than %d backups would be kept", KD_BACKUPS_MAX);
            return KD_ETOOBIG;
        }
        err = kd_backup_manifest_get(p->source->objects, p->all.at[i].name, &p->kept[p->kept_count++], error);
    }
    return err;
}

static int prune_remove_backup(prune *p, const char *name, char *error)
{
    char object[KD_OBJECT_NAME_MAX];
    snprintf(object, sizeof object, KD_OBJECT_BACKUPS "%s", name);
    int err = kd_mark_keep(&p->mark, error);
    if (err == KD_OK) err = kd_objects_remove(p->source->objects, object, error);
    if (err == KD_OK) err = p->source->forget(p->source->arg, name, error);
    p->pruned->pruned += err == KD_OK;
    return err;
}

static int prune_remove_backups(prune *p, char *error)
{
    int err = KD_OK;
    for (uint32_t i = 0; err == KD_OK && i < p->all.count; i++)
        if (!prune_keeps(p, i)) err = prune_remove_backup(p, p->all.at[i].name, error);
    if (err != KD_OK || !p->source->name || p->pruned->pruned > 0) return err;
    snprintf(error, KD_OPTIONS_ERROR_MAX,
             "%.300s: there is no backup %s; if central still lists it, say --forget without an address",
             kd_objects_address(p->source->objects), p->source->name);
    return KD_ENOTFOUND;
}

/* ---- which objects ---- */

static int prune_note_list(prune *p, const kd_backup_set *set, kd_buf *list, char *error)
{
    kd_reader reader;
    kd_backup_chunk chunk;
    int err = kd_backup_list_get(p->source->objects, set, p->partition, list, error);
    if (err != KD_OK) return err;
    bool fits = kd_digests_add(&p->named, set->lists[p->partition]);
    bool good = kd_backup_list_begin(kd_buf_view(list), &reader);
    while (fits && good && kd_backup_list_next(&reader, &chunk))
        fits = kd_digests_add(&p->named, chunk.digest);
    if (fits && good && !reader.bad) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "backup %s, partition %u: %s", set->name, p->partition,
             fits ? "a list of a form that this program does not know" : "too many objects");
    return fits ? KD_EVERSION : KD_ETOOBIG;
}

static int prune_note_named(prune *p, char *error)
{
    kd_buf list = {0};
    int err = KD_OK;
    kd_digests_finish(&p->named);
    for (uint32_t i = 0; err == KD_OK && i < p->kept_count; i++)
        if (p->partition < p->kept[i].partitions) err = prune_note_list(p, &p->kept[i], &list, error);
    kd_buf_finish(&list);
    return err;
}

/* Objects with other names are not ours. */
static int prune_judge(void *arg, const kd_object_seen *seen, char *error)
{
    prune *p = arg;
    char name[KD_OBJECT_NAME_MAX];
    kd_object_kind kind;
    uint8_t digest[KD_BACKUP_DIGEST];
    if (!kd_object_name_parse(seen->name, &kind, digest) || kd_digests_has(&p->named, digest)) return KD_OK;
    if (!p->source->progress(p->source->arg, p->partition, p->pruned->removed_objects)) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "given up, since central is stopping");
        return KD_EAGAIN;
    }
    int err = kd_mark_keep(&p->mark, error);
    kd_object_name(name, p->partition, kind, digest);
    if (err == KD_OK) err = kd_objects_remove(p->source->objects, name, error);
    p->pruned->removed_objects += err == KD_OK;
    return err;
}

static int prune_remove_objects(prune *p, char *error)
{
    char folder[KD_OBJECT_NAME_MAX];
    int err = KD_OK;
    for (p->partition = 0; err == KD_OK && p->partition < p->partitions; p->partition++) {
        err = kd_mark_keep(&p->mark, error);
        if (err == KD_OK) err = prune_note_named(p, error);
        if (err == KD_OK)
            err = kd_objects_list(p->source->objects, kd_object_folder(folder, p->partition), prune_judge, p,
                                  error);
    }
    return err;
}

/* ---- all of it ---- */

static int prune_work(prune *p, char *error)
{
    char id[20];
    snprintf(id, sizeof id, "%08" PRIx32 "%08" PRIx32, randombytes_random(), randombytes_random());
    int err = kd_mark_begin(&p->mark, p->source->objects, KD_MARK_PRUNE, id, error);
    if (err == KD_OK) err = kd_backup_catalogue_read(p->source->objects, &p->all, error);
    if (err == KD_OK) err = prune_read_kept(p, error);
    if (err == KD_OK) err = prune_remove_backups(p, error);
    return err == KD_OK ? prune_remove_objects(p, error) : err;
}

int kd_prune_run(const kd_prune_source *source, kd_pruned *pruned, char *error)
{
    prune p = {.source = source, .pruned = pruned};
    *pruned = (kd_pruned){.kept = 0};
    int err = prune_work(&p, error);
    pruned->kept = p.kept_count;
    kd_mark_clear(&p.mark);
    kd_digests_finish(&p.named);
    kd_backup_catalogue_finish(&p.all);
    for (uint32_t i = 0; i < p.kept_count; i++) kd_backup_set_finish(&p.kept[i]);
    return err;
}

void kd_prune_name_line(const char *name, kd_buf *out)
{
    kd_text_printf(out, "pruned name=%s\n", name);
}

void kd_prune_line(const kd_pruned *pruned, kd_buf *out)
{
    kd_text_printf(out, "backup kept=%u pruned=%u removed_objects=%" PRIu64 " verdict=pruned\n", pruned->kept,
                   pruned->pruned, pruned->removed_objects);
}
