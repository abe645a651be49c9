/*
 * prune.h - removes backups from an object store, and then what no backup names that is left.
 *
 * In this order: the manifest of a backup (from then on it cannot be restored), its entry in central's list (from then on nothing is held back for it),
 * its objects. A pruning that is broken off leaves objects that nobody names; the next one removes them. It works only while nobody makes a backup there
 * (mark.h).
 */
#ifndef KUDOS_CENTRAL_IO_BACKUP_PRUNE_H
#define KUDOS_CENTRAL_IO_BACKUP_PRUNE_H

#include "central/io/backup/objects.h"

typedef struct {
    kd_objects *objects;
    uint64_t keep;    /* so many, the newest, are kept; at least 1 */
    const char *name; /* or: this one is removed, and all others are kept; NULL: by `keep` */
    void *arg;
    /* Takes a backup that can no longer be restored off central's list; one that is not in it is fine. */
    int (*forget)(void *arg, const char *name, char *error);
    /* Tells how far it is; false: give up. */
    bool (*progress)(void *arg, uint32_t partition, uint64_t objects);
} kd_prune_source;

/* What became of it. */
typedef struct {
    uint32_t kept, pruned;
    uint64_t removed_objects; /* manifests are not counted */
} kd_pruned;

/* KD_OK; KD_EAGAIN: a backup, or another pruning, is under way there, or `progress` returned false; KD_ENOTFOUND: there is no backup of that name; KD_EMALFORMED:
 * the manifest or a list of a backup that is kept is damaged, so what it needs is not known; or another kd_err; each with `error`. libsodium is
 * initialised. */
int kd_prune_run(const kd_prune_source *source, kd_pruned *pruned, char *error);
/* Appends `pruned name=` and a line's end. */
void kd_prune_name_line(const char *name, kd_buf *out);
/* Appends `backup kept= pruned= removed_objects= verdict=pruned` and a line's end. */
void kd_prune_line(const kd_pruned *pruned, kd_buf *out);

#endif
