/*
 * place.h - where a batch stands among those of its edge: it is merged, left, or waited for (rule 9).
 *
 * A batch that is left is remembered by its position, for two reasons. Where it waits for a counter, nothing above it may be merged. Where its edge
 * goes on behind it, its sums are lost, and an operator has to be told. Both are lists in memory; a start finds waiting batches in the quarantine.
 */
#ifndef KUDOS_CENTRAL_CORE_PLACE_H
#define KUDOS_CENTRAL_CORE_PLACE_H

#include "central/core/registry.h"

/* By rule 9 alone, against the state `s` of its edge: KD_FED_MERGED (it may be), KD_FED_DUPLICATE, KD_FED_GAP or KD_FED_IDENTITY. */
kd_fed kd_place_of(const kd_central *c, const kd_registered_state *s, const kd_batch *b);
/* Whether the batch stands above another one of its edge that waits for a counter, and so must be left. */
bool kd_place_behind_waiting(const kd_registered *e, const kd_batch *b);
/* The batch stands above applied and was not merged. Of more than KD_LEFT_MAX the highest are not remembered. */
void kd_place_leave(kd_registered *e, const kd_batch *b);
/* The batch at that position waits for a counter, and with it all that its edge sends behind it. */
void kd_place_wait(kd_central *c, uint16_t edge, kd_position at);
/* Applied of the edge becomes `at`: a batch that waited up to there waits no more, and each batch left below it counts as passed over. */
void kd_place_pass(kd_central *c, uint16_t edge, kd_position at);

#endif
