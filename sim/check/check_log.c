/*
 * check_log.c - "log-position" (rule 13): a central that starts goes on behind its stored offset only if the record at that offset is the one that
 * it merged.
 *
 * If the log was made anew, records below the stored offset would be skipped. Edges send their operations again sooner or later, so no other
 * checker would notice.
 */
#include "sim/check/checking.h"
#include "sim/check/words.h"

static uint64_t place_hash(uint32_t partition, int64_t offset)
{
    uint64_t hash = sim_check_mix(partition + 1, (uint64_t)offset);
    return hash ? hash : 1;
}

void sim_check_log_fed(sim_checks *c, uint32_t partition, kd_bytes record, int64_t offset)
{
    sim_check_map_obtain(&c->log, place_hash(partition, offset))->a = kd_hash(record);
}

void sim_check_log_checked(sim_checks *c, uint32_t partition, int64_t stored, kd_bytes found, int64_t next)
{
    const sim_check_cell *merged = sim_check_map_find(&c->log, place_hash(partition, stored));
    c->made++;
    if (!merged || (found.data && kd_hash(found) == merged->a)) return;
    sim_check_fail(
        c, "log-position",
        "central goes on in the likes log as if it had read all before, but the log was replaced: batches of "
        "partition %u are skipped [goes on at %lld; the record at %lld is not the one that it merged]",
        partition, (long long)next, (long long)stored);
}
