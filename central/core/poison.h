/* poison.h - why a record is in quarantine. */
#ifndef KUDOS_CENTRAL_CORE_POISON_H
#define KUDOS_CENTRAL_CORE_POISON_H

#include "kudos/quarantine.h"

/* What is wrong with the record today: counters, edges or this program may have changed since it was kept. All of *q but `poison` is filled. */
kd_poison kd_poison_of(const kd_central *c, const kd_quarantined *q);
/* The same of a batch whose body decodes, before it is merged. */
kd_poison kd_poison_of_body(const kd_central *c, const kd_batch *b, const kd_body *body);
/* The same of a decision that decodes. `body`: its operations; empty where it has none. */
kd_poison kd_poison_of_decision(const kd_central *c, const kd_decision *d, const kd_body *body);

#endif
