/*
 * log.h - one partition of a topic: records by offset, from `start` up to `end`. It forgets at both ends.
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
/* Empty where there is none. The view lives until that record is forgotten. */
static inline kd_bytes sim_log_read(const sim_log *l, int64_t offset)
{
    if (offset < l->start || offset >= l->end) return (kd_bytes){0};
    const sim_record *r = &l->at[offset - l->base];
    return kd_bytes_of(r->data, r->len);
}
/* The last `count` are gone; the next one gets their offset. How many there were. */
uint64_t sim_log_truncate(sim_log *l, uint64_t count);
/* All but the last `keep` are gone. How many there were. */
uint64_t sim_log_expire(sim_log *l, uint64_t keep);
/* Deleted and created: offsets begin at 0. */
uint64_t sim_log_recreate(sim_log *l);
void sim_log_finish(sim_log *l);

#endif
