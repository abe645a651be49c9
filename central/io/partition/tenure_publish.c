/* tenure_publish.c - what a tenure hands to Kafka: its claim, the effective changes, snapshots. */
#include "central/io/daemon/fail.h"
#include "central/io/partition/tenure_internal.h"
#include "common/io/loop/clock.h"
#include "common/io/daemon/log.h"
#include "common/io/daemon/options_file.h"
#include "common/io/loop/point.h"

enum { CHANGES_WINDOW = 64, WAIT_MAX_US = 1000000 };

static void advanced(kd_outbound *out, void *arg)
{
    (void)out;
    kd_tenure_publish(arg, kd_clock_mono_us());
}

static void changes_advanced(kd_outbound *out, void *arg);

void kd_tenure_init_outbound(kd_tenure *t)
{
    kd_outbound_init(&t->claims, KD_TOPIC_LIKES, t->partition, advanced, t);
    kd_outbound_init(&t->counts, KD_TOPIC_COUNTS, t->partition, advanced, t);
    kd_outbound_init(&t->changes, KD_TOPIC_CHANGES, t->partition, changes_advanced, t);
    /* Spread over the interval, so that partitions do not publish all at once. */
    t->snapshot_due_us = kd_clock_mono_us() + kd_random_next(&t->random) % t->settings->snapshot_interval_us;
}

static void tenure_publish_claim(kd_tenure *t)
{
    kd_buf record = {.data = NULL};
    if (!t->claim_pending) return;
    t->claim_pending = false;
    kd_central_claim(t->core, kd_clock_wall_us(), &record);
    kd_outbound_push(&t->claims, &record, kd_central_epoch(t->core));
}

/* All records of versions below the oldest one held are delivered; with none held and the core asked out, all
 * of them. */
static void settle_changes(kd_tenure *t)
{
    uint64_t oldest = kd_outbound_oldest(&t->changes);
    if (oldest != UINT64_MAX)
        kd_central_changes_delivered(t->core, oldest - 1);
    else if (!t->changes_open)
        kd_central_changes_delivered(t->core, kd_central_version(t->core));
}

static void tenure_publish_changes(kd_tenure *t)
{
    kd_buf record = {.data = NULL};
    while (t->changes_open && t->changes.count < CHANGES_WINDOW) {
        uint64_t version;
        int rc = kd_central_changes_next(t->core, &record, &version);
        if (rc == KD_ENOTFOUND) {
            t->changes_open = false;
            settle_changes(t);
            break;
        }
        if (rc != KD_OK)
            kd_fail_stop(KD_EXIT_FAILED, "storage-failed", t->partition, "changes could not be read");
        kd_outbound_push(&t->changes, &record, version);
    }
    kd_buf_finish(&record);
}

static void changes_advanced(kd_outbound *out, void *arg)
{
    kd_tenure *t = arg;
    (void)out;
    settle_changes(t);
    kd_tenure_publish(t, kd_clock_mono_us());
    t->settled(t->arg);
}

static void take_part(void *arg, kd_bytes record)
{
    kd_tenure *t = arg;
    kd_buf copy = {.data = NULL};
    kd_buf_put(&copy, record.data, record.len);
    kd_outbound_push(&t->counts, &copy, kd_central_version(t->core));
    kd_metric_add(&t->metrics->snapshot_parts, 1);
}

static bool snapshot_due(const kd_tenure *t, uint64_t mono_us)
{
    if (t->claims.count > 0 || t->counts.count > 0 || t->ending == KD_TENURE_SAID_ALL) return false;
    return t->ending == KD_TENURE_LAST_SNAPSHOT || mono_us >= t->snapshot_due_us;
}

static void tenure_publish_snapshot(kd_tenure *t, uint64_t mono_us)
{
    uint64_t interval = t->settings->snapshot_interval_us;
    if (!snapshot_due(t, mono_us)) return;
    if (t->ending == KD_TENURE_LAST_SNAPSHOT) t->ending = KD_TENURE_SAID_ALL;
    uint64_t next = t->snapshot_due_us + interval;
    t->snapshot_due_us = next > mono_us ? next : mono_us + interval;
    t->snapshot_made_us = mono_us;
    if (kd_central_snapshot(t->core, kd_clock_wall_us(), take_part, t) != KD_OK)
        kd_fail_stop(KD_EXIT_FAILED, "storage-failed", t->partition,
                     "counts could not be read for a snapshot");
    kd_metric_add(&t->metrics->snapshots, 1);
    KD_POINT(BEFORE_PUBLISH);
}

uint64_t kd_tenure_unpublished_max(const kd_tenure *t)
{
    return t->settings->unpublished_max / t->settings->partitions;
}

/* An operator hears of it while there is room for as much again, and when there is none. */
static void watch_unpublished(kd_tenure *t)
{
    uint64_t bytes = kd_central_unpublished_bytes(t->core), max = kd_tenure_unpublished_max(t);
    if (bytes < max / 4) t->unpublished_told = t->waits_told = false;
    if (!t->unpublished_told && bytes >= max / 2) {
        t->unpublished_told = true;
        kd_metric_add(&t->metrics->alarms_unpublished, 1);
        KD_LOG(KD_ERROR, "alarm-unpublished", KD_U64("partition", t->partition), KD_U64("bytes", bytes),
               KD_U64("max", max), KD_U64("changes_waiting", t->changes.count),
               KD_U64("counts_waiting", t->counts.count));
    }
    if (!t->waits_told && bytes >= max) {
        t->waits_told = true;
        KD_LOG(KD_ERROR, "reading-waits", KD_U64("partition", t->partition), KD_U64("bytes", bytes),
               KD_U64("max", max));
    }
}

static uint64_t earliest(const kd_outbound *out, uint64_t when)
{
    return out->waiting > 0 ? KD_MIN(when, out->again_us) : when;
}

uint64_t kd_tenure_publish(kd_tenure *t, uint64_t mono_us)
{
    uint64_t when = mono_us + WAIT_MAX_US;
    if (!kd_central_durable(t->core) || t->producer == NULL) return when;
    tenure_publish_claim(t);
    watch_unpublished(t);
    if (t->settings->publish_changes) tenure_publish_changes(t);
    tenure_publish_snapshot(t, mono_us);
    kd_outbound_pump(&t->claims, t->producer, mono_us);
    kd_outbound_pump(&t->counts, t->producer, mono_us);
    if (t->counts.waiting < t->counts.count) KD_POINT(AFTER_PUBLISH);
    kd_outbound_pump(&t->changes, t->producer, mono_us);
    when = earliest(&t->claims, earliest(&t->counts, earliest(&t->changes, when)));
    return t->claims.count + t->counts.count == 0 ? KD_MIN(when, t->snapshot_due_us) : when;
}

void kd_tenure_end(kd_tenure *t, uint64_t mono_us)
{
    if (t->ending == KD_TENURE_GOES_ON) t->ending = KD_TENURE_LAST_SNAPSHOT;
    kd_tenure_publish(t, mono_us);
}
