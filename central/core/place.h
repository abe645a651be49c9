/*
 * place.h - where a batch stands among those of its edge (rule 9): it is merged, or left, which means read and not merged.
 *
 * The position of a left batch is remembered, for two reasons. It may wait for a counter that is not configured yet: then no batch above it may be
 * merged. Or its edge may go on with later batches: then the left batch's sums are lost, and an operator has to be told. Both are kept in memory; a
 * start finds waiting batches in the quarantine.
 */
#ifndef KUDOS_CENTRAL_CORE_PLACE_H
#define KUDOS_CENTRAL_CORE_PLACE_H

#include "central/core/registry.h"

/* What rule 9 says of the batch, given its edge's state `s`: KD_FED_MERGED (it may be merged), KD_FED_DUPLICATE, KD_FED_GAP or KD_FED_IDENTITY. */
kd_fed kd_place_of(const kd_central *c, const kd_registered_state *s, const kd_batch *b);
/* Whether the batch stands above another one of its edge that waits for a counter, and so must be left. */
bool kd_place_behind_waiting(const kd_registered *e, const kd_batch *b);
/* Remembers a batch that stands above applied and was not merged, unless it is empty. Of more than KD_LEFT_MAX the highest are not remembered. */
void kd_place_leave(kd_registered *e, const kd_batch *b);
/* The batch at that position waits for a counter, and so do all batches of its edge above it. */
void kd_place_wait(kd_central *c, uint16_t edge, kd_position at);
/* Applied of the edge becomes `at`: a batch that waited up to there waits no more, and each batch left below it counts as passed over. */
void kd_place_pass(kd_central *c, uint16_t edge, kd_position at);

#endif
