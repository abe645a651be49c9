/* tenure_follow.c - see the header. The real counterpart is central/io/partition/tenure_follow.c. */
#include "sim/world/tenure_follow.h"

#include "sim/world/events.h"
#include "sim/world/hosts.h"

static uint64_t following_mono_us(const sim_world *w, const sim_tenure *t)
{
    return sim_host_mono_us(w, sim_central_host(w, t->slot));
}

static uint64_t following_wall_us(const sim_world *w, const sim_tenure *t)
{
    return sim_host_wall_us(w, sim_central_host(w, t->slot));
}

bool sim_tenure_follows(const sim_tenure *t)
{
    return t->core && (t->follows || kd_central_promotion(t->core) != KD_PROMOTION_LEADS);
}

bool sim_tenure_answers(const sim_tenure *t)
{
    const sim_following *f = &t->following;
    return t->core && (!t->follows || (f->told == KD_FOLLOWS_AGREED && f->current_us > 0));
}

/* A store that has read nothing has the state of nobody, until it agreed with a leader. */
void sim_following_open(sim_world *w, sim_tenure *t)
{
    sim_following *f = &t->following;
    bool led = !t->follows;
    *f = (sim_following){.looked_at = f->looked_at,
                         .awaits_seed = f->awaits_seed,
                         .agreed = f->agreed || led,
                         .empty = f->empty || kd_central_history(t->core).read == 0,
                         .heard_us = following_mono_us(w, t)};
}

/* Of an empty store it is not known at first whether anybody has more. */
static kd_held_state following_held(const sim_tenure *t, kd_follows state)
{
    const sim_following *f = &t->following;
    if (state == KD_FOLLOWS_AGREED) return KD_HELD_AGREED;
    if (state >= KD_FOLLOWS_DIFFERS) return KD_HELD_WRONG;
    if (f->awaits_seed) return KD_HELD_AWAITS;
    if (!f->empty || f->agreed) return KD_HELD_UNPROVEN;
    return f->looked_at ? KD_HELD_EMPTY : KD_HELD_NONE;
}

kd_members_own sim_tenure_own(const sim_world *w, const sim_tenure *t)
{
    kd_following f;
    if (!t->core) return (kd_members_own){.state = KD_HELD_NONE};
    kd_central_get_following(t->core, &f);
    kd_members_own own = {.state = KD_HELD_LEADS, .epoch = kd_central_epoch(t->core), .read = f.ours.read};
    if (!t->follows && !t->fenced) return own;
    own.epoch = KD_MAX(f.leader_epoch, f.epoch);
    own.state = following_held(t, f.state);
    uint64_t now_us = following_mono_us(w, t);
    if (f.ours.read > f.heard.read && now_us > t->following.heard_us)
        own.stalled_us = now_us - t->following.heard_us;
    return own;
}

/* ---- how old ---- */

void sim_following_settle(sim_tenure *t)
{
    sim_following *f = &t->following;
    if (f->sight_us == 0 || kd_central_history(t->core).read < f->sight_read) return;
    f->current_us = KD_MAX(f->current_us, f->sight_us);
    f->sight_us = 0;
}

/* At that moment there were so many records. */
static void following_see(sim_tenure *t, uint64_t read, uint64_t us)
{
    sim_following *f = &t->following;
    if (f->sight_us == 0) {
        f->sight_us = us;
        f->sight_read = read;
    }
    sim_following_settle(t);
}

static bool following_read_to_end(const sim_tenure *t)
{
    if (!t->following.log_at_end || !t->following.counts_at_end) return false;
    kd_central_read_to_end(t->core);
    return true;
}

bool sim_following_counts_at_end(sim_tenure *t)
{
    t->following.counts_at_end = true;
    return following_read_to_end(t);
}

bool sim_following_at_end(sim_world *w, sim_tenure *t)
{
    kd_following f;
    kd_central_at_end(t->core, following_mono_us(w, t));
    t->gate.pending = true; /* the epoch that a marker made a leader take */
    if (!sim_tenure_follows(t)) return false;
    t->following.log_at_end = true;
    bool publishes = following_read_to_end(t);
    sim_following_check(w, t);
    kd_central_get_following(t->core, &f);
    if (!kd_central_lags(t->core)) following_see(t, f.ours.read, following_wall_us(w, t));
    return publishes;
}

/* ---- what it hears ---- */

void sim_following_check(sim_world *w, sim_tenure *t)
{
    kd_following f;
    if (!t->core || !t->follows) return;
    kd_central_get_following(t->core, &f);
    if (f.state == t->following.told) return;
    t->following.told = f.state;
    t->following.agreed |= f.state == KD_FOLLOWS_AGREED;
    TRACE(w, "%s/%u %s", w->s->members[t->slot], t->partition, kd_follows_name(f.state));
    if (f.state >= KD_FOLLOWS_DIFFERS)
        sim_world_note(w, w->s->members[t->slot], "partition %u: its store is not the leader's: %s",
                       t->partition, kd_follows_name(f.state));
}

void sim_following_hear(sim_world *w, sim_tenure *t, kd_bytes record, int64_t offset)
{
    kd_snapshot s;
    if (!sim_tenure_follows(t)) {
        kd_central_hear(t->core, record, offset);
        return;
    }
    if (kd_central_hear(t->core, record, offset) != KD_OK) return;
    if (kd_record_peek(record) == KD_RECORD_SNAPSHOT && kd_snapshot_decode(record, &s) == KD_OK) {
        bool told = s.kind == KD_SNAPSHOT_DELTA && s.partition == t->partition && s.history.read > 0;
        t->following.heard_us = following_mono_us(w, t);
        if (told) following_see(t, s.history.read, s.made_us);
        kd_snapshot_finish(&s);
    }
    sim_following_check(w, t);
    t->gate.pending = true; /* the link that was found, or the epoch of a promotion that a marker settled */
}

void sim_following_lose(sim_world *w, sim_tenure *t)
{
    if (!t->core || t->following.told >= KD_FOLLOWS_DIFFERS) return;
    kd_central_lose(t->core);
    sim_following_check(w, t);
}
