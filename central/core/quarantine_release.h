/* quarantine_release.h - how a record leaves the quarantine by a decision; kudos/quarantine.h says what becomes of it. */
#ifndef KUDOS_CENTRAL_CORE_QUARANTINE_RELEASE_H
#define KUDOS_CENTRAL_CORE_QUARANTINE_RELEASE_H

#include "central/core/quarantine.h"
#include "kudos/decide.h"

/* KD_DECIDED_RELEASE or KD_DECIDED_DROP, read from the log: KD_FED_DECIDED, KD_FED_IDLE, KD_FED_POISONED. */
kd_fed kd_quarantine_decide(kd_central *c, const kd_decision *d);
/* What its author is told before he writes it: KD_OK, KD_ENOTFOUND, KD_EIO. */
int kd_quarantine_check(kd_central *c, const kd_decision *d);
/* Ids of the durable records that would leave if they were released now: KD_OK, KD_EIO. */
int kd_quarantine_list_sound(kd_central *c, uint64_t ids[KD_QUARANTINE_MAX], uint32_t *count);

#endif
