/* follower_state.c - see the header. */
#include "kudos/follower_state.h"

#include "central/core/state.h"

void kd_follower_state_open(kd_follower_state *f, const kd_central *core, uint64_t mono_us)
{
    *f = (kd_follower_state){.looked_at = f->looked_at,
                             .awaits_seed = f->awaits_seed,
                             .agreed = f->agreed || !core->config.follows,
                             .empty = f->empty || kd_central_history(core).read == 0,
                             .heard_us = mono_us};
}

/* Of an empty store it is not known at first whether anybody has more. */
static kd_held_state state_held(const kd_follower_state *f, const kd_central *core, kd_follows state)
{
    if (kd_central_waits(core)) return KD_HELD_WRONG;
    if (state == KD_FOLLOWS_AGREED) return KD_HELD_AGREED;
    if (state >= KD_FOLLOWS_DIFFERS) return KD_HELD_WRONG;
    if (f->awaits_seed) return KD_HELD_AWAITS;
    if (!f->empty || f->agreed) return KD_HELD_UNPROVEN;
    return f->looked_at ? KD_HELD_EMPTY : KD_HELD_NONE;
}

kd_members_own kd_follower_state_own(const kd_follower_state *f, const kd_central *core, bool fenced,
                                     uint64_t mono_us)
{
    kd_following now;
    if (!core) return (kd_members_own){.state = KD_HELD_NONE};
    kd_central_get_following(core, &now);
    kd_members_own own = {.state = KD_HELD_LEADS, .epoch = kd_central_epoch(core), .read = now.ours.read};
    if (!now.follows && !fenced) return own;
    own.epoch = KD_MAX(now.leader_epoch, now.epoch);
    own.state = state_held(f, core, now.state);
    own.newer = kd_central_waits(core) != 0;
    if (now.ours.read > now.heard.read && mono_us > f->heard_us) own.stalled_us = mono_us - f->heard_us;
    return own;
}

bool kd_follower_state_answers(const kd_follower_state *f, const kd_central *core)
{
    if (!core) return false;
    /* A leader answers from its start on, also while its store is promoted. */
    return !core->config.follows || (f->told == KD_FOLLOWS_AGREED && f->current_us > 0);
}

/* ---- how old ---- */

void kd_follower_state_committed(kd_follower_state *f, const kd_central *core)
{
    if (f->sight_us == 0 || kd_central_history(core).read < f->sight_read) return;
    f->current_us = KD_MAX(f->current_us, f->sight_us);
    f->sight_us = 0;
}

/* At that moment there were so many records. The first sight stays until it is committed, so that the age is renewed under load as well. */
static void state_see(kd_follower_state *f, const kd_central *core, uint64_t read, uint64_t us)
{
    if (f->sight_us == 0) {
        f->sight_us = us;
        f->sight_read = read;
    }
    kd_follower_state_committed(f, core);
}

/* Ends of both topics, in whatever order: what stood there when the store was opened has been fed. */
static bool state_read_to_end(const kd_follower_state *f, kd_central *core)
{
    if (!f->log_at_end || !f->counts_at_end) return false;
    kd_central_read_to_end(core);
    return true;
}

bool kd_follower_state_counts_at_end(kd_follower_state *f, kd_central *core)
{
    f->counts_at_end = true;
    return state_read_to_end(f, core);
}

/* What the leader has told of is not there: that this was the end of the log says nothing about the age of the counts. */
bool kd_follower_state_at_end(kd_follower_state *f, kd_central *core, uint64_t wall_us)
{
    f->log_at_end = true;
    bool reads = state_read_to_end(f, core);
    if (!kd_central_lags(core)) state_see(f, core, core->history_tentative.read, wall_us);
    return reads;
}

/* ---- what it hears ---- */

bool kd_follower_state_check(kd_follower_state *f, const kd_central *core)
{
    kd_following now;
    kd_central_get_following(core, &now);
    if (!now.follows || now.state == f->told) return false;
    f->told = now.state;
    f->agreed |= now.state == KD_FOLLOWS_AGREED;
    return true;
}

/* Also while it is promoted: the counts are those of its leader until it leads. */
static bool state_hear_snapshot(kd_follower_state *f, kd_central *core, kd_bytes record, int64_t offset,
                                uint64_t mono_us)
{
    kd_snapshot s;
    if (kd_snapshot_decode(record, &s) != KD_OK) return false;
    kd_follow_hear(core, &s, offset);
    f->heard_us = mono_us;
    if (kd_follow_concerns(core, &s) && s.history.read > 0) state_see(f, core, s.history.read, s.made_us);
    kd_snapshot_finish(&s);
    return true;
}

bool kd_follower_state_hear(kd_follower_state *f, kd_central *core, kd_bytes record, int64_t offset,
                            uint64_t mono_us)
{
    /* A leader hears markers, and what it has published itself. */
    if (kd_follows_now(core) && kd_record_peek(record) == KD_RECORD_SNAPSHOT)
        return state_hear_snapshot(f, core, record, offset, mono_us);
    return kd_central_hear(core, record, offset) == KD_OK;
}

bool kd_follower_state_lose(kd_follower_state *f, kd_central *core)
{
    if (f->told >= KD_FOLLOWS_DIFFERS) return false;
    kd_central_lose(core);
    f->told = KD_FOLLOWS_LOST;
    return true;
}
