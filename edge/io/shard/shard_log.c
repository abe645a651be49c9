/* shard_log.c - see the header. */
#include "edge/io/shard/shard_log.h"

#include "common/io/loop/clock.h"

void kd_shard_log_init(kd_shard_log *l, kd_shard_base *base)
{
    const kd_settings *set = base->settings;
    l->base = base;
    kd_log_waits_init(&l->waits, base->edge, base->shards, (uint32_t)set->partitions,
                      set->acknowledge_deadline_us);
}

/* The requests that still wait are gone: their connections were closed with the server. */
void kd_shard_log_finish(kd_shard_log *l)
{
    l->waits.waiting = 0;
    kd_log_waits_finish(&l->waits);
}

void kd_shard_log_begin(kd_shard_log *l, kd_log_wait *wait)
{
    kd_log_waits_begin(&l->waits, wait, kd_clock_mono_us());
}

void kd_shard_log_look(kd_shard_log *l, uint64_t mono_us)
{
    uint32_t late = kd_log_waits_expire(&l->waits, mono_us);
    if (late > 0) kd_metric_add(&l->base->metrics.log_late, late);
    kd_metric_set(&l->base->metrics.log_waiting, (int64_t)l->waits.waiting);
}
