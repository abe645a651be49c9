/*
 * scenario.h - a drill as a value: who takes part, what the users do, what goes wrong and when, what must have happened.
 *
 * One scenario drives two worlds: the simulation (sim/world) and the real binaries (sim/drill). The text form is what an
 * operator writes and what a shrunk failure is written as; docs/drills.md tells it. Reading and printing are inverse:
 * what was printed reads back as the same value. `every` is expanded by the reader, so a scenario is a plain list of events in the order of time.
 *
 * Times are microseconds since the start of the run. Randomness of a run comes from its seed, never from here.
 */
#ifndef KUDOS_SIM_SCENARIO_SCENARIO_H
#define KUDOS_SIM_SCENARIO_SCENARIO_H

#include "kudos/base.h"
#include "kudos/central.h"
#include "kudos/edge.h"

enum {
    SCENARIO_EDGES_MAX = 8,
    SCENARIO_MEMBERS_MAX = 5,
    SCENARIO_PARTITIONS_MAX = 16,
    SCENARIO_SHARDS_MAX = 4,
    SCENARIO_USERS_MAX = 100000,
    SCENARIO_ITEMS_MAX = 10000,
    SCENARIO_EVENTS_MAX = 100000,
    SCENARIO_NAME_MAX = 32, /* bytes of an edge's name, a user's, an item's; with the 0 */
    SCENARIO_ERROR_MAX = 768,
    SCENARIO_ORDERS_MAX =
        50, /* voids that a scenario may name: a partition remembers the last 64; erasures: likewise */
    SCENARIO_IMPORT_MAX = 200,
};

/* Who an event befalls: the index of an edge, or one of these, or a member of central. */
enum { SCENARIO_CENTRAL = -1, SCENARIO_KAFKA = -2, SCENARIO_NOBODY = -3, SCENARIO_MEMBER_0 = -8 };

/* The member of that index as the `who` of an event; for indices below SCENARIO_MEMBERS_MAX. */
static inline int sim_scenario_member(uint32_t index)
{
    return SCENARIO_MEMBER_0 - (int)index;
}
static inline bool sim_scenario_is_member(int who)
{
    return who <= SCENARIO_MEMBER_0 && who > SCENARIO_MEMBER_0 - SCENARIO_MEMBERS_MAX;
}
/* Of a `who` that is a member: its index. */
static inline uint32_t sim_scenario_member_index(int who)
{
    return (uint32_t)(SCENARIO_MEMBER_0 - who);
}

/* Counters of every scenario, by index: like and save are sets, view is a sum. */
enum { SCENARIO_LIKE, SCENARIO_SAVE, SCENARIO_VIEW, SCENARIO_COUNTERS };
extern const kd_counters sim_scenario_counters;
/* Thresholds of milestones in every scenario. */
extern const kd_thresholds sim_scenario_thresholds;

typedef enum {
    SCENARIO_OPERATION, /* a user acts by name: verb, counter, user, item, who = edge, amount of views */
    /* links of `who` (an edge or central): to `peer`, or to everybody with SCENARIO_NOBODY; `way` */
    SCENARIO_CUT,   /* nothing passes, nothing is refused: a black hole */
    SCENARIO_FLAP,  /* cut and healed in turn, each for `period_us` */
    SCENARIO_DELAY, /* `amount` us, give or take `spread_us` */
    SCENARIO_LOSS, /* `amount` per cent of what is sent is lost (a connection of the real world breaks instead) */
    SCENARIO_BANDWIDTH,    /* `amount` bytes a second */
    SCENARIO_RESET,        /* all its connections break, once */
    SCENARIO_ANSWERS_LOST, /* `amount` per cent of its answers to users do not arrive */
    /* processes */
    SCENARIO_KILL,       /* kill -9; comes back after `for_us`; of Kafka the leader */
    SCENARIO_KAFKA_GONE, /* all brokers are killed; back after `for_us` */
    SCENARIO_FENCE, /* Kafka refuses all further records of the process's producers: it must create new producers */
    SCENARIO_FREEZE,  /* SIGSTOP for `for_us` */
    SCENARIO_RESTART, /* drained and started again */
    SCENARIO_JOIN,    /* a member of central that did not run before is started */
    SCENARIO_BACKUP, /* its disk is copied as a crash would leave it; central knows of it, as of a backup by command; the last copy counts */
    SCENARIO_RESTORE, /* killed; its disk is put back to that copy; starts after `for_us` */
    SCENARIO_WIPE,    /* killed; its disk is emptied; starts after `for_us` */
    SCENARIO_RETIRE, /* the operator tells central that this edge is gone for good; the edge itself runs on unchanged */
    SCENARIO_READMIT, /* the operator takes the edge back */
    SCENARIO_CLOSE,   /* central: the operator closes `item` (rule 27) */
    SCENARIO_OPEN,    /* ... opens it again */
    SCENARIO_DELETE,  /* ... deletes it, with all that was counted of it */
    SCENARIO_COPY, /* an edge: its directory is copied while it runs, and both run for `for_us` under one name */
    SCENARIO_SECOND, /* central: a second one runs on a copy of the directory for `for_us` */
    /* disks */
    SCENARIO_DISK_FULL, /* every write fails for `for_us`; a process that stopped over it is started again afterwards */
    SCENARIO_SYNC_FAILS, /* the next sync fails */
    SCENARIO_DISK_SLOW,  /* a sync takes `amount` us */
    SCENARIO_READS_FAIL, /* an edge: no read of its disk answers for `for_us`; a process that stopped over it is started again afterwards */
    /* clocks: of an edge or central; only what they read, not the world's time */
    SCENARIO_CLOCK_STEP, /* by `amount` us, signed; stays (and goes back after `for_us` when that is given) */
    SCENARIO_CLOCK_DRIFT, /* `amount` parts per million, signed, for `for_us` */
    SCENARIO_CLOCK_SWING, /* to +`amount` us and to -`amount` us in turn, each for `period_us` */
    /* the log: `topic` */
    SCENARIO_LOG_DUPLICATES, /* `amount` per cent of what is appended is appended twice */
    SCENARIO_LOG_REDELIVERS, /* all consumers go back by `amount` records, once */
    SCENARIO_LOG_TRUNCATED,  /* the last `amount` records of every partition are gone */
    SCENARIO_LOG_EXPIRED,    /* all but the last `amount` records of every partition are gone */
    SCENARIO_LOG_RECREATED,  /* deleted and created: offsets begin at 0 */
    SCENARIO_LOG_FORGED, /* somebody writes batches under the edge's name that name epochs of all sizes (forged.h) */
    SCENARIO_LOG_FORGED_AHEAD, /* ... that claim to be complete to times days ahead */
    /* an operator's orders, which become decisions in the log (rules 24, 25, 28) */
    SCENARIO_VOID,     /* what `user` likes is withdrawn */
    SCENARIO_PUT_BACK, /* ... by the last such order that names this user, is put back */
    SCENARIO_ERASE,    /* all that `user` said up to now is withdrawn, for good */
    SCENARIO_IMPORT, /* of `item`: likes by `amount` users, made elsewhere long ago (sim_scenario_old_user), or `amount` views; as many views once more are the same import */
    /* real programs only: points.h, and commands of kudos-central */
    SCENARIO_ARM, /* from its next start on it kills itself at the `amount`-th pass of `point`; comes back after `for_us` */
    SCENARIO_AUDIT,      /* central: audited while it runs */
    SCENARIO_AUDIT_LEFT, /* central: killed, its directory audited as it was left, started again */
    SCENARIO_REHEARSE,   /* central: backed up by command, restored into a place of its own, audited there */
    SCENARIO_KINDS
} sim_scenario_kind;

typedef enum { SCENARIO_BOTH, SCENARIO_UP, SCENARIO_DOWN } sim_scenario_way; /* up: what `who` sends */
typedef enum { SCENARIO_LIKES, SCENARIO_COUNTS } sim_scenario_topic;

typedef struct {
    uint64_t at_us;
    uint64_t for_us; /* 0: to the end of the faults, or once */
    sim_scenario_kind kind;
    int who, peer;
    sim_scenario_way way;
    sim_scenario_topic topic;
    int64_t amount;
    uint64_t spread_us, period_us;
    uint32_t point;   /* points.h */
    kd_verb verb;     /* of an operation */
    uint32_t counter; /* SCENARIO_LIKE... */
    char user[SCENARIO_NAME_MAX], item[SCENARIO_NAME_MAX];
    uint32_t line; /* of the file it was read from; 0: made by a program */
} sim_scenario_event;

/* What users do by themselves, drawn from the seed. Everything in per cent is 0..100. */
typedef struct {
    uint32_t users, items;  /* 0 users: only the operations that events name */
    double per_second;      /* operations of all users together */
    double zipf;            /* skew of the items; 0: even */
    uint32_t viral_percent; /* of operations go to one item, from viral_from_us on */
    uint64_t viral_from_us;
    /* together 100; unlike takes back likes and saves */
    uint32_t like_percent, unlike_percent, save_percent, view_percent;
    uint32_t roam_percent; /* of a user's operations go to another edge than his operation before */
    uint32_t lost_percent; /* of answers never arrive */
    /* of operations without an answer are tried again, with the same key at the same edge */
    uint32_t retry_percent;
    uint32_t double_percent; /* of operations are sent twice at once */
    bool tokens;             /* clients carry the session token */
    /* of operations come from another device of the user, which has no session token */
    uint32_t strange_percent;
} sim_scenario_users;

/* Final counts that the scenario names: `expect posts/1 like 2`. */
typedef struct {
    char item[SCENARIO_NAME_MAX];
    uint32_t counter;
    uint64_t count;
    uint32_t line;
} sim_scenario_expectation;

/* Least numbers of what must happen in a run. A run that stays below one of them has tested nothing: its verdict is "unknown". */
typedef struct {
    uint64_t acks, kills, duplicates, gaps, refused, undone, resent;
    uint64_t expired, collected; /* rows at edges, tombstones at central; simulation only */
} sim_scenario_needs;

typedef struct {
    char *teaches; /* one line */
    char edges[SCENARIO_EDGES_MAX][SCENARIO_NAME_MAX];
    uint32_t edge_count, partitions, shards;
    /* Members of central (rule 34), and the zone of each; "": none. 0 members: a central alone. All of them hold all partitions. */
    char members[SCENARIO_MEMBERS_MAX][SCENARIO_NAME_MAX], zones[SCENARIO_MEMBERS_MAX][SCENARIO_NAME_MAX];
    uint32_t member_count;
    uint64_t length_us; /* users act and faults happen until then */
    uint64_t heal_us;   /* after that everything must agree within this */
    uint64_t drift_us;  /* D */
    uint32_t flush_ops;
    uint64_t flush_interval_us, snapshot_interval_us;
    uint64_t outbox_bytes; /* of an edge, over its shards */
    /* numbers of items, parted among its shards, and idempotency keys that an edge keeps; 0: more than there are */
    uint32_t room_items, room_keys;
    /* Least age of a membership row that an edge may forget, and of a tombstone that central may (rules 21, 22); 0: none is forgotten. For the
     * simulation only: in a drill the programs keep their defaults. */
    uint64_t forget_rows_us, forget_tombstones_us;
    bool backups_none; /* central.backups = none */
    bool
        decides; /* an operator imports likes, withdraws some and puts them back, and erases users (rules 24, 25, 28); simulation only */
    bool
        closes; /* an operator closes items, opens them and deletes some (rule 27), at random; simulation only */
    bool logged; /* edge.acknowledge = log: answers of edges wait for the log (rule 26) */
    /* Life of the items of `posts` (rule 29), and how long they are kept then; 0: none, and for good. central.collection_life */
    uint64_t life_us, life_keep_us;
    sim_scenario_users users;
    sim_scenario_needs needs;
    sim_scenario_event *events; /* by at_us; those of one moment in the order of the file */
    uint32_t event_count, event_cap;
    sim_scenario_expectation *expectations;
    uint32_t expectation_count, expectation_cap;
} sim_scenario;

/* The defaults: three edges, 4 partitions, 2 shards, a minute, 60 users. */
void sim_scenario_init(sim_scenario *s);
/* Frees what the scenario owns and zeroes it. */
void sim_scenario_finish(sim_scenario *s);
/* A deep copy; *to is not initialised before, and the caller finishes it. */
void sim_scenario_copy(sim_scenario *to, const sim_scenario *from);
/* Copies the event into its place in time. */
void sim_scenario_add(sim_scenario *s, const sim_scenario_event *event);
/* Takes out the event at that index; the later ones move up. */
void sim_scenario_remove(sim_scenario *s, uint32_t index);

/* KD_OK; KD_EINVAL with "file:line: reason" in error; KD_EIO when it cannot be read. On an error *s is finished. */
int sim_scenario_read(sim_scenario *s, const char *path, char error[SCENARIO_ERROR_MAX]);
/* As sim_scenario_read, from a text; errors say `name` instead of the file. Safe with any bytes: it is fuzzed. */
int sim_scenario_parse(sim_scenario *s, const char *name, kd_bytes text, char error[SCENARIO_ERROR_MAX]);
/*
 * How far central's clock may be wrong in this scenario, at most, in microseconds. Edges are held to central's clock, so stamps, `as_of` and the
 * order of a user's operations are true by that clock. A checker that judges them by the world's time must tolerate this error.
 */
uint64_t sim_scenario_central_clock_us(const sim_scenario *s);
/* Whether an edge's destroyed disk loses nothing that was answered: answers wait for the log, and nothing in the scenario harms the log, doubles a name
 * or retires an edge (docs/protocol.md, rule 26). */
bool sim_scenario_disk_spares(const sim_scenario *s);
/* Whether the event is an operator's order about its item. */
bool sim_scenario_about_item(sim_scenario_kind kind);
/* Whether it is one about a user, or about users (an import): what `decides` does by itself. */
bool sim_scenario_about_users(sim_scenario_kind kind);
/* Whether the order of a user's operations is kept from edge to edge: all his requests carry the session token. */
bool sim_scenario_tokens_kept(const sim_scenario *s);

/* Whether an operator orders decisions: at random (`decides`, `closes`), or where the scenario says so. */
bool sim_scenario_orders(const sim_scenario *s);
/* The name of a user whose likes are imported, for number < SCENARIO_IMPORT_MAX: "old-0". */
void sim_scenario_old_user(uint32_t number, char name[SCENARIO_NAME_MAX]);
/* How many such users the scenario has. */
uint32_t sim_scenario_old_users(const sim_scenario *s);

/* The text form. */
void sim_scenario_print(const sim_scenario *s, kd_buf *out);
/* One event as its line, without the line feed: for traces, reports and shrunk runs. */
void sim_scenario_event_print(const sim_scenario *s, const sim_scenario_event *event, kd_buf *out);
/* "mumbai", "central", "kafka". */
const char *sim_scenario_who(const sim_scenario *s, int who);
/* How the text form of such an event begins, without names: "cut", "lose answers". */
const char *sim_scenario_kind_name(sim_scenario_kind kind);
/* Whether the simulation can play events of this kind. Those that it cannot play, a drill of the real programs can. */
bool sim_scenario_simulated(sim_scenario_kind kind);
/* Whether the member runs from the beginning: no event joins it later. */
bool sim_scenario_begins(const sim_scenario *s, uint32_t member);
/* The whole language for a terminal, from the table that reads it. */
void sim_scenario_language(kd_buf *out);

#endif
