/*
 * check_log.c - "log-position" (rule 13): a central that opens goes on behind its stored offset only if the record there is the one that it merged.
 *
 * What lies before is only read again if it does not. Edges send all of it again sooner or later, so nothing else would tell.
 */
#include "sim/check/checking.h"

static uint64_t place_hash(uint32_t partition, int64_t offset)
{
    uint64_t hash = check_mix(partition + 1, (uint64_t)offset);
    return hash ? hash : 1;
}

void check_log_fed(checks *c, uint32_t partition, kd_bytes record, int64_t offset)
{
    check_map_obtain(&c->log, place_hash(partition, offset))->a = kd_hash(record);
}

void check_log_checked(checks *c, uint32_t partition, int64_t stored, kd_bytes found, int64_t next)
{
    const check_cell *merged = check_map_find(&c->log, place_hash(partition, stored));
    c->made++;
    if (!merged || (found.data && kd_hash(found) == merged->a)) return;
    check_fail(c, "log-position",
               "central goes on at %lld of partition %u: what stands at %lld is not what it merged",
               (long long)next, partition, (long long)stored);
}
