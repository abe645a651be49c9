/*
 * log.h - one partition of a topic: records by offset, from `start` up to `end`. Faults take records away at both ends.
 */
#ifndef KUDOS_SIM_WORLD_LOG_H
#define KUDOS_SIM_WORLD_LOG_H

#include "kudos/base.h"

typedef struct {
    uint8_t *data;
    uint32_t len;
} sim_record;

typedef struct {
    sim_record *at; /* offset o is at[o - base] */
    int64_t base, start, end;
    uint32_t cap;
} sim_log;

void sim_log_append(sim_log *l, kd_bytes record);
/* The record at this offset; empty where there is none. The view lives until the record is taken away. */
static inline kd_bytes sim_log_read(const sim_log *l, int64_t offset)
{
    if (offset < l->start || offset >= l->end) return (kd_bytes){0};
    const sim_record *r = &l->at[offset - l->base];
    return kd_bytes_of(r->data, r->len);
}
/* Takes away the last `count` records, or all; records appended later get the same offsets again. Returns how many it took. */
uint64_t sim_log_truncate(sim_log *l, uint64_t count);
/* Takes away all records but the last `keep`. Returns how many it took. */
uint64_t sim_log_expire(sim_log *l, uint64_t keep);
/* The topic is deleted and created again: offsets begin at 0. Returns how many records it took away. */
uint64_t sim_log_recreate(sim_log *l);
void sim_log_finish(sim_log *l);

#endif
