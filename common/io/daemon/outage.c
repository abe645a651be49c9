/* outage.c - see the header. */
#include "common/io/daemon/outage.h"

#include "common/io/loop/clock.h"
#include "common/io/loop/log.h"

void kd_outage_failed(kd_outage *o, kd_reason reason, const char *cause)
{
    /* The outage began with the first failure of the row, not with the one that proved it. */
    if (o->failures++ == 0) o->since_us = kd_clock_mono_us();
    if (o->down || cause == NULL || o->failures < KD_OUTAGE_FAILURES) return;
    o->down = true;
    if (o->up) kd_metric_set(o->up, 0);
    KD_LOG(KD_WARN, o->began, KD_STR("reason", kd_reason_name(reason)), KD_STR("cause", cause));
}

void kd_outage_answered(kd_outage *o)
{
    o->failures = 0;
    if (o->up) kd_metric_set(o->up, 1);
    if (!o->down) return;
    o->down = false;
    KD_LOG(KD_INFO, o->over, KD_U64("away_ms", (kd_clock_mono_us() - o->since_us) / 1000));
}
