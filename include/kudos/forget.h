/*
 * forget.h - what central may forget and lets the edges forget: backups, stable, the floor, retired edges (docs/protocol.md, rules 21 to 23). For one
 * partition, as kudos/central.h.
 *
 * Each command about backups is written with the next commit, which begins for it alone if need be. `*version` is the version that carries it: the command is
 * durable when kd_central_version has reached that. Until then a crash undoes it. All commands give KD_EFENCED after a higher claim, and KD_EIO.
 *
 * A backup:   kd_central_backup_begin -> (its version is durable) -> copy the store -> kd_central_backup_complete
 *             ... the copy is deleted -> kd_central_backup_remove
 * A restore:  open -> kd_central_backup_complete of the one restored; kd_central_backup_remove of those that are
 *             no more. Backups made after the restored one are of a history that is undone: nothing is held back for them any longer, so they must
 *             not be restored.
 */
#ifndef KUDOS_FORGET_H
#define KUDOS_FORGET_H

#include "kudos/central.h"

/* ---- backups (rule 21) ---------------------------------------------------------------------------------------- */

typedef struct {
    kd_bytes id; /* kd_name_valid */
    /* when the backup was begun; the copy holds all operations stamped up to it */
    uint64_t low_watermark_us;
    uint64_t version; /* last commit when the backup was begun */
    bool complete;    /* the copy is whole and can be restored */
} kd_central_backup;

/* Notes a backup before its copy is made: from now on edges keep all that a restore of the copy would need from them. KD_EINVAL: `id` is no valid
 * name; KD_EMISMATCH: a backup has that id; KD_ETOOBIG: KD_BACKUPS_MAX are noted already. */
int kd_central_backup_begin(kd_central *c, kd_bytes id, uint64_t *version);
/* The copy is complete and can be restored. Repeating it is KD_OK. KD_ENOTFOUND: no backup has that id. */
int kd_central_backup_complete(kd_central *c, kd_bytes id, uint64_t *version);
/* The copy is deleted and will never be restored. KD_ENOTFOUND: no backup has that id. */
int kd_central_backup_remove(kd_central *c, kd_bytes id, uint64_t *version);
/* Writes up to `max` backups to `out` and returns how many; commands whose commit is not durable yet count already. Views live until the next call
 * that changes the list. */
uint32_t kd_central_backups(const kd_central *c, kd_central_backup *out, uint32_t max);

/* ---- edges that are gone for good ------------------------------------------------------------------------------ */

/*
 * An edge is retired, and taken back, by decisions in the log (kudos/decide.h, KD_DECIDED_RETIRE and KD_DECIDED_READMIT).
 *
 * Retired: it no longer holds back low watermark, as_of, stable and floor, is expected no more, and its batches are refused (KD_FED_RETIRED). Operations that the edge has
 * acknowledged and central has not merged are lost to the counts, and as_of rises past them all the same.
 *
 * Taken back, since it was not gone after all: its batches are merged again, and as_of falls back to the edge's complete_to. Where batches were refused the log is read again
 * (kd_central_log_again). If such a batch holds a like that the user withdrew at another edge, the like can come back where the tombstone was collected meanwhile.
 */

/* An edge that the log lists, or has listed, as expected (KD_DECIDED_EXPECT). Until it was heard of, as_of is unknown. The configuration's edges are proposed once, each by name:
 * an edge that was retired is not expected again because a file still names it. */
typedef struct {
    kd_bytes name, region; /* views until the next record is fed; the region may be empty */
    bool struck;           /* it was retired: as_of does not wait for it, and its batches are refused */
    bool heard;
} kd_central_expected_edge;
/* Writes up to `max` of them to `out`, by name, and returns how many. */
uint32_t kd_central_expected(const kd_central *c, kd_central_expected_edge *out, uint32_t max);

/* ---- what holds stable and floor back -------------------------------------------------------------------------- */

/* What keeps stable or the floor from rising. */
typedef enum {
    KD_HELD_BY_NOTHING = 0, /* stable, or the floor, follows the low watermark */
    KD_HELD_BY_EDGE,        /* `holder`, an edge, has the smallest watermark or complete_to */
    KD_HELD_BY_UNHEARD,     /* `holder`, an expected edge, was never heard of */
    KD_HELD_BY_BACKUP,      /* stable: `holder` is the backup with the smallest low watermark */
    KD_HELD_BY_NO_BACKUP,   /* stable: no backup is complete */
    KD_HELD_BY_NEW_EDGE, /* stable: `holder`, an edge, was registered or taken back after a backup, which does not know it */
    KD_HELD_BY_ALARM,   /* floor: an identity alarm */
    KD_HELD_BY_SETTING, /* floor: tombstone_ttl is 0 */
} kd_held_by;

/* Static text for metrics: "edge", "backup", ...; "unknown" for any other value. */
const char *kd_held_by_name(kd_held_by by);

typedef struct {
    uint64_t stable_us; /* as the next snapshot says; 0: no row may expire at the edges */
    kd_held_by stable_held_by;
    kd_bytes stable_holder; /* a name, or empty */
    uint64_t floor_us;      /* tombstones stamped below it are gone or going */
    kd_held_by floor_held_by;
    kd_bytes floor_holder;
    bool sweeping;      /* tombstones below the floor are being deleted */
    uint64_t collected; /* tombstones deleted since the start */
    /* operations below the floor that found no row, since the start: they were merged before */
    uint64_t ignored;
    uint64_t refused; /* batches of retired edges, since the start */
} kd_central_forgetting;

/* For metrics and the API. Views live until the next call that changes edges or backups. */
void kd_central_get_forgetting(const kd_central *c, kd_central_forgetting *out);
/* `stable`: membership rows at edges stamped up to it may expire; 0: none may. */
uint64_t kd_central_stable_us(const kd_central *c);

#endif
