/*
 * follower_state.h - what a member knows of the store of a partition, beside what the core compares (kudos/follow.h): whether its counts may be shown, as of
 * when they are, and what the other members are told of it. A shell keeps one for each partition, also while it leads, and for all the time that it has
 * the store open, in whatever role.
 *
 * - A follower answers only after it agreed with a snapshot of its leader, and knows a moment as of which its counts are.
 * - That moment is one at which the leader had read so many records, or at which the log had no more of them; it counts when as many are committed here.
 * - A store that has read nothing has the state of nobody, until it agreed with a leader.
 *
 * Pure: kudos-central and the simulation drive it. Belongs to one thread. `core` is the open core of the partition.
 */
#ifndef KUDOS_FOLLOWER_STATE_H
#define KUDOS_FOLLOWER_STATE_H

#include "kudos/follow.h"
#include "kudos/members.h"

typedef struct {
    kd_follows told; /* what became of the comparison, as kd_follower_state_check told last */
    bool
        agreed; /* with some snapshot, since the store was opened the first time in this process, or it led */
    bool
        empty; /* the store had nothing when it was opened the first time in this process, though the log had */
    bool looked_at;    /* its place in the log was checked, so that `empty` and `awaits_seed` are known */
    bool awaits_seed;  /* likewise, and the log does not begin at its beginning */
    uint64_t heard_us; /* when a snapshot was heard last, at first when it began to follow: monotonic */
    /* A moment at which nothing else was there to read; it counts when as many records are committed. us 0: none */
    uint64_t sight_us, sight_read;
    bool log_at_end, counts_at_end; /* since the opening: both topics were read to an end */
    uint64_t current_us; /* what is shown is as of this moment at least: wall clock; 0: not known */
} kd_follower_state;

/* The core was opened, to follow or to lead. What is known of the store stays. `mono_us`: a clock that does not go back. */
void kd_follower_state_open(kd_follower_state *f, const kd_central *core, uint64_t mono_us);
/* What the other members are told. `fenced`: it led, and has read the claim of another central. `core` may be NULL: nothing is held. */
kd_members_own kd_follower_state_own(const kd_follower_state *f, const kd_central *core, bool fenced,
                                     uint64_t mono_us);
/* Whether it may answer a reader. `core` may be NULL. */
bool kd_follower_state_answers(const kd_follower_state *f, const kd_central *core);
/* Of a core that follows. A record was fed, or a snapshot heard: true when something else became of the comparison, which `told` then says. */
bool kd_follower_state_check(kd_follower_state *f, const kd_central *core);
/* A record of the counts topic, as it is read at that offset; borrowed. The core hears it. False: it was malformed. */
bool kd_follower_state_hear(kd_follower_state *f, kd_central *core, kd_bytes record, int64_t offset,
                            uint64_t mono_us);
/* A commit is durable. */
void kd_follower_state_committed(kd_follower_state *f, const kd_central *core);
/* All that the log had was fed, at a store that does not lead, or not yet: behind kd_central_at_end. All that the counts topic had was heard. True: the publisher
 * may have something to do. */
bool kd_follower_state_at_end(kd_follower_state *f, kd_central *core, uint64_t wall_us);
bool kd_follower_state_counts_at_end(kd_follower_state *f, kd_central *core);
/* The log cannot be read on: nothing more is fed. False: nothing was fed anyway. */
bool kd_follower_state_lose(kd_follower_state *f, kd_central *core);

#endif
