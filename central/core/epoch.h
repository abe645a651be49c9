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
/* The chain goes on with this link; the oldest one goes where there are too many. */
void kd_epoch_link(kd_central *c, uint64_t epoch, uint64_t last);
/* A promotion is settled: the open commit carries the epoch that was claimed. */
void kd_epoch_succeed(kd_central *c, uint64_t epoch);
/* An epoch for a claim: above all that were heard of. */
uint64_t kd_epoch_above(const kd_central *c, uint64_t hint, uint64_t heard);
/* Whom envelopes have made outbid lately. */
typedef struct {
    uint64_t since_us,
        length_us; /* of the present pause, by the clock of the last feed; length 0: there was none */
} kd_epoch_pause;

/* An envelope names this epoch, which is believed, as the one that its edge follows: an epoch above ours is outbid as by kd_epoch_told, unless another envelope has done so
 * shortly before. */
void kd_epoch_named(kd_central *c, uint64_t epoch);
/* A decision or an envelope names this epoch, which is believed: an epoch above ours is outbid, in the open commit. */
void kd_epoch_told(kd_central *c, uint64_t epoch);
/* A claim in the log, whose epoch is believed; `force`: it came into force. KD_FED_CLAIM, or KD_FED_FENCED where it stands behind ours and supersedes it. */
kd_fed kd_epoch_claimed(kd_central *c, const kd_claim *claim, bool force);

#endif
