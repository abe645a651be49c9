/*
 * disk.h - a disk with one store on it, in memory: rows in key order, and groups of writes that survive a crash only once they were
 * synced. The cores' tests open it; the simulation also crashes, fills, copies and restores it.
 *
 *     submit -> (time passes) -> sync: the oldest group's rows can be read, and survive a crash
 *
 * A crash keeps a prefix of the groups that were submitted and not synced, as a write-ahead log with a torn tail does. After the first error
 * every later sync fails too until sim_disk_crash(), which stands for a process that opens the store again.
 *
 * A backup is a copy; a restore opens the copy. Reads can be made to fail. One thread.
 */
#ifndef KUDOS_SIM_WORLD_DISK_H
#define KUDOS_SIM_WORLD_DISK_H

#include "kudos/store.h"

typedef struct sim_disk sim_disk;

/* An empty disk without faults. Never NULL. */
sim_disk *sim_disk_create(void);
/* A new disk with all rows that can be read; without the faults of `m` and without its queued groups. */
sim_disk *sim_disk_clone(const sim_disk *m);
/* NULL is fine. */
void sim_disk_destroy(sim_disk *m);

/* The interface; valid until destroy. A scan must not be mixed with writes. */
kd_store sim_disk_view(sim_disk *m);

/* Writes one row at once, safe from a crash. */
void sim_disk_put(sim_disk *m, kd_bytes key, kd_bytes value);
/* Deletes one row at once; nothing happens when there is none. */
void sim_disk_delete(sim_disk *m, kd_bytes key);
/* Applies the group at once, as if it had been submitted and synced. */
void sim_disk_apply(sim_disk *m, const kd_writes *writes);
/* Drops all rows and queued groups, and ends the state after an error. Other faults stay. */
void sim_disk_wipe(sim_disk *m);

/* ---- groups ---- */

/* Queues a copy of the group. At most four may wait for their sync. */
void sim_disk_submit(sim_disk *m, const kd_writes *writes);
/*
 * Writes the oldest queued group. KD_OK: its rows can be read. KD_EIO: the disk is full, the sync failed, or one did before; the group stays queued.
 * *synced: whether the group survives a crash. It differs from the result only where the disk lies (sim_disk_lie) or errors are ignored.
 */
int sim_disk_sync(sim_disk *m, bool *synced);
/* Groups that a crash may lose: those in the queue, and those that a lying disk said to have synced. */
uint32_t sim_disk_unsynced(const sim_disk *m);
/* The machine stops and the store is opened again: the oldest `survive` of the unsynced groups are on the disk, the others are lost. Ends the state
 * after an error. */
void sim_disk_crash(sim_disk *m, uint32_t survive);
/* A new disk with the rows that such a crash at this moment would leave; `m` is unchanged. */
sim_disk *sim_disk_copy_crashed(const sim_disk *m, uint32_t survive);

/* ---- faults ---- */

/* While full, every sync fails. */
void sim_disk_fill(sim_disk *m, bool full);
/* The next sync fails. */
void sim_disk_fail_sync(sim_disk *m);
/* From now on the disk says that it synced and did not; a crash may undo the last 64 such groups. */
void sim_disk_lie(sim_disk *m);
/* From now on a sync that fails says KD_OK, as LevelDB does unless it is told otherwise; groups written after an error may be lost in a crash. */
void sim_disk_ignore_errors(sim_disk *m);
/* After `reads` more gets and scans each further one is KD_EIO; UINT64_MAX (as at the start): none is. Does not count for sim_disk_read_failed(). */
void sim_disk_fail_after(sim_disk *m, uint64_t reads);
/* While unreadable, each get and scan is KD_EIO. */
void sim_disk_unreadable(sim_disk *m, bool unreadable);
/* Whether a get or scan has failed for that reason since the last crash. A process that ends because of it may end when the disk can be read
 * again. */
bool sim_disk_read_failed(const sim_disk *m);

/* Number of rows that can be read. */
size_t sim_disk_rows(const sim_disk *m);
/* Whether both hold the same rows. */
bool sim_disk_equal(const sim_disk *a, const sim_disk *b);
/* A chain of XXH64 over all rows in order: equal stores have equal digests. */
uint64_t sim_disk_digest(const sim_disk *m);

#endif
