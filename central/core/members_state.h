/* members_state.h - between members.c (who is there), members_decide.c (who does what) and members_line.c (who comes first). */
#ifndef KUDOS_CENTRAL_CORE_MEMBERS_STATE_H
#define KUDOS_CENTRAL_CORE_MEMBERS_STATE_H

#include "kudos/backoff.h"
#include "kudos/members.h"

/* What a member said of a partition. */
typedef struct {
    uint64_t epoch, read;
    uint8_t state; /* kd_held_state */
    bool yields_to_us;
} members_holding;

typedef struct {
    char name[KD_NAME_MAX + 1], zone[KD_NAME_MAX + 1], url[KD_MEMBER_URL_MAX + 1];
    uint64_t run, seq, started_us;
    uint64_t at_us;        /* its wall clock at the latest of its heartbeats */
    uint64_t heard_us;     /* `listened` when it was heard last */
    uint64_t since_us;     /* `listened` when it was heard first, or first after it was dead */
    uint64_t settle_us;    /* how long it has to live before partitions move to it */
    bool leaving, gone;    /* gone: its last heartbeat said that it holds nothing any more */
    members_holding *held; /* by partition */
} members_known;

typedef struct {
    uint64_t leaderless_us; /* `listened` since when nobody leads it; UINT64_MAX: somebody does */
    uint64_t leader_us;     /* `listened` since when another member leads it under `leader_epoch` */
    uint64_t leader_epoch;
    uint64_t ready_us;   /* `listened` when the wait for members that had to come was over; 0: it is not */
    uint64_t led_us;     /* `clock` since when this member leads it */
    uint64_t agreed_us;  /* `clock` since when its store is known to agree with a leader; 0: never */
    uint64_t attempt_us; /* `clock` until when an attempt to lead is under way; 0: none is */
    uint64_t
        again_us; /* `clock` before which no other attempt begins, after one that failed or was overrun */
    uint64_t stalled_us;
    bool newer;  /* it waits for a newer program */
    bool handed; /* this member handed it over, and has seen nobody lead it since */
    kd_backoff backoff;
    char led_by[KD_NAME_MAX + 1]; /* another member that was seen to lead it last; empty: none */
    char yields[KD_NAME_MAX + 1]; /* to whom this member handed it over; empty: to none */
    char whom[KD_NAME_MAX + 1];   /* of the last decision */
    kd_wish wish;
    kd_members_why why;
} members_partition;

struct kd_members {
    kd_members_config config;
    uint64_t mono_us;       /* the shell's clock, as of the last call */
    uint64_t clock_us;      /* our clock: the shell's without its jumps */
    uint64_t listened_us;   /* our clock without the times in which we did not hear ourselves */
    uint64_t heard_self_us; /* `clock` */
    uint64_t wall_us;       /* the wall clock, as of this member's last heartbeat */
    bool heard_self, leaving, let_go;
    uint64_t seq, random;
    members_known members[KD_MEMBERS_MAX]; /* [0] is this one */
    uint32_t count;
    uint8_t *placed; /* copies of each partition: numbers of members, as kd_placement_make */
    uint32_t copies;
    members_partition *partitions;
    uint32_t handing;    /* the partition that is being handed over; UINT32_MAX: none */
    uint64_t handing_us; /* `clock` since when */
    kd_held *beat;       /* of kd_members_beat */
};

/* Moves the clocks on. */
void members_tick(kd_members *m, uint64_t mono_us);
/* Whether a member counts as alive. */
bool members_lives(const kd_members *m, uint32_t member_);
/* Whether it lives and may take over. */
bool members_may_lead(const kd_members *m, uint32_t member_);
static inline const members_holding *members_holds(const kd_members *m, uint32_t member_, uint32_t partition)
{
    return &m->members[member_].held[partition];
}
/* The number of copies of the partition at which this member stands: 0 leads; m->copies: it is not placed there. */
uint32_t members_place(const kd_members *m, uint32_t partition, uint32_t member_);
/* How many members would come before this one if nobody led the partition (`except`: or if that member did not), *first being the foremost of them. */
uint32_t members_before_us(const kd_members *m, uint32_t partition, uint32_t except, uint32_t *first);

#endif
