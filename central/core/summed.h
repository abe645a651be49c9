/*
 * summed.h - jobs of operators that have added sums (rule 24). A sum has no stamp, so one that is merged again counts twice: such a job is never forgotten. There are
 * KD_SUMMED_JOBS_MAX at most; they do not stand in the list of the others.
 */
#ifndef KUDOS_CENTRAL_CORE_SUMMED_H
#define KUDOS_CENTRAL_CORE_SUMMED_H

#include "central/core/decide.h"

void kd_summed_init(kd_central *c);
void kd_summed_finish(kd_central *c);
/* NULL: none has that name. The job stays where it is until kd_summed_finish. */
kd_decided_job *kd_summed_find(const kd_decider *l, kd_bytes name);
/* Whether there is no room for one more. */
bool kd_summed_full(const kd_decider *l);
/* Copies the job, whose name is new here; there must be room. */
kd_decided_job *kd_summed_add(kd_decider *l, const kd_decided_job *job);

#endif
