/*
 * forget.h - what central may forget and lets the edges forget: backups, stable, the floor, retired edges
 * (docs/protocol.md, rules 21 and 22). Of one partition, as kudos/central.h is.
 *
 * Each command rides in the next commit, which begins for it alone if need be: `*version` is the version that
 * carries it, and it stands when kd_central_version has reached that. Until then a crash forgets it.
 *
 * A backup:   kd_central_backup_begin -> (its version is durable) -> copy the store -> kd_central_backup_complete
 *             ... the copy is deleted -> kd_central_backup_remove
 * A restore:  open -> kd_central_backup_complete of the one restored; kd_central_backup_remove of those that are
 *             no more. Backups made after the restored one are of a history that is undone: nobody holds anything
 *             back for them any longer, so they must not be restored.
 */
#ifndef KUDOS_FORGET_H
#define KUDOS_FORGET_H

#include "kudos/central.h"

/* ---- backups (rule 21) ---------------------------------------------------------------------------------------- */

typedef struct {
    kd_bytes id;               /* kd_name_valid */
    uint64_t low_watermark_us; /* when it was begun: the copy holds no less */
    uint64_t version;          /* committed then */
    bool complete;
} kd_central_backup;

/* Notes a backup before its copy is made: from now on nothing is forgotten that a restore of it will need from the
 * edges. KD_EINVAL: no name; KD_EMISMATCH: there is one of that id; KD_ETOOBIG: KD_BACKUPS_MAX are kept; KD_EFENCED,
 * KD_EIO. */
int kd_central_backup_begin(kd_central *c, kd_bytes id, uint64_t *version);
/* The copy is complete and can be restored. KD_ENOTFOUND. */
int kd_central_backup_complete(kd_central *c, kd_bytes id, uint64_t *version);
/* The copy is no more and will never be restored. KD_ENOTFOUND. */
int kd_central_backup_remove(kd_central *c, kd_bytes id, uint64_t *version);
/* What is durable. Views live until the next call that changes the list. */
uint32_t kd_central_backups(const kd_central *c, kd_central_backup *out, uint32_t max);

/* ---- edges that are gone for good ------------------------------------------------------------------------------ */

/* The edge holds low watermark, as_of, stable and floor no longer, and its batches are refused (KD_FED_RETIRED). What
 * it acknowledged and central has not merged is not in the counts, and as_of no longer says so. Repeating it is
 * KD_OK. KD_ENOTFOUND: this partition never heard of it (an edge that is expected by configuration goes from
 * there). */
int kd_central_retire(kd_central *c, kd_bytes edge, uint64_t *version);
/* It was not gone: its batches are merged again, as_of falls back to what is complete with it. A like of it that
 * another edge withdrew meanwhile can come back, where the tombstone is collected already. */
int kd_central_readmit(kd_central *c, kd_bytes edge, uint64_t *version);

/* ---- tombstones (rule 22) -------------------------------------------------------------------------------------- */

/* An identity alarm stopped the collection: an operator has looked, and it goes on. KD_OK also where it was not
 * stopped. */
int kd_central_collect_resume(kd_central *c, uint64_t *version);

/* ---- what holds it back ---------------------------------------------------------------------------------------- */

typedef enum {
    KD_HELD_BY_NOTHING = 0, /* it follows the low watermark */
    KD_HELD_BY_EDGE,        /* `holder` has the least watermark, or holds its complete_to back */
    KD_HELD_BY_UNHEARD,     /* `holder` is expected and was never heard of */
    KD_HELD_BY_BACKUP,      /* stable: `holder` is the backup with the least low watermark */
    KD_HELD_BY_NO_BACKUP,   /* stable: none is complete */
    KD_HELD_BY_NEW_EDGE,    /* stable: `holder` is in none of the backups before it was heard of */
    KD_HELD_BY_ALARM,       /* floor: an identity alarm */
    KD_HELD_BY_SETTING,     /* floor: tombstone_ttl is 0 */
} kd_held_by;

const char *kd_held_by_name(kd_held_by by); /* for metrics: "edge", "backup", ... */

typedef struct {
    uint64_t stable_us; /* as the next snapshot says; 0: nothing may be forgotten at the edges */
    kd_held_by stable_held_by;
    kd_bytes stable_holder; /* a name, or empty */
    uint64_t floor_us;      /* tombstones stamped below it are gone or going */
    kd_held_by floor_held_by;
    kd_bytes floor_holder;
    bool sweeping;
    uint64_t collected, ignored,
        refused; /* tombstones; operations below the floor; batches of retired edges */
} kd_central_forgetting;

void kd_central_get_forgetting(const kd_central *c, kd_central_forgetting *out);
uint64_t kd_central_stable_us(const kd_central *c);

#endif
