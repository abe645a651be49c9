/*
 * log.h - one partition of a topic: records by offset, from `start` up to, and without, `end`. Retention drops records at the start, an unclean
 * election of a leader drops them at the end.
 */
#ifndef KUDOS_SIM_WORLD_LOG_H
#define KUDOS_SIM_WORLD_LOG_H

#include "kudos/base.h"

typedef struct {
    uint8_t *data;
    uint32_t len;
} sim_record;

/* Zero-initialise. */
typedef struct {
    sim_record *at; /* offset o is at[o - base] */
    int64_t base, start, end;
    uint32_t cap;
} sim_log;

/* Copies the record to offset `end`. */
void sim_log_append(sim_log *l, kd_bytes record);
/* The record at the offset, valid until it is dropped; NULL data: there is none. */
static inline kd_bytes sim_log_read(const sim_log *l, int64_t offset)
{
    if (offset < l->start || offset >= l->end) return (kd_bytes){0};
    const sim_record *r = &l->at[offset - l->base];
    return kd_bytes_of(r->data, r->len);
}
/* Drops the last `count` records; their offsets are given out again. Returns how many were dropped. */
uint64_t sim_log_truncate(sim_log *l, uint64_t count);
/* Drops all but the last `keep` records. Returns how many were dropped. */
uint64_t sim_log_expire(sim_log *l, uint64_t keep);
/* The topic is deleted and created: empty, offsets begin at 0. Returns how many records were dropped. */
uint64_t sim_log_recreate(sim_log *l);
/* Frees everything. */
void sim_log_finish(sim_log *l);

#endif
