/*
 * world.h - the state of the simulated world: machines and links, processes, edges and centrals, the log, users' operations. Types only; each module
 * declares its functions in a header of its own.
 *
 *     users -> edges (process, shards = kd_edge + disk) --batches--> log of likes -> central (process, kd_central + disk each)
 *                 ^---------- log of counts <--snapshots-----------------------------'
 *
 *     users.h, plan.h, ops.h       who does what        processes.h, disks.h   programs and their disks
 *     shard.h, edge.h, edge_ask.h  an edge              net.h, links.h         the network
 *     tenure.h, central.h          central              producer.h, consumer.h Kafka's clients
 *     member.h, roles.h            members of central   heartbeat.h            what they tell each other
 *     operator.h                   the operator         faults.h, heal.h       the scenario's timeline, and its end
 *     events.h, hosts.h, names.h   below all of them    run.h, sample.h        a run as a whole, and its record
 *
 * Everything that happens is an event of the heap. A process that is down drops its events: an event carries the life of the process for which it was
 * made. A frozen process gets its events when it thaws. Nothing polls: a core names the time of its next tick, and that tick is an event.
 *
 * Chance is a hash of (seed, stream, entity, moment), never the next number of a shared generator: an event that is taken out of a scenario
 * changes no other draw.
 */
#ifndef KUDOS_SIM_WORLD_WORLD_H
#define KUDOS_SIM_WORLD_WORLD_H

#include "common/base/drift.h"
#include "kudos/asking.h"
#include "kudos/backoff.h"
#include "kudos/centrals.h"
#include "kudos/commit_gate.h"
#include "kudos/fill.h"
#include "kudos/follower_state.h"
#include "kudos/group_commit.h"
#include "kudos/log_waits.h"
#include "kudos/members.h"
#include "kudos/publisher.h"
#include "sim/check/checks.h"
#include "sim/world/disk.h"
#include "sim/world/heap.h"
#include "sim/world/log.h"
#include "sim/world/run.h"
#include "sim/world/trace.h"

/* 2026-01-01 less twenty seconds: the UTC day changes within every run. */
#define WORLD_BEGINS_US (UINT64_C(1767225600000000) - 20000000)

typedef struct sim_world sim_world;

/* What the real programs have as options or constants (edge/io, central/io); times in microseconds. The protocol's own values are the scenario's. */
enum {
    SHELL_TICK_MIN_US = 500,
    SHELL_IDLE_MAX_US = 30000000,
    SHELL_RESEND_MIN_US = 2000000,
    SHELL_RESEND_MAX_US = 60000000,
    SHELL_MEASURE_US = 10000000,      /* between two comparisons of an edge's clock with central's */
    SHELL_FILL_US = 1000,             /* between two rows that join the filter after a start */
    SHELL_READ_DEADLINE_US = 1000000, /* of an edge's question to central about an item or a like */
    SHELL_SEEK_MIN_US = 500000,       /* of the counts reader */
    SHELL_SEEK_MAX_US = 30000000,
    SHELL_DRAIN_US = 5000000,   /* a drain that takes longer is cut off */
    SHELL_RESTART_US = 1000000, /* from the end of a process to its next start */
    SHELL_SEND_WINDOW = 64,
    SHELL_LOG_FLUSH_US = 5000,       /* edge.acknowledge_flush_interval */
    SHELL_LOG_PATIENCE_US = 3000000, /* edge.acknowledge_deadline */
    SHELL_IDEMPOTENCY_MAX = 1 << 16,
    SHELL_COMMIT_OPS = 16000,
    SHELL_FETCH_RECORDS = 500,
};

enum {
    WORLD_SLOTS = CHECKS_SLOTS,
    WORLD_CENTRALS = CHECKS_CENTRALS,
    WORLD_PROCESSES = WORLD_SLOTS + WORLD_CENTRALS
};

/* ---- numbers of processes -------------------------------------------------------------------------------------
 *
 * A process has a number: edges first, then their twins (the process on a copy of an edge's directory), then the centrals. Its slot counts within
 * its kind: edges and twins by their process number, centrals from 0.
 */

/* The process of that central. */
static inline uint32_t sim_process_of_central(uint32_t slot)
{
    return WORLD_SLOTS + slot;
}

/* False: an edge or a twin. */
static inline bool sim_process_is_central(uint32_t process)
{
    return process >= WORLD_SLOTS;
}

/* The process's slot: index into w->edges, or into w->centrals. */
static inline uint32_t sim_process_slot(uint32_t process)
{
    return sim_process_is_central(process) ? process - WORLD_SLOTS : process;
}

/* The scenario's edge whose name the process of that slot uses: a twin has the name and the machine of its original. */
static inline uint32_t sim_edge_identity(uint32_t slot)
{
    return slot % SCENARIO_EDGES_MAX;
}

/* ---- machines and links ------------------------------------------------------------------------------------- */

/* A machine's clocks. Monotonic time runs with the oscillator; wall time is monotonic time plus `step_us`. */
typedef struct {
    uint64_t since_us,
        mono_us; /* true time of the last change of ppm, and the monotonic clock at that moment */
    int64_t ppm, step_us;
} sim_host;

/* The members of central have a machine each, from HOST_CENTRAL on; an edge has a link to each of them, from PEER_CENTRAL on. */
enum { HOST_CENTRAL = SCENARIO_EDGES_MAX, HOSTS = HOST_CENTRAL + SCENARIO_MEMBERS_MAX };
enum { PEER_KAFKA, PEER_CENTRAL, PEERS = PEER_CENTRAL + SCENARIO_MEMBERS_MAX };
enum { WAY_UP, WAY_DOWN, WAYS };

/* One direction of a link; WAY_UP leads from the host to the peer. */
typedef struct {
    uint32_t cut;                            /* faults in force that cut it */
    uint64_t delay_us, spread_us, bandwidth; /* bandwidth: bytes per second; 0: no bound */
    uint32_t loss_percent;
    uint64_t last_us; /* arrival of the message that was sent last: without spread nothing overtakes it */
    uint64_t free_us; /* with a bandwidth: when all that was sent so far is through */
} sim_way;

typedef struct {
    sim_way way[WAYS];
    uint32_t parked,
        parked_last; /* list of the messages that wait for the link to open (sim_message.next); 0: none */
} sim_link;

/* ---- processes ---------------------------------------------------------------------------------------------- */

/* What a process reads: the partitions of its topic, of likes or of counts; a member of central reads those of the counts as well, and heartbeats. */
enum {
    STREAM_COUNTS = SCENARIO_PARTITIONS_MAX,
    STREAM_MEMBERS = 2 * SCENARIO_PARTITIONS_MAX,
    STREAMS = STREAM_MEMBERS + 1
};

/* A process's place in a stream. */
typedef struct {
    int64_t next;  /* offset of the next record */
    bool busy;     /* a fetch is under way */
    bool ended;    /* the reader was told that it had reached the end */
    bool standing; /* the offset was out of range: no fetch until the seek to the log's end */
    kd_backoff seek;
} sim_cursor;

typedef struct sim_role sim_role; /* processes.h */

typedef struct {
    const sim_role *role;
    bool up, draining;
    bool refuses_to_run; /* a central that was fenced by a second one: not started while that one runs */
    uint32_t life;       /* counts starts and ends: events of an earlier life are dropped */
    uint64_t frozen_until_us, drain_until_us;
    sim_cursor cursor[STREAMS];
} sim_process;

typedef struct {
    sim_disk *disk;
    kd_edge *core; /* NULL: the process is down */
    kd_group_commit commit;
    kd_log_waits waits; /* answers that wait for the log */
    kd_fill_piece fill; /* of the rows that the filter lacks, while `fills` */
    bool fills;
    const kd_writes *writes;    /* of the group that is being synced */
    uint64_t look_us;           /* when the next tick is due; 0: no tick is on the heap */
    uint32_t sending;           /* batches that the producer has not reported on */
    struct sim_live_item *live; /* by item: what streams show (live.c); NULL: there are none */
} sim_shard;

typedef struct {
    sim_shard shards[SCENARIO_SHARDS_MAX];
    sim_disk *backup[SCENARIO_SHARDS_MAX]; /* NULL: none was made */
    kd_drift drift;
    uint32_t life;              /* random number of this start of the process, for kd_edge_config */
    uint32_t time_of;           /* the central whose time is asked; CHECKS_CENTRALS: there is none to ask */
    uint64_t asked_mono_us;     /* when the present comparison of clocks left the edge */
    uint32_t probe;             /* number of the present comparison: an answer to an earlier one is dropped */
    kd_clock_probe clock_probe; /* when to ask central for its time, and when to measure */
    kd_key_window key_window;
    kd_centrals centrals; /* where central has members: which of them it asks */
    uint64_t probe_us;    /* when the next look at those that failed is on the heap; 0: none is */
    uint32_t producer;    /* number of the present producer, over all lives of the process */
    uint64_t keys;        /* idempotency keys that the edge was given, over all lives of the process */
    uint32_t wipes;     /* how often its disk was emptied or put back: each time it forgot idempotency keys */
    bool operator_came; /* the operator has restarted it because it refused writes; he does so once */
    bool retired;       /* the operator has told central that the edge is gone for good */
    uint64_t acked, refused;
} sim_edge;

/* How a commit ended on the disk. */
typedef struct {
    int status;
    bool synced;
} sim_written;

/* What a member is to do with a partition, and how far that is (roles.h). */
typedef struct {
    bool told; /* it was told what to do */
    kd_wish wish;
    bool looking, looks_later; /* its log position is being looked up; as soon as Kafka can be reached */
    bool remade;               /* the store was begun anew by this process */
    int64_t log_begins, counts_begin, counts_next;
    kd_held_state held; /* as the other members were told */
    bool led;           /* for the record: it led when looked at last */
} sim_part_role;

/* One central's tenure over one partition (tenure.h). */
typedef struct {
    bool follows, halted, fenced, drains; /* as kd_tenure */
    kd_follower_state following;          /* of a member: tenure_follow.h */
    sim_part_role role;
    sim_disk *disk, *backup;
    kd_central *core; /* NULL: the process is down */
    sim_world *world; /* with slot and partition: the tenure's place, for calls from the publisher */
    uint32_t slot, partition;
    kd_commit_gate gate;
    kd_publisher publisher;
    uint64_t versions[KD_COMMITS_UNDER_WAY_MAX]; /* of the commits that are being written, oldest first */
    sim_written
        written[KD_COMMITS_UNDER_WAY_MAX]; /* of them, those that the disk has written, or failed to */
    uint32_t written_count;
    uint64_t told_us;      /* when the core will have heard of those */
    uint64_t disk_free_us; /* when the commits that were begun are written */
    uint64_t look_us;      /* the publisher's next run that is on the heap; 0: none */
    bool reading;          /* its place in the log is known: records may be fed */
} sim_tenure;

typedef struct {
    sim_tenure tenures[SCENARIO_PARTITIONS_MAX];
    bool waits_for_kafka; /* the log positions are looked up as soon as Kafka can be reached */
    bool ready;           /* they were looked up: it reads and publishes */
    void (*committed)(sim_world *w, uint32_t slot); /* a commit became durable: a backup may wait for it */
    /* Of a member: a tenure became quieter, or was fenced. NULL: a central alone. */
    void (*settled)(sim_world *w, uint32_t slot);
    kd_members *members; /* NULL: a central alone, or the process is down */
    bool settles;        /* a look at the roles is on the heap */
    bool parted;         /* its last heartbeat was made */
    uint32_t beats;      /* heartbeats on their way */
    uint64_t beat_us;    /* when the next one is due */
} sim_central;

/* Backups of central, by number; 0: none. */
typedef struct {
    uint32_t numbers;     /* the last number that was given */
    uint32_t begun, kept; /* begun: the copy is not made yet; kept: the one that a restore would use */
    uint64_t versions
        [SCENARIO_PARTITIONS_MAX]; /* of the backup that was begun: commits that bring it into the lists */
} sim_backups;

/* One row that the operator's decision names. */
typedef struct {
    uint32_t item, user, counter;
    uint64_t time_us;
    bool liked;
} sim_ordered;

enum { WORLD_ORDERED = 16 };

/* An order of the scenario about one item. */
typedef struct {
    uint32_t item;
    kd_decided what;
    bool taken; /* it is a job, or done */
} sim_item_order;

/* The operator's present order about an edge in a partition (operator.h). */
typedef struct {
    uint32_t number, edge;
    bool ready, retires;
    uint64_t again_us, give_up_us; /* when it is written again, and given up */
} sim_retiring;

/* An operator's present job in a partition (decider.h), and its present decision: there is one while it is ready. */
typedef struct {
    uint32_t number, seq;
    uint32_t decisions; /* of the job, without what is put back */
    uint32_t erased;    /* the user */
    bool imports, erases, ready, last;
    uint32_t item_order; /* 1 + the order of the scenario that the job carries out; 0: none */
    kd_decided what;
    uint64_t stamp_us; /* of a void or an erasure, or of what is decided about the item of ops[0] */
    uint64_t rest_until_us, again_us, give_up_us;
    sim_ordered ops[WORLD_ORDERED], withdrawn[WORLD_ORDERED];
    uint32_t op_count, withdrawn_count;
    uint32_t named; /* the job's number, of an order that the scenario names; 0: it names none */
    uint32_t event; /* that order */
    uint32_t taken; /* operations of it that were decided about, or are */
    uint64_t views; /* of the item of ops[0], which the order imports; 0: it imports none */
} sim_deciding;

/* What a void that the scenario named has withdrawn in a partition. */
typedef struct {
    uint32_t user, job;
    uint64_t stamp_us;
    bool over; /* it was put back */
    sim_ordered *ops;
    uint32_t op_count, op_cap;
} sim_orders_void;

#define WORLD_NAMED_JOB "named-%u"
/* An import of views is named after what is imported, as the command names it after its file: said again it is the same job. */
#define WORLD_VIEWS_JOB "views-%u-%u"

/* The orders that the scenario names, in a partition (orders.h). */
typedef struct {
    uint32_t next; /* event of the scenario that was not looked at yet */
    uint32_t jobs;
    sim_orders_void *voids;
    uint32_t void_count, void_cap;
} sim_orders;

/* ---- the whole ---------------------------------------------------------------------------------------------- */

struct sim_world {
    const sim_scenario *s;
    const sim_options *options;
    uint64_t now_us, begin_us; /* true time, absolute */
    uint64_t end_us;           /* begin plus the scenario's length: faults stop, healing begins */
    uint64_t heal_end_us;      /* by then all must agree */
    bool healing, over, converged;
    const char *edge_names[SCENARIO_EDGES_MAX];
    char twin_names[SCENARIO_EDGES_MAX][SCENARIO_NAME_MAX + 8];
    sim_heap heap;
    sim_trace trace;
    sim_journal *journal;
    sim_checks *checks;

    sim_host hosts[HOSTS];
    sim_link links[HOSTS][PEERS];
    uint32_t kafka_down; /* faults in force that stop the broker */
    sim_process processes[WORLD_PROCESSES];
    sim_edge edges[WORLD_SLOTS];
    sim_central centrals[WORLD_CENTRALS];
    sim_backups backups;
    sim_deciding deciding[SCENARIO_PARTITIONS_MAX], erasing[SCENARIO_PARTITIONS_MAX];
    sim_retiring retiring[SCENARIO_PARTITIONS_MAX];
    bool retirements; /* he has begun to order about edges */
    sim_item_order *item_orders;
    uint32_t item_order_count, item_order_cap;
    uint32_t items_deleted; /* by the operator, at random */
    sim_orders orders[SCENARIO_PARTITIONS_MAX];
    sim_log likes[SCENARIO_PARTITIONS_MAX], counts[SCENARIO_PARTITIONS_MAX], heartbeats;
    uint32_t duplicate_percent[2];             /* by topic: records that the producer writes twice */
    uint32_t answers_lost[SCENARIO_EDGES_MAX]; /* per cent of an edge's answers that never reach the user */
    uint32_t full[HOSTS];                      /* faults in force that fill the machine's disks */
    uint32_t unreadable[HOSTS];                /* ... under which they cannot be read */
    uint64_t slow_us[HOSTS];                   /* what a sync takes at least */
    uint32_t *active;                          /* indices of the scenario's events in force */
    uint32_t active_count, active_cap;

    struct sim_message *messages; /* producer.h; by number, 0 is nobody */
    uint32_t message_count, message_cap, message_free;
    uint64_t message_number;
    struct sim_op *ops; /* ops.h; by number, 0 is nobody */
    uint32_t op_count, op_cap, op_free;
    struct sim_ask *asks; /* edge_ask.c; by number, 0 is nobody */
    uint32_t ask_count, ask_cap, ask_free;
    uint64_t ask_attempts;

    kd_item *items;
    char (*item_names)[SCENARIO_NAME_MAX];
    char (*names_of_users)[SCENARIO_NAME_MAX]; /* the text of users_names */
    const char **users_names;
    uint32_t item_count, user_count;
    uint32_t *item_partition;
    uint32_t *zipf;                 /* of the swarm's items: cumulative weights, up to 2^32 */
    struct sim_user *users;         /* users.h */
    struct sim_deadline *deadlines; /* users.c: a queue, oldest first */
    uint32_t deadline_first, deadline_count, deadline_cap;
    bool deadline_set; /* the oldest one's event is on the heap */

    kd_buf scratch; /* for the length of one call */
    uint64_t events, refused, kills, duplicates, gaps, undone, resent, merges;
    uint64_t expired, collected,
        ignored; /* of processes that have ended; those of running ones are in their cores */
    char failure[320], checker[32]; /* the world's own finding (sim_world_fail) */
    uint64_t failed_us;
};

#endif
