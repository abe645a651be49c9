/* members.h - the state of a run of members_run.h, and what its files do for each other. Times are steps of a millisecond. */
#ifndef KUDOS_SIM_MEMBERS_MEMBERS_H
#define KUDOS_SIM_MEMBERS_MEMBERS_H

#include "kudos/edge.h"
#include "kudos/follow.h"
#include "kudos/publisher.h"
#include "sim/members/members_run.h"
#include "sim/world/disk.h"
#include "sim/world/log.h"

enum {
    MEMBERS_MAX = 3,
    MEMBERS_EDGES = 2,
    MEMBERS_ITEMS = 6,
    MEMBERS_FLIGHTS = 4096,
    MEMBERS_LABELS = 1 << 15,
    MEMBERS_STEP_US = 1000,
    MEMBERS_STEPS = 6000,
    MEMBERS_HEAL = 12000,
};

typedef struct members members;

typedef struct {
    members *world;
    uint32_t number, life;
    char name[16];
    sim_disk *disk;
    kd_central *core; /* NULL: it is down */
    kd_publisher publisher;
    bool follows, log_at_end, counts_at_end;
    uint64_t versions[2]; /* of commits that are being written */
    uint32_t writing;
    int64_t likes_next, counts_next;
    uint64_t back_at, frozen_until, cut_up_until, cut_down_until, claims_at;
} member;

/* A record on its way into the log, and its report back. */
typedef struct {
    bool open, appended;
    sim_log *log;
    kd_buf record;
    uint64_t at;
    int from; /* member, or -1 - edge */
    uint32_t life;
    kd_outbound_record *out; /* of a member */
    kd_position batch;       /* of an edge */
    bool acknowledged;
} members_flight;

typedef struct {
    sim_disk *disk;
    kd_edge *core;
    kd_key_window keys;
    char name[16];
    int64_t counts_next;
    uint64_t last_flight, cut_until;
    uint64_t had_epoch, had_version; /* before the snapshot that it reads */
} members_edge;

struct members {
    const sim_members_options *options;
    sim_members_result *result;
    uint64_t random, step;
    uint64_t milestones_random; /* of its own: with or without milestones, the rest of a run is the same */
    uint64_t seeds_random;      /* likewise of copies */
    uint32_t member_count;
    bool healing, harms; /* harms: in this run the log may lose what it had acknowledged */
    member at[MEMBERS_MAX];
    members_edge edges[MEMBERS_EDGES];
    sim_log likes, counts;
    members_flight *flights;
    kd_counters counters;
    uint64_t liked[MEMBERS_ITEMS], users;
    kd_thresholds thresholds;
    uint64_t milestones[MEMBERS_ITEMS]; /* bit n: the n-th threshold was told */
    /* of the counts topic: the epoch of the highest marker, whether it has published yet, and the highest version that was told in its time or before */
    uint64_t told_version, told_epoch;
    bool begins;
    struct {
        uint64_t version, index, content;
    } * labels; /* of the changes topic, hashed; content 0: free */
};

/* A number below `end`, which is not 0. */
uint64_t members_below(members *w, uint64_t end);
static inline uint64_t members_now_us(const members *w)
{
    return 1700000000000000ull + w->step * MEMBERS_STEP_US;
}
/* The run is violated; what is said first counts. */
void members_fail(members *w, const char *checker, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A record leaves for the log. `due`: the step at which it arrives. */
members_flight *members_fly(members *w, sim_log *log, kd_bytes record, uint64_t due);
/* Appends what arrives now, and reports it to its writer. */
void members_flights_step(members *w);

/* member.c */
/* Starts it on its disk. */
void member_open(member *m, bool follows);
/* Kills it; it comes back at that step. */
void member_stop(member *m, uint64_t back_at);
/* Reads, commits and publishes. */
void member_step(member *m);
/* Whether it leads, and its claim stands. */
bool member_leads(const member *m);
/* Whether it takes the lead, if it may. */
void member_promote(member *m, bool by_operator);
/* Kafka's report of a record of a member. */
void member_reported(members *w, const members_flight *f);
/* Frees all of it. */
void member_finish(member *m);

/* member_seed.c */
/* The store of a member that is down, its disk, becomes a copy of a member's that has the state, `from` (rule 35): over what was there, and over what copies of any of `others`
 * left that were broken off. */
void member_seed_from(member *m, const member *from, const member *const *others, uint32_t count);

/* members_edge.c */
/* Starts an edge on an empty disk. */
void members_edge_open(members *w, uint32_t number);
/* Users like at it; it sends, and reads snapshots. */
void members_edge_step(members *w, uint32_t number);
/* Frees all of it. */
void members_edge_finish(members_edge *e);
/* Whether edges and members agree with what was liked. */
bool members_agree(members *w, char *why, size_t size);
/* The key of an item. */
kd_item members_item(uint32_t number);

/* members_milestones.c */
/* A record is in the milestones topic. */
void members_hear_milestones(members *w, kd_bytes record);
/* Whether each threshold that the likes have passed was told. */
bool members_told(members *w, char *why, size_t size);

#endif
