/* doubts.c - see the header. */
#include "edge/io/daemon/doubts.h"

#include "common/io/daemon/log.h"
#include "edge/io/shard/shard.h"

void kd_doubts_tell(kd_shard *s, const kd_edge_stats *stats)
{
    kd_doubts *d = &s->doubts;
    if (stats->identity_alarms > d->alarms)
        KD_LOG(KD_ERROR, "alarm-identity", KD_U64("shard", s->index),
               KD_U64("alarms", stats->identity_alarms), KD_U64("shared", stats->identity_shared),
               KD_U64("incarnation", kd_edge_incarnation(s->edge)),
               KD_STR("cause",
                      stats->identity_shared > d->shared
                          ? "another process runs under this edge's name, or an earlier life of "
                            "this edge had a clock ahead of the present one"
                          : "an earlier life of this edge, before its directory was put back, or a copy of "
                            "the directory"));
    if (stats->aside_kept > d->aside_kept)
        KD_LOG(KD_ERROR, "sums-set-aside", KD_U64("shard", s->index), KD_U64("sums", stats->aside_kept),
               KD_U64("amount", stats->aside_kept_amount), KD_STR("see", "kudos-edge aside --help"));
    if (stats->refusing && !d->refusing)
        KD_LOG(KD_ERROR, "writes-refused", KD_U64("shard", s->index), KD_STR("cause", "identity in doubt"));
    if (stats->retired > 0 && d->retired == 0)
        KD_LOG(KD_ERROR, "edge-retired", KD_U64("shard", s->index), KD_U64("partitions", stats->retired),
               KD_STR("cause", "central refuses this edge's batches: kudos-central retire"));
    if (stats->retired == 0 && d->retired > 0) KD_LOG(KD_INFO, "edge-readmitted", KD_U64("shard", s->index));
    if (stats->undone > d->undone)
        KD_LOG(KD_WARN, "history-undone", KD_U64("shard", s->index), KD_U64("histories", stats->undone));
    *d = (kd_doubts){stats->identity_alarms, stats->aside_kept, stats->undone,
                     stats->identity_shared, stats->retired,    stats->refusing};
}

static void doubts_put(kd_buf *out, const char *text)
{
    if (out->len > 0) kd_buf_put(out, "; ", 2);
    kd_buf_put(out, text, strlen(text));
}

bool kd_doubts_retired(const kd_edge_app *app, kd_buf *why)
{
    bool retired = false;
    for (uint32_t i = 0; i < app->shard_count; i++)
        retired |= app->shards[i] && kd_metric_get(&app->shards[i]->metrics.retired) != 0;
    if (retired)
        doubts_put(
            why,
            "edge-retired: central refuses this edge's batches (kudos-central retire --undo takes it back)");
    return retired;
}

void kd_doubts_about_writes(const kd_edge_app *app, kd_buf *why)
{
    bool identity = false;
    for (uint32_t i = 0; i < app->shard_count; i++)
        identity |= app->shards[i] && kd_metric_get(&app->shards[i]->metrics.refusing) != 0;
    if (identity) doubts_put(why, "writes are refused: identity in doubt");
    if (kd_clock_check(&app->clock) == KD_CLOCK_OUT_OF_BOUNDS)
        doubts_put(why, "writes are refused: clock-out-of-bounds");
}
