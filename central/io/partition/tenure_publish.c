/* tenure_publish.c - drives the publisher of a tenure: gives it the producer and the clocks, and logs how much waits for Kafka. */
#include "central/io/daemon/fail.h"
#include "central/io/partition/tenure.h"
#include "common/io/loop/clock.h"
#include "common/io/loop/log.h"
#include "common/io/daemon/options_file.h"
#include "common/io/loop/point.h"

enum { WAIT_MAX_US = 1000000 };

static size_t publish_topic(const kd_tenure *t, const kd_outbound *out)
{
    if (out == &t->publisher.claims || out == &t->publisher.decisions) return KD_TOPIC_LIKES;
    if (out == &t->publisher.counts) return KD_TOPIC_COUNTS;
    return out == &t->publisher.changes ? KD_TOPIC_CHANGES : KD_TOPIC_MILESTONES;
}

static int publish_produce(void *arg, const kd_outbound *out, kd_bytes bytes, kd_outbound_record *record)
{
    kd_tenure *t = arg;
    bool counts = out == &t->publisher.counts;
    if (counts) KD_POINT(BEFORE_PUBLISH);
    int err = kd_kafka_produce(t->producer, publish_topic(t, out), t->partition, bytes, record);
    KD_ASSERT(err != KD_ETOOBIG);
    if (counts && err == KD_OK) KD_POINT(AFTER_PUBLISH);
    return err;
}

static void publish_count_part(void *arg, kd_bytes part)
{
    kd_tenure *t = arg;
    (void)part;
    kd_metric_add(&t->metrics->snapshot_parts, 1);
}

void kd_tenure_open_publisher(kd_tenure *t)
{
    const kd_publisher_config config = {.snapshot_interval_us = t->settings->snapshot_interval_us,
                                        .viral_interval_us = t->settings->viral_interval_us,
                                        .unpublished_max =
                                            t->settings->unpublished_max / t->settings->partitions,
                                        .publish_changes = t->settings->publish_changes,
                                        .plant = KUDOS_CENTRAL_PLANT};
    const kd_publisher_shell shell = {t, publish_produce, publish_count_part};
    kd_publisher_init(&t->publisher, t->core, &config, &shell, kd_clock_mono_us(),
                      kd_random_next(&t->random));
}

/* The alarm comes at half of the bound, while there is time to act; the second line when reading stops. Both are told again only after the backlog
 * has fallen below a quarter of the bound. */
static void publish_tell_unpublished(kd_tenure *t)
{
    uint64_t bytes = kd_central_unpublished_bytes(t->core), max = t->publisher.config.unpublished_max;
    if (bytes < max / 4) t->unpublished_told = t->waits_told = false;
    if (!t->unpublished_told && bytes >= max / 2) {
        t->unpublished_told = true;
        kd_metric_add(&t->metrics->alarms_unpublished, 1);
        KD_LOG(KD_ERROR, "alarm-unpublished", KD_U64("partition", t->partition), KD_U64("bytes", bytes),
               KD_U64("max", max), KD_U64("changes_waiting", t->publisher.changes.count),
               KD_U64("milestones_waiting", t->publisher.milestones.count),
               KD_U64("counts_waiting", t->publisher.counts.count));
    }
    if (!t->waits_told && bytes >= max) {
        t->waits_told = true;
        KD_LOG(KD_ERROR, "reading-waits", KD_U64("partition", t->partition), KD_U64("bytes", bytes),
               KD_U64("max", max));
    }
}

void kd_tenure_tell_closed(kd_tenure *t)
{
    static const char *const what[] = {"room", "fills", "full-of-lives", "full"};
    kd_central_stats s;
    kd_central_get_stats(t->core, &s);
    kd_closed_stage stage = kd_closed_stage_of(s.closed_items);
    if (stage <= t->closed_told) return;
    t->closed_told = stage;
    kd_metric_add(&t->metrics->alarms_closed, 1);
    KD_LOG(KD_ERROR, "alarm-closed-list", KD_U64("partition", t->partition), KD_STR("stage", what[stage]),
           KD_U64("items", s.closed_items), KD_U64("max", KD_CLOSED_MAX),
           KD_U64("max_by_lives", KD_CLOSED_MAX - KD_CLOSED_RESERVED));
}

uint64_t kd_tenure_publish(kd_tenure *t, uint64_t mono_us)
{
    uint64_t next_us, made_us = t->publisher.snapshot_made_us;
    bool publishes = t->core && !t->follows && !t->fenced && (!t->halted || t->drains);
    if (!publishes || !t->producer) return mono_us + WAIT_MAX_US;
    bool promoted = kd_central_promotion(t->core) != KD_PROMOTION_LEADS;
    if (!kd_central_durable(t->core) && !promoted) return mono_us + WAIT_MAX_US;
    publish_tell_unpublished(t);
    if (kd_publisher_run(&t->publisher, kd_clock_wall_us(), mono_us, &next_us) != KD_OK)
        kd_fail_stop(KD_EXIT_FAILED, "storage-failed", t->partition,
                     "changes or counts could not be read for the topics");
    if (t->publisher.snapshot_made_us != made_us) kd_metric_add(&t->metrics->snapshots, 1);
    return KD_MIN(next_us, mono_us + WAIT_MAX_US);
}

int kd_tenure_decide(kd_tenure *t, const kd_decision *d)
{
    if (!t->producer || !t->core) return KD_EAGAIN;
    if (t->follows || t->fenced || t->halted) return KD_EFENCED;
    int err = kd_publisher_decide(&t->publisher, d, kd_clock_wall_us());
    if (err == KD_OK) kd_tenure_publish(t, kd_clock_mono_us());
    return err;
}

void kd_tenure_delivered(kd_outbound_record *record, bool ok, uint64_t random)
{
    kd_publisher *publisher = kd_publisher_of(record);
    kd_tenure *t = KD_CONTAINER(publisher, kd_tenure, publisher);
    uint64_t mono_us = kd_clock_mono_us();
    if (!kd_publisher_report(record, ok, mono_us, random)) return;
    kd_tenure_publish(t, mono_us);
    t->settled(t->arg);
}
