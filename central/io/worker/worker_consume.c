/*
 * worker_consume.c - reading the likes topic: assignment after the check of the log position, back-pressure, and recovery when the log is not there.
 *
 * To read from the earliest record on is always safe: batches that were merged before are dropped by their positions.
 */
#include "central/io/worker/kafka_log.h"
#include "central/io/worker/worker_internal.h"

#include <stdlib.h>

#include "central/io/daemon/fail.h"
#include "common/io/loop/clock.h"
#include "common/io/loop/log.h"
#include "common/io/daemon/options_file.h"

static void worker_rewind_log(kd_worker *w, kd_tenure *t, const char *text)
{
    const kd_kafka_start start = {0, t->partition, KD_KAFKA_BEGINNING};
    kd_metric_add(&w->metrics.rewinds, 1);
    KD_LOG(KD_WARN, "log-rewound", KD_U64("partition", t->partition), KD_STR("cause", text));
    kd_kafka_consumer_seek(w->consumer, &start);
}

static const char left_behind[] =
    "a batch that waited is merged or dropped, or an edge was taken back: what came behind it was left";

/* Behind the record that was fed: whoever reads the same log reads it again from the same place. When the process ends before, the check of the log position at the next
 * start does it (worker_check_log). */
static void worker_read_again(kd_worker *w, kd_tenure *t)
{
    if (!kd_tenure_held(t) || !kd_central_log_again(t->core)) return;
    t->standing = false;
    worker_rewind_log(w, t, left_behind);
}

static void worker_on_record(void *arg, const kd_kafka_record *record)
{
    kd_worker *w = arg;
    kd_tenure *t = kd_worker_tenure(w, record->partition);
    if (w->draining) return; /* not fed: it is read again at the next start */
    if (record->topic == KD_TOPIC_COUNTS) {
        if (kd_tenure_hear(t, record->value, record->offset)) t->counts_next = record->offset + 1;
        return;
    }
    if (!kd_tenure_follow_feeds(t)) return;
    kd_tenure_feed(t, record, kd_clock_wall_us());
    worker_read_again(w, t);
    kd_tenure_follow_check(t);
    if (kd_tenure_blocked(t) || kd_tenure_owes(t))
        kd_worker_regulate(w); /* a record can block no other partition */
}

void kd_worker_on_refused(void *worker, kd_mac_verdict verdict)
{
    kd_worker *w = worker;
    kd_central_metrics *m = &w->metrics;
    kd_metric *const cells[KD_MAC_VERDICTS] = KD_KAFKA_REFUSED_CELLS(m);
    kd_metric_add(cells[verdict], 1);
    kd_metric_add(&m->alarms_refused, 1);
}

static void worker_on_end_round(void *arg)
{
    kd_worker *w = arg;
    for (uint32_t i = 0; i < w->count; i++) kd_tenure_commit(&w->tenures[i]);
}

/* A record that cannot be read would hold up the partition for as long as Kafka keeps it. So it is skipped, which is a lost record like any other:
 * its edge learns of the gap and sends the batch again, behind those that follow. */
static bool worker_step_over(kd_worker *w, uint32_t partition, int64_t offset, const char *text)
{
    const kd_kafka_start damaged = {0, partition, offset};
    kd_metric_add(&w->metrics.alarms_log, 1);
    KD_LOG(KD_ERROR, "log-damaged", KD_U64("partition", partition), KD_I64("offset", offset),
           KD_STR("cause", text));
    return kd_kafka_consumer_step_over(w->consumer, &damaged) == KD_OK;
}

static void worker_rejoin_later(kd_worker *w)
{
    if (kd_timer_armed(&w->rejoin)) return;
    kd_timer_set(&w->rejoin, kd_backoff_next(&w->rejoin_backoff, kd_random_next(&w->random)));
}

/* Also while a store that followed is on its way to lead. */
static bool worker_hears_of(const kd_tenure *t)
{
    return kd_central_in_group(t->settings) || kd_tenure_follows(t);
}

static bool worker_hears(const kd_worker *w)
{
    bool hears = kd_central_in_group(w->settings);
    for (uint32_t i = 0; i < w->count; i++) hears |= kd_tenure_follows(&w->tenures[i]);
    return hears;
}

/* Snapshots that a follower misses are compared by those behind them. */
static void worker_lose_counts(kd_worker *w, const kd_tenure *t, kd_kafka_condition condition, int64_t offset,
                               const char *text)
{
    const kd_kafka_start all = {KD_TOPIC_COUNTS, t->partition, KD_KAFKA_BEGINNING};
    if (condition == KD_KAFKA_EOF) return;
    KD_LOG(KD_WARN, "counts-failed", KD_U64("partition", t->partition), KD_I64("offset", offset),
           KD_STR("cause", text));
    bool seeks = condition == KD_KAFKA_OUT_OF_RANGE || condition == KD_KAFKA_DAMAGED;
    if (seeks && kd_kafka_consumer_seek(w->consumer, &all) == KD_OK) return;
    w->rejoin_fatal = true;
    worker_rejoin_later(w);
}

/* True: the condition is dealt with. A follower does not read its log again, nor over a gap in it. */
static bool worker_follower_condition(kd_worker *w, kd_tenure *t, uint32_t topic,
                                      kd_kafka_condition condition, int64_t offset, const char *text)
{
    if (topic == KD_TOPIC_COUNTS) {
        if (condition == KD_KAFKA_EOF) kd_tenure_counts_at_end(t);
        worker_lose_counts(w, t, condition, offset, text);
        return true;
    }
    if (!kd_tenure_held(t)) return true;
    if (condition == KD_KAFKA_EOF) kd_tenure_at_end(t);
    if (!t->follows) return false;
    bool lost = condition == KD_KAFKA_OUT_OF_RANGE || condition == KD_KAFKA_DAMAGED;
    if (lost) kd_tenure_lose(t, offset, text);
    return lost;
}

static void worker_on_condition(void *arg, uint32_t topic, uint32_t partition, kd_kafka_condition condition,
                                int64_t offset, const char *text)
{
    kd_worker *w = arg;
    kd_tenure *t = kd_worker_tenure(w, partition);
    if (worker_follower_condition(w, t, topic, condition, offset, text)) return;
    if (condition == KD_KAFKA_EOF) {
        kd_backoff_reset(&w->rejoin_backoff);
        return;
    }
    if (condition == KD_KAFKA_OUT_OF_RANGE) {
        worker_rewind_log(w, t, text);
        return;
    }
    if (condition == KD_KAFKA_DAMAGED && worker_step_over(w, partition, offset, text)) return;
    kd_metric_add(&w->metrics.alarms_log, 1);
    KD_LOG(KD_ERROR, condition == KD_KAFKA_GONE ? "log-gone" : "log-failed", KD_U64("partition", partition),
           KD_I64("offset", offset), KD_STR("cause", text));
    t->standing = true;
    if (condition == KD_KAFKA_GONE) w->events.topics_gone(w->events.arg);
    if (condition != KD_KAFKA_GONE) w->rejoin_fatal = true;
    worker_rejoin_later(w);
}

static int worker_create_consumer(kd_worker *w, char *error)
{
    const char *topics[KD_TOPICS];
    const kd_kafka_config kafka = kd_central_kafka(w->settings, kd_central_kafka_log);
    const kd_kafka_consumer_events events = {worker_on_record, worker_on_condition, worker_on_end_round, w,
                                             kd_worker_on_refused};
    kd_central_topics(w->settings, topics);
    return kd_kafka_consumer_create(&w->consumer, kd_loop_base(w->loop), &kafka, &topics[KD_TOPIC_LIKES],
                                    worker_hears(w) ? 2 : 1, &events, error, KD_OPTIONS_ERROR_MAX);
}

/* Where a tenure begins to hear. A leader of a group has heard nothing since it leads: as a follower it goes on with what is new. A member of a group knows the
 * offset of the earliest record (KD_KAFKA_BEGINNING: kd_kafka_consumer_add). */
static kd_kafka_start worker_start_of_counts(const kd_tenure *t)
{
    int64_t offset = kd_central_counts_offset(t->core);
    if (kd_central_in_group(t->settings))
        offset = KD_MAX(offset, t->follows ? t->counts_next : t->counts_begin);
    return (kd_kafka_start){KD_TOPIC_COUNTS, t->partition, offset >= 0 ? offset : KD_KAFKA_BEGINNING};
}

/* Where a new consumer reads on: behind the last record that was fed. What is fed twice would be twice in the history. */
static kd_kafka_start worker_start_of(const kd_tenure *t)
{
    int64_t offset;
    bool known = kd_central_log_fed(t->core, &offset);
    int64_t begins = kd_central_in_group(t->settings) ? t->log_begins : KD_KAFKA_BEGINNING;
    return (kd_kafka_start){0, t->partition, known ? offset + 1 : begins};
}

/* ---- back-pressure ---- */

/* No more; or, if it is open, behind the last record that was fed. */
static void worker_read_likes(kd_worker *w, const kd_tenure *t, bool read)
{
    if (!read) {
        kd_kafka_consumer_remove(w->consumer, KD_TOPIC_LIKES, t->partition);
    } else if (kd_tenure_held(t)) {
        const kd_kafka_start likes = worker_start_of(t);
        kd_kafka_consumer_add(w->consumer, &likes);
    }
}

/* A leader of a group owes the counts topic what it has not read back. So while it owes too much it goes on to hear the counts, and reads no likes: where all reading waited, it would wait
 * for ever. A central alone hears nothing, and all of its reading waits. */
static void worker_hold_back(kd_worker *w, uint32_t i)
{
    const kd_tenure *t = &w->tenures[i];
    kd_worker_part *part = &w->parts[i];
    bool owes = part->looked_at && worker_hears_of(t) && kd_tenure_owes(t);
    if (owes == part->held_back) return;
    part->held_back = owes;
    if (owes) kd_metric_add(&w->metrics.pauses, 1);
    worker_read_likes(w, t, !owes);
}

static bool worker_blocked(const kd_worker *w)
{
    bool blocked = false;
    for (uint32_t i = 0; i < w->count && !blocked; i++) {
        const kd_tenure *t = &w->tenures[i];
        blocked = kd_tenure_blocked(t) || (kd_tenure_owes(t) && !worker_hears_of(t));
    }
    return blocked;
}

void kd_worker_regulate(kd_worker *w)
{
    if (w->draining || !w->consumer) return;
    for (uint32_t i = 0; i < w->count; i++) worker_hold_back(w, i);
    bool blocked = worker_blocked(w);
    if (blocked == w->paused) return;
    w->paused = blocked;
    if (blocked) {
        kd_metric_add(&w->metrics.pauses, 1);
        kd_kafka_consumer_pause(w->consumer);
    } else {
        kd_kafka_consumer_resume(w->consumer);
    }
}

/* ---- assignment ---- */

/* `starts`: n of the likes topic. Whoever hears reads the counts of the same partitions. */
static void worker_assign_to(kd_worker *w, const kd_kafka_start *starts, uint32_t n)
{
    char error[KD_OPTIONS_ERROR_MAX];
    if (!w->consumer && worker_create_consumer(w, error) != KD_OK)
        kd_fail_stop(KD_EXIT_UNAVAILABLE, "consumer-failed", UINT32_MAX, error);
    kd_kafka_start *all = kd_alloc(sizeof(*all) * (2 * n + 1));
    uint32_t count = n;
    memcpy(all, starts, sizeof(*all) * n);
    for (uint32_t i = 0; i < n; i++) {
        const kd_tenure *t = kd_worker_tenure(w, starts[i].partition);
        if (worker_hears_of(t)) all[count++] = worker_start_of_counts(t);
    }
    int err = kd_kafka_consumer_assign(w->consumer, all, count);
    free(all);
    if (err != KD_OK)
        kd_fail_stop(KD_EXIT_UNAVAILABLE, "consumer-failed", UINT32_MAX,
                     "the partitions could not be assigned");
    w->paused = false;
    for (uint32_t i = 0; i < w->count; i++) w->parts[i].held_back = false;
    kd_worker_regulate(w);
}

void kd_worker_add(kd_worker *w, const kd_tenure *t)
{
    w->parts[t - w->tenures].held_back = false;
    const kd_kafka_start likes = worker_start_of(t), counts = worker_start_of_counts(t);
    if (kd_kafka_consumer_add(w->consumer, &likes) != KD_OK ||
        kd_kafka_consumer_add(w->consumer, &counts) != KD_OK)
        kd_fail_stop(KD_EXIT_UNAVAILABLE, "consumer-failed", t->partition, "it could not be assigned");
}

void kd_worker_remove(kd_worker *w, const kd_tenure *t)
{
    kd_kafka_consumer_remove(w->consumer, KD_TOPIC_LIKES, t->partition);
    kd_kafka_consumer_remove(w->consumer, KD_TOPIC_COUNTS, t->partition);
}

/* A leader whose log was gone reads it again from its beginning. */
static kd_kafka_start worker_start_again(kd_tenure *t)
{
    bool again = t->standing && !t->follows;
    t->standing = false;
    return again ? (kd_kafka_start){0, t->partition, KD_KAFKA_BEGINNING} : worker_start_of(t);
}

static void worker_assign_anew(kd_worker *w)
{
    kd_kafka_start *starts = kd_alloc(sizeof(*starts) * (w->count + 1));
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->count; i++)
        if (kd_tenure_held(&w->tenures[i]) && w->parts[i].looked_at)
            starts[n++] = worker_start_again(&w->tenures[i]);
    worker_assign_to(w, starts, n);
    free(starts);
}

static void worker_consume_anew(kd_worker *w)
{
    kd_kafka_consumer_destroy(w->consumer);
    w->consumer = NULL;
    w->rejoin_fatal = false;
    worker_assign_anew(w);
}

void kd_worker_go_on(kd_worker *w, const kd_tenure *t)
{
    const kd_kafka_start start = worker_start_of(t), counts = worker_start_of_counts(t);
    kd_kafka_consumer_seek(w->consumer, &start);
    if (kd_central_in_group(w->settings)) kd_kafka_consumer_seek(w->consumer, &counts);
}

void kd_worker_run_rejoin(void *arg)
{
    kd_worker *w = arg;
    if (!w->consumer || w->draining) return;
    if (w->rejoin_fatal) {
        worker_consume_anew(w);
        return;
    }
    for (uint32_t i = 0; i < w->count; i++) {
        if (!w->tenures[i].standing) continue;
        w->tenures[i].standing = false;
        if (w->tenures[i].follows)
            kd_worker_go_on(w, &w->tenures[i]);
        else
            worker_rewind_log(w, &w->tenures[i], "the log was gone");
    }
}

static void worker_on_rejoin(kd_post *post)
{
    kd_worker_post *p = KD_CONTAINER(post, kd_worker_post, post);
    kd_worker *w = p->worker;
    free(p);
    kd_timer_cancel(&w->rejoin);
    kd_worker_run_rejoin(w);
}

void kd_worker_rejoin(kd_worker *w)
{
    kd_worker_send(w, worker_on_rejoin);
}

typedef struct {
    kd_post post;
    kd_worker *worker;
    kd_log_check *checks;
    uint32_t count;
} kd_assign_post;

/* A follower whose store is empty needs the log from its very beginning, or a seed. */
static int64_t worker_check_empty(kd_tenure *t, const kd_log_check *check)
{
    if (check->high == 0 || check->counts_high == 0)
        t->following.empty = false; /* nobody ever published more */
    if (check->low == 0) return 0;
    t->following.awaits_seed = true;
    KD_LOG(
        KD_WARN, "follower-awaits-seed", KD_U64("partition", t->partition), KD_I64("log_begins", check->low),
        KD_STR(
            "cause",
            "the store is empty, and the log does not begin at its beginning: it waits for a copy of another "
            "member's store; where none gives one (seed-failed), restore a backup of the leader into "
            "data_dir"));
    return KD_WORKER_NOWHERE;
}

int64_t kd_worker_check_log(kd_worker *w, kd_log_check *check)
{
    kd_tenure *t = kd_worker_tenure(w, check->partition);
    kd_bytes record = check->found ? kd_buf_view(&check->record) : kd_bytes_of(NULL, 0);
    bool again = kd_central_log_again(t->core);
    int64_t stored, offset = again ? -1 : kd_central_log_check(t->core, record);
    bool known = kd_central_log_position(t->core, &stored);
    t->following.looked_at = true;
    t->log_begins = check->low;
    t->counts_begin = check->counts_low;
    t->counts_next = check->counts_low;
    if (offset < 0 && t->follows && known) {
        kd_tenure_lose(t, stored, "another record stands where the last one merged was, or none");
        kd_buf_finish(&check->record);
        return kd_central_in_group(w->settings) ? check->high : KD_KAFKA_END;
    }
    if (offset < 0 && known) {
        kd_metric_add(&w->metrics.rewinds, 1);
        KD_LOG(KD_WARN, "log-rewound", KD_U64("partition", t->partition), KD_I64("offset", stored),
               KD_STR("cause", again          ? left_behind
                               : check->found ? "another record stands where the last one merged was"
                                              : "the last record merged is not in the log"));
    }
    kd_buf_finish(&check->record);
    if (offset < 0 && !known && kd_central_in_group(w->settings)) return worker_check_empty(t, check);
    return offset < 0 ? KD_KAFKA_BEGINNING : offset;
}

static void worker_on_assign(kd_post *post)
{
    kd_assign_post *p = KD_CONTAINER(post, kd_assign_post, post);
    kd_worker *w = p->worker;
    kd_kafka_start *starts = kd_alloc(sizeof(*starts) * (p->count + 1));
    KD_ASSERT(p->count == w->count);
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        if (!kd_tenure_held(&w->tenures[i])) continue;
        int64_t offset = kd_worker_check_log(w, &p->checks[i]);
        w->parts[i].looked_at = offset != KD_WORKER_NOWHERE;
        if (w->parts[i].looked_at) starts[n++] = (kd_kafka_start){0, p->checks[i].partition, offset};
    }
    if (!w->draining) {
        worker_assign_to(w, starts, n);
        for (uint32_t i = 0; i < w->count; i++) w->tenures[i].producer = w->producer;
        __atomic_store_n(&w->assigned, w->count, __ATOMIC_RELEASE);
        kd_timer_set(&w->publish, 0);
        KD_LOG(KD_INFO, "reading", KD_U64("worker", w->index), KD_U64("partitions", w->count));
    }
    free(starts);
    free(p->checks);
    free(p);
}

void kd_worker_assign(kd_worker *w, kd_log_check *checks, uint32_t count)
{
    kd_assign_post *p = kd_alloc(sizeof(*p));
    *p = (kd_assign_post){.post.fn = worker_on_assign, .worker = w, .checks = checks, .count = count};
    kd_loop_post(w->loop, &p->post);
}
