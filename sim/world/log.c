/* log.c - see the header. Expired records stay in the array as empty entries until they are the larger half of it. */
#include "sim/world/log.h"

#include <stdlib.h>

static uint32_t log_stored(const sim_log *l)
{
    return (uint32_t)(l->end - l->base);
}

void sim_log_append(sim_log *l, kd_bytes record)
{
    l->at = kd_grow(l->at, log_stored(l), &l->cap, sizeof(l->at[0]));
    l->at[log_stored(l)] = (sim_record){kd_dup(record), (uint32_t)record.len};
    l->end++;
}

static void log_forget(sim_log *l, int64_t offset)
{
    free(l->at[offset - l->base].data);
    l->at[offset - l->base] = (sim_record){0};
}

uint64_t sim_log_truncate(sim_log *l, uint64_t count)
{
    uint64_t gone = KD_MIN(count, (uint64_t)(l->end - l->start));
    for (uint64_t i = 0; i < gone; i++) log_forget(l, --l->end);
    return gone;
}

static void log_compact(sim_log *l)
{
    int64_t dead = l->start - l->base;
    if (dead < 64 || dead < l->end - l->start) return;
    memmove(l->at, l->at + dead, (size_t)(l->end - l->start) * sizeof(l->at[0]));
    l->base = l->start;
}

uint64_t sim_log_expire(sim_log *l, uint64_t keep)
{
    uint64_t gone = 0;
    for (; (uint64_t)(l->end - l->start) > keep; gone++) log_forget(l, l->start++);
    log_compact(l);
    return gone;
}

uint64_t sim_log_recreate(sim_log *l)
{
    uint64_t gone = sim_log_truncate(l, UINT64_MAX);
    l->base = l->start = l->end = 0;
    return gone;
}

void sim_log_finish(sim_log *l)
{
    sim_log_recreate(l);
    free(l->at);
    *l = (sim_log){0};
}
