/*
 * claim.h - which claim is in force at a place of the log (rules 16, 32), and the identity that a claim names.
 *
 * All of it is a function of the records read, but for the identity, which is minted with the store. A store that begins to follow mints another one: it may
 * be a copy of its leader's.
 *
 *     c     identity; author of the claim in force, 0: not told, and epoch of that claim be64
 *
 * The epoch in force itself stands with the decisions (decide.h), whose rule it is as well.
 */
#ifndef KUDOS_CENTRAL_CORE_CLAIM_H
#define KUDOS_CENTRAL_CORE_CLAIM_H

#include "kudos/central.h"

struct kd_commit;

typedef struct {
    uint64_t identity; /* of this store; never 0 */
    uint64_t author;   /* of the claim in force, which has `epoch` */
    uint64_t epoch;    /* where it is not that in force, the author is not known */
    bool changed;      /* the row is to be written by the next commit */
} kd_claimer;

/* After kd_decide_load; `hint`: as in kd_central_open. KD_OK, KD_EIO, KD_EMALFORMED. */
int kd_claim_load(kd_central *c, uint64_t hint);
/* From now on this store is another one. */
void kd_claim_mint(kd_central *c, uint64_t hint);
/* A claim that is believed was read: whether it comes into force. */
bool kd_claim_read(kd_central *c, const kd_claim *claim);
/* The epoch that a claim of ours supersedes: that in force, or a higher one that led, and whose claim the log has lost. */
uint64_t kd_claim_superseded(const kd_central *c);
/* Whom a claim of ours names as its author, never 0: this store, and in a group this store under this member's name. There a copy of a data directory that another
 * member goes on with is another author, though nothing in the store says so. Of two centrals that know of no group and have copies of one store the later one leads. */
uint64_t kd_claim_author(const kd_central *c);
/* Whether that author wrote the claim. */
bool kd_claim_is_ours(const kd_central *c, const kd_claim *claim);
/* At the begin of a commit: puts the row where it changed. */
void kd_claim_put(kd_central *c, struct kd_commit *k);

#endif
