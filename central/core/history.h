/*
 * history.h - which records of the likes topic this partition has read: how many, and a digest of them in their order, and of what became of each.
 *
 * Two centrals whose history is equal have merged the same records in the same way. A record that one of them did not read, read twice, or judged
 * otherwise, makes all digests behind it differ, whatever its offset was. It is 64 bits of XXH64 over numbers that are there already (the digest of a
 * record is in the log position): it finds accidents. Who can write to the log misleads all its readers alike; against him there are the MACs (mac.h).
 *
 *     h     version, read, digest be64: as of the commit of that version
 *
 * The row is written by each commit. One that names another version than the store's was left by a program that does not know it: history begins anew.
 */
#ifndef KUDOS_CENTRAL_CORE_HISTORY_H
#define KUDOS_CENTRAL_CORE_HISTORY_H

#include "kudos/central.h"

struct kd_commit;

/* After kd_meta_load. KD_OK, KD_EIO, KD_EMALFORMED. */
int kd_history_load(kd_central *c);
/* A record was read, with this digest. */
void kd_history_read(kd_central *c, uint64_t record, kd_fed fed);
/* At the begin of a commit: its row. */
void kd_history_put(kd_central *c, struct kd_commit *k);

#endif
