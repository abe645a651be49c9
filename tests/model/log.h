/* log.h - one partition of a log as Kafka keeps it on a bad day: it may lose its tail or begin anew. */
#ifndef KUDOS_TESTS_MODEL_LOG_H
#define KUDOS_TESTS_MODEL_LOG_H

#include "kudos/base.h"

typedef struct {
    kd_buf *records;
    int64_t count;
    uint32_t cap;
} model_log;

void log_append(model_log *l, kd_bytes record);
void log_truncate(model_log *l, int64_t count);
/* data NULL: nothing stands there. */
kd_bytes log_read(const model_log *l, int64_t offset);

#endif
