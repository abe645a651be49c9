/* tenure_follow.c - the tenure of a central that follows: what it hears of its leader, whether it may answer, and how old its counts are. */
#include "central/io/partition/tenure.h"

#include "common/io/loop/clock.h"
#include "common/io/loop/log.h"

bool kd_tenure_follows(const kd_tenure *t)
{
    return t->settings->role == KD_ROLE_FOLLOWER;
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

void kd_tenure_at_end(kd_tenure *t)
{
    kd_following f;
    kd_central_get_following(t->core, &f);
    follow_see(t, f.ours.read, kd_clock_wall_us());
}

void kd_tenure_follow_committed(kd_tenure *t)
{
    if (kd_tenure_follows(t)) follow_settle_sight(t);
}

uint64_t kd_tenure_current_us(const kd_tenure *t)
{
    return kd_tenure_follows(t) ? t->following.current_us : UINT64_MAX;
}

/* ---- whether it may answer ---- */

bool kd_tenure_follow_feeds(const kd_tenure *t)
{
    return t->following.told < KD_FOLLOWS_DIFFERS;
}

int kd_tenure_answers(const kd_tenure *t)
{
    const kd_tenure_following *f = &t->following;
    bool known = f->told == KD_FOLLOWS_AGREED && f->current_us > 0;
    return known || !kd_tenure_follows(t) ? KD_OK : KD_EUNAVAILABLE;
}

static void follow_tell_difference(kd_tenure *t, const kd_following *f)
{
    kd_metric_add(&t->metrics->alarms_follower, 1);
    KD_LOG(KD_ERROR, "alarm-follower-differs", KD_U64("partition", t->partition),
           KD_U64("records", f->differs.read), KD_U64("epoch", f->epoch), KD_U64("version", f->version),
           KD_STR("cause",
                  "the leader has read other records, or merged others of them: this partition answers "
                  "no more; stop, and begin again with a backup of the leader"));
}

void kd_tenure_follow_check(kd_tenure *t)
{
    kd_following f;
    if (!kd_tenure_follows(t)) return;
    kd_central_get_following(t->core, &f);
    if (f.state == t->following.told) return;
    t->following.told = f.state;
    if (f.state == KD_FOLLOWS_DIFFERS) follow_tell_difference(t, &f);
    if (f.state == KD_FOLLOWS_AGREED)
        KD_LOG(KD_INFO, "follower-agrees", KD_U64("partition", t->partition), KD_U64("records", f.ours.read),
               KD_U64("epoch", f.epoch));
}

void kd_tenure_hear(kd_tenure *t, kd_bytes record)
{
    kd_snapshot s;
    if (kd_snapshot_decode(record, &s) != KD_OK) return;
    if (s.kind == KD_SNAPSHOT_DELTA && s.partition == t->partition) {
        kd_central_compare(t->core, &s);
        if (s.history.read > 0) follow_see(t, s.history.read, s.made_us);
    }
    kd_snapshot_finish(&s);
    kd_tenure_follow_check(t);
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
