/*
 * membership.c - see the header. `lock` guards `members`, `told` and `counts`: workers tell, and routes ask, from their own threads. Kafka's clients belong to
 * the member's thread.
 */
#include "central/io/members/membership.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/io/daemon/fail.h"
#include "central/io/worker/kafka_log.h"
#include "common/io/daemon/options_file.h"
#include "common/io/loop/clock.h"
#include "common/io/loop/log.h"

enum {
    PART_US = 1000000,        /* how long the last heartbeat may take */
    CONSUMER_MIN_US = 500000, /* before a consumer that stopped is made anew */
    CONSUMER_MAX_US = 5000000,
    ALONE_US = KD_MEMBERS_SILENCE_US,
};

struct kd_membership {
    const kd_central_settings *settings;
    kd_worker *workers;
    kd_loop *loop;
    bool started, joined;
    pthread_mutex_t lock;
    kd_members *members;
    kd_wish *told; /* by partition: what the worker was told last */
    bool *told_any;
    uint64_t since_us; /* monotonic: since when heartbeats are read; 0: they are not yet */
    kd_membership_counts counts;
    kd_members_seeding seeding;
    /* of its thread */
    kd_kafka_consumer *consumer;
    kd_kafka_producer *producer;
    kd_timer tick, beat, again, part;
    kd_backoff backoff;
    uint64_t random;
    bool lives[KD_MEMBERS_MAX];
    char names[KD_MEMBERS_MAX][KD_NAME_MAX + 1]; /* as the log was told */
    void (*parted)(void *arg);
    void *parted_arg;
};

static void membership_lock(kd_membership *m)
{
    pthread_mutex_lock(&m->lock);
}

static void membership_unlock(kd_membership *m)
{
    pthread_mutex_unlock(&m->lock);
}

/* ---- heartbeats out ---- */

static void membership_beat(kd_membership *m)
{
    kd_heartbeat h;
    kd_buf record = {.data = NULL};
    if (!m->producer || kd_kafka_producer_stats_get(m->producer).outstanding >= KD_MEMBERS_BEATS_OWED_MAX)
        return;
    membership_lock(m);
    kd_members_beat(m->members, kd_clock_wall_us(), &h);
    kd_heartbeat_encode(&h, &record);
    membership_unlock(m);
    kd_kafka_produce(m->producer, 0, 0, kd_buf_view(&record), NULL); /* not taken: the next one is */
    kd_buf_finish(&record);
}

static void membership_run_beat(void *arg)
{
    kd_membership *m = arg;
    kd_timer_set(&m->beat, KD_MEMBERS_BEAT_US);
    membership_beat(m);
}

static void membership_end_part(void *arg)
{
    kd_membership *m = arg;
    void (*parted)(void *arg) = m->parted;
    kd_timer_cancel(&m->part);
    m->parted = NULL;
    if (parted) parted(m->parted_arg);
}

static void membership_delivered(void *arg, void *opaque, bool ok)
{
    kd_membership *m = arg;
    (void)opaque;
    (void)ok;
    if (m->parted && kd_kafka_producer_stats_get(m->producer).outstanding == 0) membership_end_part(m);
}

/* ---- what the workers are told ---- */

static void membership_log_wish(uint32_t partition, const kd_members_decision *d, bool changed)
{
    bool moves = d->wish == KD_WISH_LEAD || d->wish == KD_WISH_HAND_OVER;
    if (changed && moves && d->why != KD_WHY_LEADS && d->why != KD_WHY_CUT_OFF)
        KD_LOG(KD_INFO, d->wish == KD_WISH_LEAD ? "takeover" : "hand-over", KD_U64("partition", partition),
               KD_STR("why", kd_members_why_name(d->why)), KD_BYTES("whom", d->whom));
    else if (d->why == KD_WHY_EMPTY || d->why == KD_WHY_AWAITS_SEED)
        KD_LOG(KD_WARN, "takeover-impossible", KD_U64("partition", partition),
               KD_STR("why", kd_members_why_text(d->why)), KD_BYTES("whom", d->whom));
}

/* What a decision changes is posted; with the lock held. */
static void membership_decide(kd_membership *m, uint32_t p, uint64_t mono_us)
{
    kd_members_why before = kd_members_decided(m->members, p).why;
    const kd_members_decision d = kd_members_decide(m->members, p, mono_us);
    bool changed = !m->told_any[p] || d.wish != m->told[p];
    if (changed || d.why != before) membership_log_wish(p, &d, changed);
    if (!changed) return;
    m->told_any[p] = true;
    m->told[p] = d.wish;
    m->counts.takeovers[d.why] += d.wish == KD_WISH_LEAD;
    m->counts.handovers += d.wish == KD_WISH_HAND_OVER;
    kd_worker_wish(&m->workers[p % m->settings->workers], p, &d);
}

static void membership_log_members(kd_membership *m)
{
    uint32_t count = kd_members_count(m->members);
    for (uint32_t i = 1; i < count; i++) {
        const kd_member_seen seen = kd_members_at(m->members, i);
        bool same = kd_bytes_eq(kd_bytes_str(m->names[i]), seen.name);
        if (same && m->lives[i] == seen.lives) continue;
        snprintf(m->names[i], sizeof(m->names[i]), "%.*s", (int)seen.name.len, (const char *)seen.name.data);
        m->lives[i] = seen.lives;
        KD_LOG(seen.lives || seen.leaving ? KD_INFO : KD_WARN, seen.lives ? "member-lives" : "member-silent",
               KD_BYTES("name", seen.name), KD_BYTES("url", seen.url), KD_BYTES("zone", seen.zone),
               KD_U64("silent_ms", seen.silent_us / 1000));
    }
}

static void membership_run_tick(void *arg)
{
    kd_membership *m = arg;
    uint64_t now_us = kd_clock_mono_us();
    kd_timer_set(&m->tick, KD_MEMBERS_LOOK_US);
    membership_lock(m);
    for (uint32_t p = 0; p < m->settings->partitions && kd_central_in_group(m->settings); p++)
        membership_decide(m, p, now_us);
    membership_log_members(m);
    membership_unlock(m);
}

void kd_membership_hold(kd_membership *m, uint32_t partition, const kd_members_own *own)
{
    membership_lock(m);
    bool changed = kd_members_held(m->members, 0, partition).state != own->state;
    kd_members_hold(m->members, partition, own, kd_clock_mono_us());
    membership_unlock(m);
    if (changed) kd_membership_tell_soon(m);
}

/* ---- heartbeats in ---- */

static void membership_judge(kd_members_heard_as as, const kd_heartbeat *h)
{
    char cause[160];
    switch (as) {
    case KD_HEARD_TWIN:
        snprintf(cause, sizeof(cause),
                 "another process is the member %.*s: give each a central.name of its own",
                 (int)h->member.len, (const char *)h->member.data);
        kd_fail_stop(KD_EXIT_USAGE, "name-taken", UINT32_MAX, cause);
    case KD_HEARD_STRANGER:
        KD_LOG(KD_WARN, "member-refused", KD_BYTES("name", h->member), KD_U64("partitions", h->partitions),
               KD_STR("cause", "kafka.partitions is another number there"));
        break;
    case KD_HEARD_OLD:
        KD_LOG(KD_WARN, "member-refused", KD_BYTES("name", h->member), KD_U64("at_us", h->at_us),
               KD_STR("cause", "its heartbeat is old: one that came again, or a clock that is behind"));
        break;
    case KD_HEARD_FULL:
        KD_LOG(KD_WARN, "member-refused", KD_BYTES("name", h->member),
               KD_STR("cause", "as many members are known as there may be"));
        break;
    default:
        break;
    }
}

static void membership_on_record(void *arg, const kd_kafka_record *record)
{
    kd_membership *m = arg;
    kd_heartbeat h;
    if (kd_heartbeat_decode(record->value, &h) != KD_OK) return; /* of a newer member, perhaps */
    membership_lock(m);
    kd_members_heard_as as = kd_members_heard(m->members, &h, kd_clock_mono_us());
    membership_unlock(m);
    membership_judge(as, &h);
    kd_heartbeat_finish(&h);
}

static void membership_on_refused(void *arg, kd_mac_verdict verdict)
{
    kd_membership *m = arg;
    kd_worker_on_refused(&m->workers[0], verdict);
}

static void membership_on_round(void *arg)
{
    kd_membership *m = arg;
    if (kd_timer_armed(&m->tick)) kd_timer_set(&m->tick, 0);
}

/* Heartbeats that are missed are replaced by those behind them: the next consumer begins at the end. */
static void membership_on_condition(void *arg, uint32_t topic, uint32_t partition,
                                    kd_kafka_condition condition, int64_t offset, const char *text)
{
    kd_membership *m = arg;
    (void)topic;
    (void)partition;
    (void)offset;
    if (condition == KD_KAFKA_EOF) {
        kd_backoff_reset(&m->backoff);
        return;
    }
    if (kd_timer_armed(&m->again)) return;
    KD_LOG(KD_WARN, "heartbeats-failed", KD_STR("cause", text));
    kd_timer_set(&m->again, kd_backoff_next(&m->backoff, kd_random_next(&m->random)));
}

static void membership_consume(void *arg)
{
    kd_membership *m = arg;
    char error[KD_OPTIONS_ERROR_MAX];
    const char *topics[] = {m->settings->members_topic};
    const kd_kafka_config kafka = kd_central_kafka(m->settings, kd_central_kafka_log);
    const kd_kafka_consumer_events events = {.record = membership_on_record,
                                             .condition = membership_on_condition,
                                             .round = membership_on_round,
                                             .refused = membership_on_refused,
                                             .arg = m};
    const kd_kafka_start end = {0, 0, KD_KAFKA_END};
    kd_kafka_consumer_destroy(m->consumer);
    m->consumer = NULL;
    int err = kd_kafka_consumer_create(&m->consumer, kd_loop_base(m->loop), &kafka, topics, 1, &events, error,
                                       sizeof(error));
    if (err == KD_OK) err = kd_kafka_consumer_assign(m->consumer, &end, 1);
    if (err == KD_OK) return;
    KD_LOG(KD_WARN, "heartbeats-failed", KD_STR("cause", "no consumer can be made"));
    kd_timer_set(&m->again, kd_backoff_next(&m->backoff, kd_random_next(&m->random)));
}

/* ---- life ---- */

typedef struct {
    kd_post post;
    kd_membership *membership;
} membership_post;

static void membership_send(kd_membership *m, void (*fn)(kd_post *post))
{
    membership_post *p = kd_alloc(sizeof(*p));
    *p = (membership_post){.post.fn = fn, .membership = m};
    kd_loop_post(m->loop, &p->post);
}

static kd_membership *membership_of(kd_post *post)
{
    membership_post *p = KD_CONTAINER(post, membership_post, post);
    kd_membership *m = p->membership;
    free(p);
    return m;
}

static void membership_on_tell(kd_post *post)
{
    kd_membership *m = membership_of(post);
    if (m->producer && !m->parted) kd_timer_set(&m->beat, KD_MEMBERS_SOON_US);
}

void kd_membership_tell_soon(kd_membership *m)
{
    membership_send(m, membership_on_tell);
}

static void membership_on_begin(kd_post *post)
{
    kd_membership *m = membership_of(post);
    char error[KD_OPTIONS_ERROR_MAX];
    if (m->joined) return;
    const char *topics[] = {m->settings->members_topic};
    const kd_kafka_config kafka = kd_central_kafka(m->settings, kd_central_kafka_log);
    const kd_kafka_producer_events events = {.delivered = membership_delivered, .arg = m};
    if (kd_kafka_producer_create(&m->producer, kd_loop_base(m->loop), &kafka, topics, 1, &events, error,
                                 sizeof(error)) != KD_OK)
        kd_fail_stop(KD_EXIT_UNAVAILABLE, "producer-failed", UINT32_MAX, error);
    membership_consume(m);
    membership_lock(m);
    m->since_us = kd_clock_mono_us();
    membership_unlock(m);
    kd_timer_set(&m->beat, 0);
    kd_timer_set(&m->tick, KD_MEMBERS_LOOK_US);
}

void kd_membership_begin(kd_membership *m)
{
    membership_send(m, membership_on_begin);
}

static void membership_on_part(kd_post *post)
{
    kd_membership *m = membership_of(post);
    membership_lock(m);
    kd_members_let_go(m->members);
    membership_unlock(m);
    kd_timer_cancel(&m->beat);
    membership_beat(m);
    bool waits = m->producer && kd_kafka_producer_stats_get(m->producer).outstanding > 0;
    kd_timer_set(&m->part, waits ? PART_US : 0);
}

void kd_membership_part(kd_membership *m, void (*parted)(void *arg), void *arg)
{
    m->parted_arg = arg;
    m->parted = parted;
    membership_send(m, membership_on_part);
}

void kd_membership_leave(kd_membership *m)
{
    membership_lock(m);
    kd_members_leave(m->members);
    membership_unlock(m);
    kd_membership_tell_soon(m);
}

static kd_members *membership_members(const kd_central_settings *s, uint64_t random)
{
    return kd_members_create(&(kd_members_config){.name = kd_bytes_str(kd_central_name(s)),
                                                  .url = kd_bytes_str(s->advertise ? s->advertise : ""),
                                                  .zone = kd_bytes_str(s->zone ? s->zone : ""),
                                                  .run = random,
                                                  .started_us = kd_clock_wall_us(),
                                                  .partitions = (uint32_t)s->partitions,
                                                  .expected = (uint32_t)s->members,
                                                  .replicas = (uint32_t)s->replicas,
                                                  .seed = random});
}

int kd_membership_create(kd_membership **out, const kd_central_settings *settings, kd_worker *workers,
                         char *error)
{
    kd_membership *m = kd_alloc(sizeof(*m));
    *m = (kd_membership){.settings = settings,
                         .workers = workers,
                         .backoff = {.min_us = CONSUMER_MIN_US, .max_us = CONSUMER_MAX_US}};
    *out = NULL;
    if (kd_loop_create(&m->loop, "members") != KD_OK) {
        free(m);
        snprintf(error, KD_OPTIONS_ERROR_MAX, "members: no event loop");
        return KD_EIO;
    }
    randombytes_buf(&m->random, sizeof(m->random));
    m->members = membership_members(settings, kd_random_next(&m->random));
    m->told = kd_alloc(sizeof(*m->told) * settings->partitions);
    m->told_any = kd_alloc(sizeof(*m->told_any) * settings->partitions);
    pthread_mutex_init(&m->lock, NULL);
    kd_timer_init(&m->tick, m->loop, membership_run_tick, m);
    kd_timer_init(&m->beat, m->loop, membership_run_beat, m);
    kd_timer_init(&m->again, m->loop, membership_consume, m);
    kd_timer_init(&m->part, m->loop, membership_end_part, m);
    *out = m;
    return KD_OK;
}

int kd_membership_start(kd_membership *m)
{
    int err = kd_loop_start(m->loop);
    m->started = err == KD_OK;
    return err;
}

void kd_membership_stop(kd_membership *m)
{
    if (!m || !m->started || m->joined) return;
    kd_loop_stop(m->loop);
    kd_loop_join(m->loop);
    m->joined = true;
}

void kd_membership_destroy(kd_membership *m)
{
    if (!m) return;
    kd_membership_stop(m);
    kd_kafka_consumer_destroy(m->consumer);
    kd_kafka_producer_destroy(m->producer, 0);
    kd_timer_finish(&m->tick);
    kd_timer_finish(&m->beat);
    kd_timer_finish(&m->again);
    kd_timer_finish(&m->part);
    m->producer = NULL;
    kd_loop_destroy(m->loop);
    kd_members_destroy(m->members);
    pthread_mutex_destroy(&m->lock);
    free(m->told);
    free(m->told_any);
    free(m);
}

/* ---- what is asked from other threads ---- */

int kd_membership_alone(kd_membership *m, char *who, size_t size)
{
    int err = KD_EAGAIN;
    membership_lock(m);
    uint32_t other = kd_members_with_state(m->members);
    if (other != UINT32_MAX) {
        const kd_member_seen seen = kd_members_at(m->members, other);
        snprintf(who, size, "%.*s (%.*s)", (int)seen.name.len, (const char *)seen.name.data,
                 (int)seen.url.len, (const char *)seen.url.data);
        err = KD_EUNAVAILABLE;
    } else if (m->since_us > 0 && kd_clock_mono_us() - m->since_us > ALONE_US &&
               kd_members_hears_itself(m->members)) {
        err = KD_OK;
    }
    membership_unlock(m);
    return err;
}

bool kd_membership_leader(kd_membership *m, uint32_t partition, kd_buf *url)
{
    kd_buf_clear(url);
    membership_lock(m);
    uint32_t leader = kd_members_leader(m->members, partition);
    if (leader != UINT32_MAX) {
        kd_bytes known = kd_members_at(m->members, leader).url;
        kd_buf_put(url, known.data, known.len);
    }
    membership_unlock(m);
    return url->len > 0;
}

bool kd_membership_leads(kd_membership *m, uint32_t partition)
{
    membership_lock(m);
    bool leads = kd_members_held(m->members, 0, partition).state == KD_HELD_LEADS;
    membership_unlock(m);
    return leads;
}

uint32_t kd_membership_sources(kd_membership *m, uint32_t partition, kd_member_source *out)
{
    uint32_t n = 0;
    membership_lock(m);
    for (uint32_t i = 1; i < kd_members_count(m->members) && n < KD_MEMBERS_MAX; i++) {
        const kd_member_seen seen = kd_members_at(m->members, i);
        const kd_held_state state = kd_members_held(m->members, i, partition).state;
        if (!seen.lives || seen.leaving || state < KD_HELD_AGREED || seen.url.len == 0) continue;
        kd_member_source *s = &out[n++];
        snprintf(s->name, sizeof s->name, "%.*s", (int)seen.name.len, (const char *)seen.name.data);
        snprintf(s->url, sizeof s->url, "%.*s", (int)seen.url.len, (const char *)seen.url.data);
        s->leads = state == KD_HELD_LEADS;
    }
    membership_unlock(m);
    return n;
}

bool kd_membership_proven(const kd_membership *m)
{
    const kd_record_keys *keys = m->settings->record_keys;
    return keys && !kd_record_keys_accepts_unsigned(keys);
}

static void membership_urls(kd_membership *m, kd_buf *out)
{
    membership_lock(m);
    for (uint32_t i = 1; i < kd_members_count(m->members); i++) {
        const kd_member_seen seen = kd_members_at(m->members, i);
        if (!seen.lives || seen.url.len == 0) continue;
        if (out->len > 0) kd_buf_put_u8(out, ' ');
        kd_buf_put(out, seen.url.data, seen.url.len);
    }
    membership_unlock(m);
}

void kd_membership_put_urls(kd_membership *m, kd_json *j)
{
    kd_buf urls = {.data = NULL};
    if (m) membership_urls(m, &urls);
    kd_json_put_str(j, "urls", kd_buf_view(&urls));
    kd_json_put_u64(j, "proven", m && kd_membership_proven(m));
    kd_buf_finish(&urls);
}

const char *kd_membership_unready(kd_membership *m)
{
    bool any = false, all = true;
    membership_lock(m);
    for (uint32_t p = 0; p < m->settings->partitions; p++) {
        kd_held_state state = kd_members_held(m->members, 0, p).state;
        any |= state != KD_HELD_NONE || m->told_any[p];
        all &= state == KD_HELD_NONE || state >= KD_HELD_AGREED;
    }
    membership_unlock(m);
    if (!any) return "no partition is led or followed yet";
    return all ? NULL : "a partition that this member holds is not known to agree with its leader";
}

void kd_membership_set_seeding(kd_membership *m, const kd_members_seeding *seeding)
{
    m->seeding = *seeding;
}

void kd_membership_lines(kd_membership *m, kd_buf *out)
{
    membership_lock(m);
    kd_membership_lines_write(m->members, (uint32_t)m->settings->partitions,
                              (uint32_t)m->settings->replicas - 1, &m->seeding, out);
    membership_unlock(m);
}

kd_membership_counts kd_membership_count(kd_membership *m)
{
    membership_lock(m);
    kd_membership_counts counts = m->counts;
    for (uint32_t i = 0; i < kd_members_count(m->members); i++)
        counts.living += kd_members_at(m->members, i).lives;
    for (uint32_t p = 0; p < m->settings->partitions; p++) {
        kd_held_state state = kd_members_held(m->members, 0, p).state;
        counts.leads += state == KD_HELD_LEADS;
        counts.follows += state == KD_HELD_AGREED;
        counts.leaderless += kd_members_leader(m->members, p) == UINT32_MAX;
    }
    counts.hears_itself = kd_members_hears_itself(m->members);
    membership_unlock(m);
    return counts;
}
