/*
 * erase.h - decisions that erase a user (rule 28): who is erased (erased.h), and which of his rows go.
 */
#ifndef KUDOS_CENTRAL_CORE_ERASE_H
#define KUDOS_CENTRAL_CORE_ERASE_H

#include "kudos/central.h"

/* Whether a decision of the sort erase can be merged: KD_OK; KD_EFULL: too many users are remembered; KD_EINVAL: a stamp that does not lie above what the
 * partition remembers of the user, or of a void. */
int kd_erase_check(const kd_central *c, const kd_decision *d);
/* Such a decision: KD_FED_DECIDED, KD_FED_VOID. */
kd_fed kd_erase_mark(kd_central *c, const kd_decision *d);
/* A decision to withdraw of the author KD_ERASE_AUTHOR: KD_FED_DECIDED, KD_FED_VOID, KD_FED_POISONED. */
kd_fed kd_erase_withdraw(kd_central *c, const kd_decision *d, const kd_body *body);

#endif
