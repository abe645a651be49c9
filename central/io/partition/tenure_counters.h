/* tenure_counters.h - name and kind of each counter, which the store of a partition remembers by number (kudos/counter_names.h). */
#ifndef KUDOS_CENTRAL_IO_PARTITION_TENURE_COUNTERS_H
#define KUDOS_CENTRAL_IO_PARTITION_TENURE_COUNTERS_H

#include "common/io/leveldb/leveldb_store.h"
#include "kudos/id.h"

/* Whether the store can go on with these counters; from any thread. KD_OK; KD_EMISMATCH, KD_EIO, KD_EMALFORMED with `error` (KD_OPTIONS_ERROR_MAX bytes). */
int kd_tenure_counters_check(kd_leveldb *db, uint32_t partition, const kd_counters *counters, char *error);

#endif
