/* tenure_follow.c - the tenure of a central that follows: hands to kudos/follower_state.h what it hears of its leader, and logs what becomes of it. */
#include "central/io/partition/tenure.h"

#include "common/io/loop/clock.h"
#include "common/io/loop/log.h"

bool kd_tenure_follows(const kd_tenure *t)
{
    return t->core && (t->follows || kd_central_promotion(t->core) != KD_PROMOTION_LEADS);
}

void kd_tenure_follow_open(kd_tenure *t)
{
    kd_follower_state_open(&t->following, t->core, kd_clock_mono_us());
    t->dropped_told = false;
}

kd_members_own kd_tenure_own(const kd_tenure *t)
{
    return kd_follower_state_own(&t->following, t->core, t->fenced, kd_clock_mono_us());
}

/* ---- how old ---- */

void kd_tenure_counts_at_end(kd_tenure *t)
{
    if (t->core && kd_follower_state_counts_at_end(&t->following, t->core))
        kd_tenure_publish(t, kd_clock_mono_us());
}

void kd_tenure_at_end(kd_tenure *t)
{
    if (!t->core || t->halted || t->fenced || kd_central_waits(t->core)) return;
    kd_central_at_end(t->core, kd_clock_mono_us());
    t->gate.pending = true; /* the epoch that a marker made a leader take */
    if (!kd_tenure_follows(t)) return;
    bool reads = kd_follower_state_at_end(&t->following, t->core, kd_clock_wall_us());
    kd_tenure_follow_check(t);
    if (reads) kd_tenure_publish(t, kd_clock_mono_us());
}

static void follow_tell_dropped(kd_tenure *t)
{
    kd_central_stats s;
    if (t->dropped_told) return;
    kd_central_get_stats(t->core, &s);
    if (s.milestones_dropped == 0) return;
    t->dropped_told = true;
    KD_LOG(KD_ERROR, "milestones-dropped", KD_U64("partition", t->partition),
           KD_U64("max", t->publisher.config.unpublished_max));
}

void kd_tenure_follow_committed(kd_tenure *t)
{
    if (!t->follows) return;
    kd_follower_state_committed(&t->following, t->core);
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
    return kd_follower_state_answers(&t->following, t->core) ? KD_OK : KD_EUNAVAILABLE;
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
    if (!t->core || !kd_follower_state_check(&t->following, t->core)) return;
    kd_central_get_following(t->core, &f);
    if (f.state == KD_FOLLOWS_DIFFERS) follow_tell_difference(t, &f);
    if (f.state == KD_FOLLOWS_AGREED)
        KD_LOG(KD_INFO, "follower-agrees", KD_U64("partition", t->partition), KD_U64("records", f.ours.read),
               KD_U64("epoch", f.epoch));
}

bool kd_tenure_hear(kd_tenure *t, kd_bytes record, int64_t offset)
{
    if (t->halted || t->fenced) return false;
    bool follows = kd_tenure_follows(t);
    bool heard =
        t->core && kd_follower_state_hear(&t->following, t->core, record, offset, kd_clock_mono_us());
    if (!follows || !heard) return true;
    kd_tenure_follow_check(t);
    t->gate.pending = true; /* the link that was found, or the epoch of a promotion that a marker settled */
    return true;
}

void kd_tenure_lose(kd_tenure *t, int64_t offset, const char *cause)
{
    if (!t->core || !kd_follower_state_lose(&t->following, t->core)) return;
    kd_metric_add(&t->metrics->alarms_follower, 1);
    KD_LOG(KD_ERROR, "alarm-follower-lost", KD_U64("partition", t->partition), KD_I64("offset", offset),
           KD_STR("cause", cause));
}
