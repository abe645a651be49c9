/*
 * disk.h - a disk with one store on it, in memory: rows in key order, and groups that are only safe once they were
 * synced. What the cores' tests open, and what the simulation crashes, fills, copies and puts back.
 *
 *     submit -> (time passes) -> sync: the oldest group's rows are there, and will be after a crash
 *
 * A crash keeps a prefix of what was submitted and not synced: a write-ahead log whose tail is torn. After the first error
 * every later sync fails too until sim_disk_crash, which is how a process opens the store again.
 *
 * A backup is a copy; a restore opens the copy. Reads can be made to fail. One thread.
 */
#ifndef KUDOS_SIM_WORLD_DISK_H
#define KUDOS_SIM_WORLD_DISK_H

#include "kudos/store.h"

typedef struct sim_disk sim_disk;

sim_disk *sim_disk_create(void);
/* A disk with the same readable rows, without faults, and without groups that a crash may forget. */
sim_disk *sim_disk_clone(const sim_disk *m);
/* NULL is fine. */
void sim_disk_destroy(sim_disk *m);

/* The interface; valid until destroy. A scan must not be mixed with writes. */
kd_store sim_disk_view(sim_disk *m);

void sim_disk_put(sim_disk *m, kd_bytes key, kd_bytes value);
void sim_disk_delete(sim_disk *m, kd_bytes key);
/* Applies the group at once, as if it had been submitted and synced. */
void sim_disk_apply(sim_disk *m, const kd_writes *writes);
void sim_disk_wipe(sim_disk *m);

/* ---- groups ---- */

/* Queues a copy of the group. */
void sim_disk_submit(sim_disk *m, const kd_writes *writes);
/*
 * Syncs the oldest queued group. KD_OK: its rows can be read. KD_EIO: the disk is full, this sync failed, or an earlier one. *synced: whether the
 * group survives a crash. This differs from KD_OK only after sim_disk_lie or sim_disk_ignore_errors.
 */
int sim_disk_sync(sim_disk *m, bool *synced);
/* Groups that a crash may forget. */
uint32_t sim_disk_unsynced(const sim_disk *m);
/* The machine stops and the store is opened again: the oldest `survive` of the unsynced groups are there, the others never were. */
void sim_disk_crash(sim_disk *m, uint32_t survive);
/* A new disk as a crash at this moment would leave this one; `survive` as in sim_disk_crash. */
sim_disk *sim_disk_copy_crashed(const sim_disk *m, uint32_t survive);

/* ---- faults ---- */

void sim_disk_fill(sim_disk *m, bool full);
/* The next sync fails. */
void sim_disk_fail_sync(sim_disk *m);
/* From now on sim_disk_sync returns KD_OK without a sync: a crash may forget the group. */
void sim_disk_lie(sim_disk *m);
/* After a failed sync goes on as if nothing had happened, as LevelDB does; a crash may forget the groups written since. */
void sim_disk_ignore_errors(sim_disk *m);
/* After `reads` more gets or scans every one answers KD_EIO; UINT64_MAX: never (as at the start). */
void sim_disk_fail_after(sim_disk *m, uint64_t reads);
/* True: every get and scan gives KD_EIO, until a call with false. */
void sim_disk_unreadable(sim_disk *m, bool unreadable);
/* Whether a get or scan failed by sim_disk_unreadable since the last crash: a process may end over that error after the disk is readable again. */
bool sim_disk_read_failed(const sim_disk *m);

size_t sim_disk_rows(const sim_disk *m);
/* Whether both disks have the same rows. */
bool sim_disk_equal(const sim_disk *a, const sim_disk *b);
/* A chain of XXH64 over all rows in order: equal stores have equal digests. */
uint64_t sim_disk_digest(const sim_disk *m);

#endif
