/*
 * mark.h - who works at an address of an object store: an object running/backup-NAME or running/prune-NAME, put again every KD_MARK_KEEP_S.
 *
 * A backup counts on objects that it found there; a pruning removes objects that no backup names. A backup that is not whole yet names nothing. So each
 * puts its mark first and looks for the other's then: at least one of two that begin together sees the other, and gives up. Backups do not disturb each
 * other. Who is killed leaves a mark; one of KD_MARK_LEASE_S is dead and is removed by whoever meets it. Ages are by the store's clock.
 *
 * Who was not running for so long (a machine that was frozen) may have lost its mark: a backup looks for it once more when its manifest is there, and takes
 * the manifest back if the mark is gone; a pruning removes nothing while its mark is not fresh.
 */
#ifndef KUDOS_CENTRAL_IO_BACKUP_MARK_H
#define KUDOS_CENTRAL_IO_BACKUP_MARK_H

#include "central/io/backup/objects.h"

enum {
    KD_MARK_KEEP_S = 60,
    KD_MARK_LEASE_S = 600,
    KD_MARK_TIMEOUT_MAX_S = 240 /* of one request with all its attempts, by configuration */
};
_Static_assert(KD_MARK_KEEP_S + 2 * KD_MARK_TIMEOUT_MAX_S < KD_MARK_LEASE_S,
               "a mark is kept between two requests");

typedef enum { KD_MARK_BACKUP, KD_MARK_PRUNE } kd_mark_kind;

typedef struct {
    kd_objects *objects;
    kd_mark_kind kind;
    char name[KD_OBJECT_NAME_MAX]; /* of the object; empty: there is none */
    uint64_t put_at_us;
} kd_mark;

/* Puts the mark, and looks for others. KD_OK; KD_EAGAIN with `error`: one of them excludes this one; or as kd_objects_put. kd_mark_clear in any case. */
int kd_mark_begin(kd_mark *mark, kd_objects *objects, kd_mark_kind kind, const char *name, char *error);
/*
 * Goes on in this process with the backup whose mark another one put. The mark has to be there before it is put again: else a pruning may have removed what was
 * sent so far. And it has to be there afterwards: else one began in between. As kd_mark_begin.
 */
int kd_mark_join(kd_mark *mark, kd_objects *objects, const char *name, char *error);
/* Between two requests: puts it again when it is time. KD_EAGAIN: nothing was heard of us for so long that the mark may be gone. */
int kd_mark_keep(kd_mark *mark, char *error);
/* Whether it is still there: KD_OK, or KD_EAGAIN with `error`, or as kd_objects_list. */
int kd_mark_held(kd_mark *mark, char *error);
/* Removes it, if it can be. */
void kd_mark_clear(kd_mark *mark);

#endif
