/* index_step.h - the stages of the indices: what a start finds, and the step that each commit takes (index.h). */
#ifndef KUDOS_CENTRAL_CORE_INDEX_STEP_H
#define KUDOS_CENTRAL_CORE_INDEX_STEP_H

#include "central/core/index.h"

/* Reads the states, when the version is known: KD_OK, KD_EIO, KD_EMALFORMED. */
int kd_index_load(kd_central *c);
/* Frees what the states hold. */
void kd_index_finish(kd_central *c);
/* At the begin of a commit whose rows are decided: moves their entries, adds a step of building or removing, and puts the states. KD_OK, KD_EIO. */
int kd_index_step(kd_central *c, kd_commit *k);

#endif
