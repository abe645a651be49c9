/* alarms.c - see the header. */
#include "edge/io/shard/alarms.h"

#include "common/io/loop/log.h"

/* An alarm that is `shared` came from an incarnation that is not below the present one: no earlier run of this edge with a good clock can have minted
 * that. */
static void alarms_tell_identity(const kd_alarms *told, uint32_t shard, uint64_t incarnation,
                                 const kd_edge_stats *stats)
{
    if (stats->identity_alarms > told->alarms)
        KD_LOG(KD_ERROR, "alarm-identity", KD_U64("shard", shard), KD_U64("alarms", stats->identity_alarms),
               KD_U64("shared", stats->identity_shared), KD_U64("incarnation", incarnation),
               KD_STR("cause",
                      stats->identity_shared > told->shared
                          ? "another process runs under this edge's name, or an earlier life of "
                            "this edge had a clock ahead of the present one"
                          : "an earlier life of this edge, before its directory was put back, or a copy of "
                            "the directory"));
    if (stats->aside_kept > told->aside_kept)
        KD_LOG(KD_ERROR, "sums-set-aside", KD_U64("shard", shard), KD_U64("sums", stats->aside_kept),
               KD_U64("amount", stats->aside_kept_amount), KD_STR("see", "kudos-edge aside --help"));
    if (stats->refusing && !told->refusing)
        KD_LOG(KD_ERROR, "writes-refused", KD_U64("shard", shard), KD_STR("cause", "identity in doubt"));
}

static void alarms_tell_central(const kd_alarms *told, uint32_t shard, const kd_edge_stats *stats)
{
    if (stats->retired > 0 && told->retired == 0)
        KD_LOG(KD_ERROR, "edge-retired", KD_U64("shard", shard), KD_U64("partitions", stats->retired),
               KD_STR("cause", "central refuses this edge's batches: kudos-central retire"));
    if (stats->retired == 0 && told->retired > 0) KD_LOG(KD_INFO, "edge-readmitted", KD_U64("shard", shard));
    if (stats->undone > told->undone)
        KD_LOG(KD_WARN, "history-undone", KD_U64("shard", shard), KD_U64("histories", stats->undone));
}

void kd_alarms_tell(kd_alarms *told, uint32_t shard, uint64_t incarnation, const kd_edge_stats *stats)
{
    alarms_tell_identity(told, shard, incarnation, stats);
    alarms_tell_central(told, shard, stats);
    *told = (kd_alarms){.alarms = stats->identity_alarms,
                        .aside_kept = stats->aside_kept,
                        .undone = stats->undone,
                        .shared = stats->identity_shared,
                        .retired = stats->retired,
                        .refusing = stats->refusing};
}
