/* tenure_follow.c - the tenure of a central that follows: what it hears of its leader, whether it may answer, and how old its counts are. */
#include "central/io/partition/tenure.h"

#include "common/io/loop/clock.h"
#include "common/io/loop/log.h"

bool kd_tenure_follows(const kd_tenure *t)
{
    return t->core && (t->follows || kd_central_promotion(t->core) != KD_PROMOTION_LEADS);
}

/* A store that has read nothing has the state of nobody, until it agreed with a leader. */
void kd_tenure_follow_open(kd_tenure *t)
{
    kd_tenure_following *f = &t->following;
    bool led = !t->follows;
    *f = (kd_tenure_following){.looked_at = f->looked_at,
                               .awaits_seed = f->awaits_seed,
                               .agreed = f->agreed || led,
                               .empty = f->empty || kd_central_history(t->core).read == 0,
                               .heard_us = kd_clock_mono_us()};
}

/* Of an empty store it is not known at first whether anybody has more. */
static kd_held_state follow_held(const kd_tenure *t, kd_follows state)
{
    const kd_tenure_following *f = &t->following;
    if (kd_central_waits(t->core)) return KD_HELD_WRONG;
    if (state == KD_FOLLOWS_AGREED) return KD_HELD_AGREED;
    if (state >= KD_FOLLOWS_DIFFERS) return KD_HELD_WRONG;
    if (f->awaits_seed) return KD_HELD_AWAITS;
    if (!f->empty || f->agreed) return KD_HELD_UNPROVEN;
    return f->looked_at ? KD_HELD_EMPTY : KD_HELD_NONE;
}

kd_members_own kd_tenure_own(const kd_tenure *t)
{
    kd_following f;
    if (!t->core) return (kd_members_own){.state = KD_HELD_NONE};
    kd_central_get_following(t->core, &f);
    kd_members_own own = {.state = KD_HELD_LEADS, .epoch = kd_central_epoch(t->core), .read = f.ours.read};
    if (!t->follows && !t->fenced) return own;
    own.epoch = KD_MAX(f.leader_epoch, f.epoch);
    own.state = follow_held(t, f.state);
    own.newer = kd_central_waits(t->core) != 0;
    uint64_t now_us = kd_clock_mono_us();
    if (f.ours.read > f.heard.read && now_us > t->following.heard_us)
        own.stalled_us = now_us - t->following.heard_us;
    return own;
}

/* ---- how old ---- */

static void follow_settle_sight(kd_tenure *t)
{
    kd_tenure_following *f = &t->following;
    if (f->sight_us == 0 || kd_central_history(t->core).read < f->sight_read) return;
    f->current_us = KD_MAX(f->current_us, f->sight_us);
    f->sight_us = 0;
}

/* At that moment there were so many records. The first sight stays until it is committed, so that the age is renewed under load as well. */
static void follow_see(kd_tenure *t, uint64_t read, uint64_t us)
{
    kd_tenure_following *f = &t->following;
    if (f->sight_us == 0) {
        f->sight_us = us;
        f->sight_read = read;
    }
    follow_settle_sight(t);
}

/* Ends of both topics, in whatever order: what stood there when the store was opened has been fed. */
static void follow_read_to_end(kd_tenure *t)
{
    if (!t->following.log_at_end || !t->following.counts_at_end) return;
    kd_central_read_to_end(t->core);
    kd_tenure_publish(t, kd_clock_mono_us());
}

void kd_tenure_counts_at_end(kd_tenure *t)
{
    t->following.counts_at_end = true;
    follow_read_to_end(t);
}

/* What the leader has told of is not there: that this was the end of the log says nothing about the age of the counts. */
static void follow_at_end(kd_tenure *t)
{
    kd_following f;
    t->following.log_at_end = true;
    follow_read_to_end(t);
    kd_tenure_follow_check(t);
    kd_central_get_following(t->core, &f);
    if (!kd_central_lags(t->core)) follow_see(t, f.ours.read, kd_clock_wall_us());
}

void kd_tenure_at_end(kd_tenure *t)
{
    if (!t->core || t->halted || t->fenced || kd_central_waits(t->core)) return;
    kd_central_at_end(t->core, kd_clock_mono_us());
    t->gate.pending = true; /* the epoch that a marker made a leader take */
    if (kd_tenure_follows(t)) follow_at_end(t);
}

static void follow_tell_dropped(kd_tenure *t)
{
    kd_central_stats s;
    if (t->following.dropped_told) return;
    kd_central_get_stats(t->core, &s);
    if (s.milestones_dropped == 0) return;
    t->following.dropped_told = true;
    KD_LOG(KD_ERROR, "milestones-dropped", KD_U64("partition", t->partition),
           KD_U64("max", t->publisher.config.unpublished_max));
}

void kd_tenure_follow_committed(kd_tenure *t)
{
    if (!t->follows) return;
    follow_settle_sight(t);
    follow_tell_dropped(t);
}

uint64_t kd_tenure_current_us(const kd_tenure *t)
{
    return t->follows ? t->following.current_us : UINT64_MAX;
}

/* ---- whether it may answer ---- */

bool kd_tenure_follow_feeds(const kd_tenure *t)
{
    return t->core && t->following.told < KD_FOLLOWS_DIFFERS;
}

int kd_tenure_answers(const kd_tenure *t)
{
    const kd_tenure_following *f = &t->following;
    bool known = f->told == KD_FOLLOWS_AGREED && f->current_us > 0;
    /* A leader answers from its start on, also while its store is promoted. */
    return t->core && (known || !t->follows) ? KD_OK : KD_EUNAVAILABLE;
}

static void follow_tell_difference(kd_tenure *t, const kd_following *f)
{
    kd_metric_add(&t->metrics->alarms_follower, 1);
    KD_LOG(KD_ERROR, "alarm-follower-differs", KD_U64("partition", t->partition),
           KD_U64("records", f->differs.read), KD_U64("epoch", f->epoch), KD_U64("version", f->version),
           KD_STR("cause", "the leader has read other records, or merged others of them, or the log has lost "
                           "some: this partition answers no more "
                           "until its store was made anew"));
}

void kd_tenure_follow_check(kd_tenure *t)
{
    kd_following f;
    if (!t->core || !t->follows) return;
    kd_central_get_following(t->core, &f);
    if (f.state == t->following.told) return;
    t->following.told = f.state;
    if (f.state == KD_FOLLOWS_DIFFERS) follow_tell_difference(t, &f);
    t->following.agreed |= f.state == KD_FOLLOWS_AGREED;
    if (f.state == KD_FOLLOWS_AGREED)
        KD_LOG(KD_INFO, "follower-agrees", KD_U64("partition", t->partition), KD_U64("records", f.ours.read),
               KD_U64("epoch", f.epoch));
}

static void follow_hear(kd_tenure *t, kd_bytes record, int64_t offset)
{
    kd_snapshot s;
    if (kd_central_hear(t->core, record, offset) != KD_OK) return;
    if (kd_record_peek(record) == KD_RECORD_SNAPSHOT && kd_snapshot_decode(record, &s) == KD_OK) {
        bool told = s.kind == KD_SNAPSHOT_DELTA && s.partition == t->partition && s.history.read > 0;
        t->following.heard_us = kd_clock_mono_us();
        if (told) follow_see(t, s.history.read, s.made_us);
        kd_snapshot_finish(&s);
    }
    kd_tenure_follow_check(t);
    t->gate.pending = true; /* the link that was found, or the epoch of a promotion that a marker settled */
}

bool kd_tenure_hear(kd_tenure *t, kd_bytes record, int64_t offset)
{
    if (t->halted || t->fenced) return false;
    /* A leader hears markers: of a successor whose claim the log has lost nothing else tells it. And what it has published itself. */
    if (kd_tenure_follows(t))
        follow_hear(t, record, offset);
    else if (t->core)
        kd_central_hear(t->core, record, offset);
    return true;
}

void kd_tenure_lose(kd_tenure *t, int64_t offset, const char *cause)
{
    if (!kd_tenure_follow_feeds(t)) return;
    kd_central_lose(t->core);
    t->following.told = KD_FOLLOWS_LOST;
    kd_metric_add(&t->metrics->alarms_follower, 1);
    KD_LOG(KD_ERROR, "alarm-follower-lost", KD_U64("partition", t->partition), KD_I64("offset", offset),
           KD_STR("cause", cause));
}
