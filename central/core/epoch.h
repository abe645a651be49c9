/*
 * epoch.h - the epoch of this tenure (rule 15), claims of others (rule 16), and what envelopes tell of histories above ours.
 *
 * Invariants: `epoch` is that of the open commit and never falls; what is committed carries `epoch_committed`; the two differ only until the first
 * commit of a new epoch is durable. A new epoch lies above the one before and above every other that this tenure has heard of and believes. The
 * chance in its low bits keeps two apart that are minted above the same epoch.
 */
#ifndef KUDOS_CENTRAL_CORE_EPOCH_H
#define KUDOS_CENTRAL_CORE_EPOCH_H

#include "kudos/central.h"

/* At the open, when the stored epoch is loaded: mints the epoch of this tenure and links the stored one. `hint`: as in kd_central_open. */
void kd_epoch_open(kd_central *c, uint64_t hint);
/* Whether an envelope or a claim may name this epoch: not one that lies years above the clock of the last feed, nor one at the end of the numbers. While an
 * operator releases a record only the end counts: he says that edges follow its epoch, which is outbid then. */
bool kd_epoch_believed(const kd_central *c, uint64_t epoch);
/* An envelope names this epoch, which is believed, as the one that its edge follows: an epoch above ours is outbid, in the open commit. */
void kd_epoch_told(kd_central *c, uint64_t epoch);
/* A claim in the log, whose epoch is believed: KD_FED_CLAIM, or KD_FED_FENCED where it stands behind ours and is above it. */
kd_fed kd_epoch_claimed(kd_central *c, const kd_claim *claim);

#endif
