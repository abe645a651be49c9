#include "tests/model/log.h"

#include <stdlib.h>

void log_append(model_log *l, kd_bytes record)
{
    l->records = kd_grow(l->records, (size_t)l->count, &l->cap, sizeof(l->records[0]));
    l->records[l->count] = (kd_buf){0};
    kd_buf_put(&l->records[l->count++], record.data, record.len);
}

void log_truncate(model_log *l, int64_t count)
{
    while (l->count > count) kd_buf_finish(&l->records[--l->count]);
    if (count == 0) {
        free(l->records);
        *l = (model_log){0};
    }
}

kd_bytes log_read(const model_log *l, int64_t offset)
{
    if (offset < 0 || offset >= l->count) return (kd_bytes){0};
    return kd_buf_view(&l->records[offset]);
}
