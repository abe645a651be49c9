/*
 * lookup.h - membership rows: finding the old one, deciding who wins, and what that does to the counts.
 *
 * A row that was written must never be missed, else its like counts twice. It is in one of three places: in this commit (a repeat, resolved by
 * fold.h), in the commit outstanding before it (sorted too: one walk over both), or in the store, where a filter says for most new rows that there
 * is nothing to read.
 */
#ifndef KUDOS_CENTRAL_CORE_LOOKUP_H
#define KUDOS_CENTRAL_CORE_LOOKUP_H

#include "central/core/commit.h"
#include "central/core/row.h"

/* Builds the filter from all membership rows and count rows: KD_OK, KD_EIO, KD_EMALFORMED. */
int kd_lookup_load(kd_central *c);
/* The row in the store, without regard to commits under way. KD_OK, KD_ENOTFOUND, KD_EIO (also for a row that is damaged). */
int kd_lookup_get(kd_central *c, kd_bytes key, kd_stored_row *row);
/* The same of a user, whom the filter keeps from being looked up in vain. */
int kd_lookup_member(kd_central *c, uint8_t counter, kd_bytes item, kd_bytes user, kd_stored_row *row);
/* Rules 2, 3, 11: decides which operations of a commit that is being closed win their rows, puts those rows, makes the effects and pins the counts
 * that they move. KD_OK, KD_EIO. */
int kd_lookup_resolve(kd_central *c, kd_commit *k);
/* The row as the commit that is being closed finds it: in the commit outstanding or in the store. KD_OK, KD_ENOTFOUND, KD_EIO. */
int kd_lookup_before(kd_central *c, kd_bytes key, kd_stored_row *row);
/* One more effect of that commit, for the caller to fill: all zero. The pointer is valid until the next one. */
kd_effect *kd_lookup_add_effect(kd_commit *k);
/* Pins the counts that effects move which were added since. KD_OK, KD_EIO. */
int kd_lookup_pin_counts(kd_central *c, kd_commit *k);
/* Hash by which the filter knows the row with this key. */
uint64_t kd_lookup_hash(const kd_central *c, kd_bytes key);

#endif
