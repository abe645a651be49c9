/* tenure_follow.c - see the header. The real counterpart is central/io/partition/tenure_follow.c. */
#include "sim/world/tenure_follow.h"

#include "sim/world/events.h"
#include "sim/world/hosts.h"

static uint64_t following_mono_us(const sim_world *w, const sim_tenure *t)
{
    return sim_host_mono_us(w, sim_central_host(w, t->slot));
}

bool sim_tenure_follows(const sim_tenure *t)
{
    return t->core && (t->follows || kd_central_promotion(t->core) != KD_PROMOTION_LEADS);
}

bool sim_tenure_answers(const sim_tenure *t)
{
    return kd_follower_state_answers(&t->following, t->core);
}

kd_members_own sim_tenure_own(const sim_world *w, const sim_tenure *t)
{
    return kd_follower_state_own(&t->following, t->core, t->fenced, following_mono_us(w, t));
}

void sim_following_open(sim_world *w, sim_tenure *t)
{
    kd_follower_state_open(&t->following, t->core, following_mono_us(w, t));
}

bool sim_following_at_end(sim_world *w, sim_tenure *t)
{
    kd_central_at_end(t->core, following_mono_us(w, t));
    t->gate.pending = true; /* the epoch that a marker made a leader take */
    if (!sim_tenure_follows(t)) return false;
    uint64_t wall_us = sim_host_wall_us(w, sim_central_host(w, t->slot));
    bool publishes = kd_follower_state_at_end(&t->following, t->core, wall_us);
    sim_following_check(w, t);
    return publishes;
}

static void following_tell(sim_world *w, const sim_tenure *t)
{
    const char *name = w->s->members[t->slot], *state = kd_follows_name(t->following.told);
    TRACE(w, "%s/%u %s", name, t->partition, state);
    if (t->following.told >= KD_FOLLOWS_DIFFERS)
        sim_world_note(w, name, "partition %u: its store is not the leader's: %s", t->partition, state);
}

void sim_following_check(sim_world *w, sim_tenure *t)
{
    if (kd_follower_state_check(&t->following, t->core)) following_tell(w, t);
}

void sim_following_hear(sim_world *w, sim_tenure *t, kd_bytes record, int64_t offset)
{
    bool follows = sim_tenure_follows(t);
    bool heard = kd_follower_state_hear(&t->following, t->core, record, offset, following_mono_us(w, t));
    if (!follows || !heard) return;
    sim_following_check(w, t);
    t->gate.pending = true; /* the link that was found, or the epoch of a promotion that a marker settled */
}

void sim_following_lose(sim_world *w, sim_tenure *t)
{
    if (t->core && kd_follower_state_lose(&t->following, t->core)) following_tell(w, t);
}
