/* merge_batch.h - takes batches into the open commit. */
#ifndef KUDOS_CENTRAL_CORE_MERGE_BATCH_H
#define KUDOS_CENTRAL_CORE_MERGE_BATCH_H

#include "kudos/central.h"

/* A batch of the log, or one that comes out of quarantine. `offset`: where the record stands or stood in the log. As kd_central_feed, but the log position does not
 * move. */
kd_fed kd_merge_batch(kd_central *c, kd_bytes record, int64_t offset);

#endif
