/*
 * members.h - which central of a group leads a partition, and when that changes. Pure: heartbeats and times go in, decisions come out.
 *
 * Each member writes a heartbeat a second into the members topic: what it leads, what it follows and how far it is. All members read all heartbeats,
 * and each decides for itself. The decisions are hints: who leads is decided by the claim in the likes topic (rule 16), so members that see different
 * heartbeats do no harm.
 *
 *     heartbeats -> who lives -> placement (kudos/placement.h) -> for each partition: hold it not, follow, lead, hand it over
 *
 * Rules, with the failure that each one prevents
 * - Silence of KD_MEMBERS_SILENCE_US means dead. Silence is measured by the reader's own clock, and only while this member hears its own heartbeats: a
 *   member that was cut off from Kafka, or stopped for a minute, would take everybody for dead.
 * - The member that takes over is the first in line: followers that agreed with the leader before those that compared nothing, then by placement. The
 *   next in line waits KD_MEMBERS_LINE_US longer, so that a first one that cannot act does not leave the partition without a leader.
 * - A member that began with an empty store takes nothing over from a member that it saw lead, however long that one is dead: it would undo what the other
 *   one has. Nor from any other member that it knows, living or dead, and that said last that its store is not empty: that one may wait for a newer
 *   program, or be wrong. It leads only where nobody ever led while all expected members live, or where its log was empty as well.
 * - Placement is obeyed slowly: a partition moves from a living leader only to a follower that agreed, that has lived for a while (longer after each
 *   return from the dead), and one partition at a time. A member that comes and goes would drag partitions with it.
 * - A member that is dead keeps its place for KD_MEMBERS_GONE_US: for a restart no follower is made elsewhere.
 * - A member whose attempt to lead failed, or that was overrun by the claim of another one, makes no other attempt for 10 s, then 20 s and so on, with
 *   jitter: two members that both take themselves for the leader would take over from each other for ever, and each takeover costs a link of an edge's
 *   chain. An attempt that led costs nothing while nobody overruns it: of two survivors one had led a moment ago, and waited for 20 s beside a dead leader.
 *   Nor does anybody wait where no member says that it leads and no snapshot came for KD_MEMBERS_STALL_US: there is nobody to be overrun.
 * - A heartbeat that comes again is no life. Whoever can write to the topic can repeat what a process said that ended long ago, under its genuine MAC. So of
 *   one process the numbers grow, the word of another process of that name counts only when its wall clock has gone on, and a member that is not known is
 *   believed only when it speaks of now.
 * - A leader is superseded for its silence only when it has led so long: its predecessor's silence is not its own.
 */
#ifndef KUDOS_MEMBERS_H
#define KUDOS_MEMBERS_H

#include "kudos/wire.h"

enum {
    KD_MEMBERS_LOOK_US = 100000,   /* from a look at all partitions to the next */
    KD_MEMBERS_BEAT_US = 1000000,  /* from a heartbeat to the next */
    KD_MEMBERS_SOON_US = 50000,    /* a change of roles is told after so long, with those that come with it */
    KD_MEMBERS_BEATS_OWED_MAX = 3, /* heartbeats that Kafka has not taken: no more are made */
    KD_MEMBERS_SILENCE_US = 3500000, /* after so long without a heartbeat a member counts as dead */
    KD_MEMBERS_DEAF_US =
        2500000, /* after so long without its own heartbeat a member counts itself as cut off */
    KD_MEMBERS_LISTEN_US = 1500000, /* at its start a member listens so long before it decides anything */
    KD_MEMBERS_GATHER_US = 8000000, /* and waits so long for the expected members, where nobody leads */
    KD_MEMBERS_LINE_US = 1500000,   /* how much longer than the one before it the next in line waits */
    KD_MEMBERS_STALL_US =
        5000000, /* a leader that publishes nothing for so long, though its log grows, is superseded */
    KD_MEMBERS_GONE_US = 30000000,  /* a dead member keeps its place for so long */
    KD_MEMBERS_SETTLE_US = 5000000, /* a member has to live so long before partitions move to it */
    KD_MEMBERS_SETTLE_MAX_US = 320000000,
    KD_MEMBERS_BEHIND = 1000,        /* nor to one that is more records behind */
    KD_MEMBERS_DWELL_US = 10000000,  /* a partition stays with a new leader for so long */
    KD_MEMBERS_HAND_US = 10000000,   /* a hand-over that takes longer is given up */
    KD_MEMBERS_ATTEMPT_US = 5000000, /* so long an attempt to lead is under way */
    KD_MEMBERS_AGAIN_US =
        10000000, /* the wait after the first attempt that failed, twice as long after each further one */
    KD_MEMBERS_AGAIN_MAX_US = 160000000,
    KD_MEMBERS_STEADY_US = 400000000, /* who led for so long begins with the first wait again */
};

typedef struct {
    kd_bytes name, url, zone; /* copied. url and zone may be empty */
    uint64_t run;             /* random: another process of the same name has another one */
    uint64_t started_us;      /* wall clock */
    uint32_t partitions;
    uint32_t expected; /* central.members: how many members there are to be */
    uint32_t replicas; /* copies of a partition, the leader's included */
    uint64_t seed;     /* for jitter */
} kd_members_config;

/* What this member has of a partition, as its worker tells. */
typedef struct {
    kd_held_state state;
    uint64_t epoch, read; /* as kd_held */
    uint64_t
        stalled_us; /* of a follower: since when its leader published nothing, though the log grew. 0: it does */
    bool newer;     /* of one that is KD_HELD_WRONG: since it waits for a newer program */
} kd_members_own;

/* What this member is to do with a partition. */
typedef enum {
    KD_WISH_NONE,      /* not hold it */
    KD_WISH_FOLLOW,    /* follow, whatever it did before */
    KD_WISH_LEAD,      /* lead */
    KD_WISH_HAND_OVER, /* publish a last snapshot, then follow: the member `whom` takes over */
} kd_wish;

/* id, name in lines and logs, what it means */
#define KD_MEMBERS_REASONS(X)                                                                                \
    X(LEADS, "leads", "this member leads")                                                                   \
    X(FOLLOWS, "follows", "the leader lives")                                                                \
    X(NOT_PLACED, "not-placed", "other members hold it")                                                     \
    X(WARMS_UP, "warms-up", "it was placed here, and has not agreed with the leader yet")                    \
    X(STAYS, "stays-until-others-agree", "it is placed elsewhere, and followed until that is done")          \
    X(HANDS_OVER, "hands-over", "the leader hands it over to the member that placement names")               \
    X(HANDED_OVER, "handed-over", "its leader handed it over to this member")                                \
    X(LEADER_SILENT, "leader-silent", "its leader is dead, or stopped")                                      \
    X(NO_SNAPSHOTS, "no-snapshots", "its leader lives, and publishes nothing")                               \
    X(NOBODY_LED, "nobody-led", "nobody leads it")                                                           \
    X(IN_LINE, "in-line", "nobody leads it, and the member named comes first")                               \
    X(GATHERS, "waits-for-members", "nobody leads it, and not all expected members are there")               \
    X(EMPTY, "store-empty",                                                                                  \
      "the store of this member was empty when it began; the member named has the state")                    \
    X(AWAITS_SEED, "awaits-seed", "the store is empty, and the log does not begin at its beginning")         \
    X(WRONG, "store-wrong", "the store differs from what the leader has")                                    \
    X(NEWER, "waits-for-newer-version", "a newer central wrote a record that this program does not know")    \
    X(CUT_OFF, "cut-off", "this member does not hear its own heartbeats")                                    \
    X(AGAIN_LATER, "claims-again-later", "its last attempt to lead is not long ago")

typedef enum {
#define X(id, name, text) KD_WHY_##id,
    KD_MEMBERS_REASONS(X)
#undef X
        KD_WHY_COUNT
} kd_members_why;

const char *kd_members_why_name(kd_members_why why); /* static */
const char *kd_members_why_text(kd_members_why why); /* static */

typedef struct {
    kd_wish wish;
    kd_members_why why;
    kd_bytes whom; /* the member that `why` speaks of; empty: none. Until the next call */
} kd_members_decision;

typedef struct kd_members kd_members;

kd_members *kd_members_create(const kd_members_config *config);
void kd_members_destroy(kd_members *m); /* NULL is fine */

/* `mono_us`, here and below: a clock that does not go back; where it does, or jumps by more than KD_MEMBERS_STEP_US, the jump counts as that step.
 * So one of these functions has to be called several times a second. */
enum { KD_MEMBERS_STEP_US = 500000 };

typedef enum {
    KD_HEARD_OTHER,
    KD_HEARD_SELF,
    KD_HEARD_TWIN, /* another process has the name of this member, and began before it: this one has to end */
    KD_HEARD_STRANGER, /* its number of partitions is another one: not counted as a member */
    KD_HEARD_FULL,     /* KD_MEMBERS_MAX members are known: likewise */
    KD_HEARD_OLD, /* of a member that is not known, and older by its own clock than KD_MEMBERS_GONE_US: likewise */
} kd_members_heard_as;

/* A heartbeat was read; borrowed. */
kd_members_heard_as kd_members_heard(kd_members *m, const kd_heartbeat *h, uint64_t mono_us);
/* What this member has of a partition now. */
void kd_members_hold(kd_members *m, uint32_t partition, const kd_members_own *own, uint64_t mono_us);
/* What it is to do. Each call may begin an attempt: the caller obeys, and tells the result by kd_members_hold. */
kd_members_decision kd_members_decide(kd_members *m, uint32_t partition, uint64_t mono_us);
/* The same decision as the last call, without making one. */
kd_members_decision kd_members_decided(const kd_members *m, uint32_t partition);
/* The member stops: from now on it takes nothing over, and its heartbeats say so. */
void kd_members_leave(kd_members *m);
/* All its partitions are let go of: the next heartbeat, the last one, holds none. */
void kd_members_let_go(kd_members *m);
/* The next heartbeat of this member. Its views and `held` live until the next call. */
void kd_members_beat(kd_members *m, uint64_t wall_us, kd_heartbeat *out);

/* ---- what is known, for people and for routes; as of the last call with a time */

typedef struct {
    kd_bytes name, url, zone; /* until the next kd_members_heard */
    bool self, lives, leaving;
    uint64_t silent_us; /* since its last heartbeat */
} kd_member_seen;

/* Known members are numbered from 0 without a gap; 0 is this one. A number holds until the next kd_members_heard. */
uint32_t kd_members_count(const kd_members *m);
kd_member_seen kd_members_at(const kd_members *m, uint32_t member);
/* What a member said last of a partition; state KD_HELD_NONE: it does not hold it. */
kd_held kd_members_held(const kd_members *m, uint32_t member, uint32_t partition);
/* The living member that leads, the one with the highest epoch where several do; UINT32_MAX: nobody. */
uint32_t kd_members_leader(const kd_members *m, uint32_t partition);
/* A living other member that has the state of some partition; UINT32_MAX: nobody. */
uint32_t kd_members_with_state(const kd_members *m);
/* Whether this member hears its own heartbeats. */
bool kd_members_hears_itself(const kd_members *m);

#endif
