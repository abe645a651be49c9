/* health.c - see the header. */
#include "edge/io/daemon/health.h"

#include "edge/io/shard/shard.h"

static void health_put(kd_buf *why, const char *text)
{
    if (why->len > 0) kd_buf_put(why, "; ", 2);
    kd_buf_put(why, text, strlen(text));
}

/* Of the shards only their metrics may be read here: they are atomic. */
static bool health_retired(const kd_edge_app *app)
{
    bool retired = false;
    for (uint32_t i = 0; i < app->shard_count; i++)
        retired |= app->shards[i] && kd_metric_get(&app->shards[i]->base.metrics.retired) != 0;
    return retired;
}

static void health_put_refused_writes(const kd_edge_app *app, kd_buf *why)
{
    bool identity = false;
    for (uint32_t i = 0; i < app->shard_count; i++)
        identity |= app->shards[i] && kd_metric_get(&app->shards[i]->base.metrics.refusing) != 0;
    if (identity) health_put(why, "writes are refused: identity in doubt");
    if (kd_clock_check(&app->clock) == KD_CLOCK_OUT_OF_BOUNDS)
        health_put(why, "writes are refused: clock-out-of-bounds");
}

bool kd_health_alive(void *arg, kd_buf *why)
{
    const kd_edge_app *app = arg;
    bool failed = kd_failure_told(&app->failure);
    if (failed) health_put(why, "the store failed");
    return !failed;
}

bool kd_health_ready(void *arg, kd_buf *why)
{
    const kd_edge_app *app = arg;
    if (app->drain.state != KD_DRAIN_NO) {
        health_put(why, "draining");
        return false;
    }
    if (!kd_health_alive(arg, why)) return false;
    if (health_retired(app)) {
        health_put(
            why,
            "edge-retired: central refuses this edge's batches (kudos-central retire --undo takes it back)");
        return false;
    }
    health_put_refused_writes(app, why);
    if (kd_metric_get(&app->overload.level) >= KD_LEVEL_NO_READS)
        health_put(why, "reads are refused: overloaded");
    return true;
}
