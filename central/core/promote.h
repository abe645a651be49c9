/*
 * promote.h - a store that followed is opened to lead (rule 32).
 *
 *     reads      it merges and compares on, as a follower does, until the shell has read both topics to their ends
 *     claims     its claim may be written: it names the claim in force, and what this store has read
 *     marks      its claim is in force, and durable here: the marker may be written, behind which edges pass over snapshots of lower epochs
 *     leads      it has read the counts topic up to that marker: the link is settled, and the next commit carries the new epoch
 */
#ifndef KUDOS_CENTRAL_CORE_PROMOTE_H
#define KUDOS_CENTRAL_CORE_PROMOTE_H

#include "central/core/link.h"

/* When all rows are loaded, before the epoch. `hint`: as in kd_central_open. */
void kd_promote_open(kd_central *c, uint64_t hint);
/* A claim was read while this store follows; `force`: it came into force. KD_FED_CLAIM, or KD_FED_FENCED: it is promoted, and another store leads. */
kd_fed kd_promote_claim_read(kd_central *c, const kd_claim *claim, bool force);
/* A marker of this partition was read. */
void kd_promote_marked(kd_central *c, const kd_marker *marker, int64_t offset);
/* A commit is durable, or a marker was read: settles the link when all is there. */
void kd_promote_advance(kd_central *c);

#endif
