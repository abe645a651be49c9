/* overload.c - see the header. */
#include "edge/io/daemon/overload.h"

#include "common/io/loop/log.h"
#include "edge/io/shard/shard.h"

static void overload_tell(const kd_overload_watch *w, uint32_t before, const kd_overload_ages *ages)
{
    KD_LOG(w->judge.level > before ? KD_WARN : KD_INFO, "overload-level", KD_U64("level", w->judge.level),
           KD_U64("before", before), KD_U64("loop_ms", ages->loop_us / 1000),
           KD_U64("disk_ms", ages->disk_us / 1000));
}

static void overload_on_timer(void *arg)
{
    kd_edge_app *app = arg;
    kd_overload_watch *w = &app->overload;
    kd_overload_ages ages = {0};
    uint64_t now_us = kd_clock_mono_us();
    uint32_t before = w->judge.level;
    for (uint32_t i = 0; i < app->shard_count; i++) kd_lag_add(&app->shards[i]->base.lag, now_us, &ages);
    kd_timer_set(&w->timer, KD_OVERLOAD_SAMPLE_US);
    if (!kd_overload_measure(&w->judge, now_us, &ages)) return;
    kd_metric_set(&w->level, w->judge.level);
    overload_tell(w, before, &ages);
}

void kd_overload_watch_start(kd_edge_app *app)
{
    kd_overload_bounds bounds = kd_settings_overload(&app->settings);
    kd_overload_init(&app->overload.judge, &bounds);
    kd_timer_init(&app->overload.timer, app->loop, overload_on_timer, app);
    kd_timer_set(&app->overload.timer, KD_OVERLOAD_SAMPLE_US);
}

void kd_overload_watch_finish(kd_edge_app *app)
{
    kd_timer_finish(&app->overload.timer);
}
