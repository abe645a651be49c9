/* merge.h - takes records of the likes topic into the open commit. */
#ifndef KUDOS_CENTRAL_CORE_MERGE_H
#define KUDOS_CENTRAL_CORE_MERGE_H

#include "kudos/central.h"

/* As kd_central_feed, but the log position does not move: for records of the log, and for those that come out of quarantine. `offset`: where the
 * record stands or stood in the log. */
kd_fed kd_merge_record(kd_central *c, kd_bytes record, int64_t offset);

#endif
