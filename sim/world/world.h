/*
 * world.h - the simulated world, between its files.
 *
 *     users -> edges (process, shards = kd_edge + disk) --batches--> log of likes -> central (process, kd_central + disk each)
 *                 ^---------- log of counts <--snapshots-----------------------------'
 *
 * Everything that happens is an event of the heap. A process that is down drops what was meant for it (an event carries the life of the process
 * that it was made in); a frozen one gets it when it thaws. Nothing polls: a shard's next look at its clock is the one that its core named.
 *
 * Chance is drawn by (seed, stream, entity, moment), never from a generator that all share.
 */
#ifndef KUDOS_SIM_WORLD_WORLD_H
#define KUDOS_SIM_WORLD_WORLD_H

#include "common/base/drift.h"
#include "kudos/commit_gate.h"
#include "kudos/group_commit.h"
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

/* Intervals of the shells (edge/io, central/io) and of the machines, in microseconds. Those of the protocol are the scenario's. */
enum {
    SHELL_TICK_MIN_US = 500,
    SHELL_IDLE_MAX_US = 30000000,
    SHELL_RESEND_MIN_US = 2000000,
    SHELL_RESEND_MAX_US = 60000000,
    SHELL_MEASURE_US = 10000000,
    SHELL_MEASURE_AGAIN_US = 500000,
    SHELL_MEASURE_DEADLINE_US = 1000000,
    SHELL_READ_DEADLINE_US = 1000000,
    SHELL_READ_TRIES = 3,
    SHELL_SEEK_AGAIN_US = 500000,
    SHELL_DRAIN_US = 5000000,
    SHELL_RESTART_US = 1000000, /* until a process that died is started again */
    SHELL_SEND_WINDOW = 64,
    SHELL_IDEMPOTENCY_MAX = 1 << 16,
    SHELL_COMMIT_OPS = 4000,
    SHELL_FETCH_RECORDS = 500,
    CLIENT_TIMEOUT_US = 5000000,
    CLIENT_TRIES = 6,
    COUNTS_KEPT = 4096, /* records of a partition of the counts topic */
};

enum {
    WORLD_SLOTS = CHECKS_SLOTS,
    WORLD_CENTRALS = CHECKS_CENTRALS,
    WORLD_PROCESSES = WORLD_SLOTS + WORLD_CENTRALS
};

/* Processes are numbered: edges and their twins by slot, then the centrals. */
static inline uint32_t sim_process_of_central(uint32_t slot)
{
    return WORLD_SLOTS + slot;
}

static inline bool sim_process_is_central(uint32_t process)
{
    return process >= WORLD_SLOTS;
}

/* Which of the edges, or of the centrals, it is. */
static inline uint32_t sim_process_slot(uint32_t process)
{
    return sim_process_is_central(process) ? process - WORLD_SLOTS : process;
}

typedef enum {
    DRAW_DELAY,
    DRAW_LOSS,
    DRAW_RETRY,
    DRAW_ACK,
    DRAW_SYNC,
    DRAW_CRASH,
    DRAW_SEED,
    DRAW_EPOCH,
    DRAW_DUPLICATE,
    DRAW_USER,
    DRAW_ANSWER,
    DRAW_READ,
    DRAW_ROUTE,
    DRAW_TIMER,
} sim_draw_stream;

/* ---- machines and links ------------------------------------------------------------------------------------- */

/* A machine's clocks. The monotonic clock runs ppm too fast; the wall clock is the monotonic clock plus step_us. */
typedef struct {
    uint64_t since_us, mono_us; /* true time of the last change of ppm, and the monotonic clock then */
    int64_t ppm, step_us;
} sim_host;

enum { HOST_CENTRAL = SCENARIO_EDGES_MAX, HOSTS };
enum { PEER_KAFKA, PEER_CENTRAL, PEERS };
enum { WAY_UP, WAY_DOWN, WAYS };

typedef struct {
    uint32_t cut;
    uint64_t delay_us, spread_us, bandwidth;
    uint32_t loss_percent;
    uint64_t last_us; /* arrival of what was sent last: without spread nothing overtakes */
    uint64_t free_us; /* when the wire has room again */
} sim_way;

typedef struct {
    sim_way way[WAYS];
    uint32_t parked, parked_last; /* messages that wait for the link to heal; 0: none */
} sim_link;

typedef enum { NET_ARRIVES, NET_LOST, NET_CUT } sim_net_verdict;

/* ---- messages: what a producer holds ------------------------------------------------------------------------ */

typedef enum { MESSAGE_BATCH, MESSAGE_CLAIM, MESSAGE_COUNTS, MESSAGE_CHANGES } sim_message_kind;

typedef struct sim_message sim_message;
struct sim_message {
    kd_buf record;
    sim_message_kind kind;
    uint32_t process, life, partition, tries;
    uint32_t next; /* in a link's parked list, or in the list of free messages */
    bool acking;   /* the record is in the log, and Kafka's report is on its way to the sender */
    bool again;    /* that report will say "failed" */
    kd_position at;
    /* of central: the record that is told of the delivery; freed when its process ends */
    kd_outbound_record *outbound;
    /* called while the sending process lives */
    void (*delivered)(sim_world *w, const sim_message *m, bool ok);
};

/* ---- processes ---------------------------------------------------------------------------------------------- */

typedef struct {
    int64_t next;  /* offset */
    bool busy;     /* a fetch is on its way */
    bool standing; /* stopped after an error, until its process seeks */
} sim_cursor;

/* What a process runs. `slot`: of the edge, or of the central. */
typedef struct {
    void (*open)(sim_world *w, uint32_t slot);
    void (*close)(sim_world *w, uint32_t slot); /* at once, as by a power cut */
    void (*drain)(sim_world *w, uint32_t slot); /* seal and publish; the process is stopped when `drained` */
    bool (*drained)(const sim_world *w, uint32_t slot);
    bool (*may_read)(const sim_world *w, uint32_t slot, uint32_t partition);
    void (*record)(sim_world *w, uint32_t slot, uint32_t partition, kd_bytes record, int64_t offset);
    void (*end_round)(sim_world *w, uint32_t slot, uint32_t partition); /* a fetch was read to its end */
    void (*kafka_there)(sim_world *w, uint32_t slot); /* its link to Kafka is open; NULL: it need not know */
} sim_role;

extern const sim_role sim_role_edge, sim_role_central;

typedef struct {
    const sim_role *role;
    bool up, draining, refuses_to_run;
    uint32_t life;
    uint64_t frozen_until_us, drain_until_us;
    sim_cursor cursor[SCENARIO_PARTITIONS_MAX];
} sim_process;

typedef struct {
    sim_disk *disk;
    kd_edge *core; /* NULL: down */
    kd_group_commit commit;
    const kd_writes *writes; /* of the group that is being synced */
    uint64_t look_us;        /* the next tick that is on the heap */
    uint32_t sending;        /* messages without a report */
    uint64_t keys;           /* idempotency keys that it was given to remember, over its lives */
} sim_shard;

typedef struct {
    sim_shard shards[SCENARIO_SHARDS_MAX];
    sim_disk *backup[SCENARIO_SHARDS_MAX];
    kd_drift drift;
    uint32_t life; /* of the process */
    uint64_t asked_mono_us;
    uint32_t probe; /* number of the question under way */
    uint32_t wipes; /* how often its disk was emptied or put back to a copy */
    uint64_t doubled_until_us;
    bool operator_came;
    bool retired; /* by the operator's word */
    uint64_t acked, refused, alarms;
} sim_edge;

typedef struct {
    sim_disk *disk, *backup;
    kd_central *core;
    sim_world *world; /* with slot and partition: where this tenure stands, for the publisher's calls */
    uint32_t slot, partition;
    kd_commit_gate gate;
    kd_publisher publisher;
    uint64_t versions[KD_COMMITS_UNDER_WAY_MAX]; /* being written, oldest first */
    uint64_t disk_free_us;
    uint64_t look_us; /* the next run of the publisher that is on the heap; 0: none */
    bool reading;
} sim_part;

typedef struct {
    sim_part parts[SCENARIO_PARTITIONS_MAX];
    bool waits_for_kafka, ready; /* the producer is there */
    void (*committed)(sim_world *w,
                      uint32_t slot); /* a commit became durable: the operator may have waited for it */
} sim_central;

/* Backups of central by number; 0: none. */
typedef struct {
    uint32_t numbers, begun, kept;
    uint64_t versions[SCENARIO_PARTITIONS_MAX]; /* with which the one that was begun is in the list */
} sim_backups;

/* ---- users -------------------------------------------------------------------------------------------------- */

/* One operation of a user, over all its requests. */
typedef struct {
    uint32_t user, item, counter, edge, number, attempt, wipes, refs;
    uint32_t tries, failed; /* requests made again; 1 + the last one that failed */
    kd_verb verb;
    uint64_t amount;
    kd_seen seen, answer; /* the session token that it carries; of the last answer */
    bool strange;         /* it carries none though its user may have one */
    uint64_t issued_us;   /* when its last request left */
    uint64_t key;         /* its place among the shard's, when it was last taken */
    bool over;            /* answered, or given up */
    bool told;            /* by the scenario: tried until it is answered */
    uint64_t begun_us;    /* of the run */
    /* The end of one of its requests: the outcome; NULL: refused, or the connection broke. */
    void (*ended)(sim_world *w, uint32_t slot, uint32_t op, const kd_outcome *outcome);
} sim_op;

enum { USER_MEMORY = 4 };

typedef struct {
    uint32_t number; /* of operations planned so far */
    uint64_t planned_us;
    uint32_t edge, op; /* op: 1 + the one in work; 0: none */
    bool due;
    kd_seen seen; /* his session token */
    uint32_t last_item;
    struct {
        uint32_t item, counter;
    } liked[USER_MEMORY];
    uint32_t liked_count;
    uint32_t *told; /* explicit operations that wait: indices of scenario events */
    uint32_t told_first, told_count, told_cap;
} sim_user;

typedef struct {
    uint64_t at_us;
    uint32_t op, tries;
} sim_deadline;

/* A question of an edge to central about an item, or about a user's like of it. */
typedef struct {
    kd_buf record;
    uint32_t process, life, item, tries, next;
    uint32_t user; /* 1 + it; 0: about the item's numbers */
    kd_seen wanted;
    kd_seen seen;
    uint64_t begun_us;
    kd_liked_central said;
    uint64_t until_us;
    bool open;
} sim_ask;

/* ---- the whole ---------------------------------------------------------------------------------------------- */

struct sim_world {
    const sim_scenario *s;
    const sim_options *options;
    uint64_t now_us, begin_us, end_us, heal_end_us; /* absolute */
    bool healing, over, converged;
    const char *edge_names[SCENARIO_EDGES_MAX];
    char twin_names[SCENARIO_EDGES_MAX][SCENARIO_NAME_MAX + 8];
    sim_heap heap;
    sim_trace trace;
    sim_journal *journal;
    sim_checks *checks;

    sim_host hosts[HOSTS];
    sim_link links[HOSTS][PEERS];
    uint32_t kafka_down;
    sim_process processes[WORLD_PROCESSES];
    sim_edge edges[WORLD_SLOTS];
    sim_central centrals[WORLD_CENTRALS];
    sim_backups backups;
    sim_log likes[SCENARIO_PARTITIONS_MAX], counts[SCENARIO_PARTITIONS_MAX];
    uint32_t duplicate_percent[2];
    uint32_t answers_lost[SCENARIO_EDGES_MAX];
    uint32_t full[SCENARIO_EDGES_MAX + 1]; /* disks of a machine, by how many faults */
    uint32_t unreadable[SCENARIO_EDGES_MAX + 1];
    uint64_t slow_us[SCENARIO_EDGES_MAX + 1];
    uint32_t *active; /* scenario events in force */
    uint32_t active_count, active_cap;

    sim_message *messages; /* 0 is nobody */
    uint32_t message_count, message_cap, message_free;
    sim_op *ops;
    uint32_t op_count, op_cap, op_free;
    sim_ask *asks;
    uint32_t ask_count, ask_cap, ask_free;

    kd_item *items;
    char (*item_names)[SCENARIO_NAME_MAX];
    char (*names_of_users)[SCENARIO_NAME_MAX];
    const char **users_names;
    uint32_t item_count, item_cap, user_count, user_cap;
    uint32_t *item_partition;
    uint32_t *zipf; /* cumulative weights of the items of the swarm, up to 2^32 */
    sim_user *users;
    sim_deadline *deadlines; /* a ring */
    uint32_t deadline_first, deadline_count, deadline_cap;
    bool deadline_set;

    kd_buf scratch;
    uint64_t events, refused, kills, duplicates, gaps, undone, resent, merges;
    uint64_t expired, collected, ignored; /* of lives that are over */
    char failure[320], checker[32];
    uint64_t failed_us;
};

/* Whether the host's disk is full or unreadable: no process is started on such a disk. */
static inline bool sim_host_disk_fails(const sim_world *w, uint32_t host)
{
    return w->full[host] > 0 || w->unreadable[host] > 0;
}

/* world.c */
uint64_t sim_world_draw(const sim_world *w, sim_draw_stream stream, uint64_t entity, uint64_t moment);
static inline uint64_t sim_world_below(const sim_world *w, sim_draw_stream stream, uint64_t entity,
                                       uint64_t below)
{
    return sim_world_draw(w, stream, entity, w->now_us) % below;
}
void sim_world_at(sim_world *w, uint64_t at_us, sim_event_fn fn, uint32_t a, uint32_t b, uint64_t c);
/* The world's own finding (the checkers have theirs). The first one tells. */
void sim_world_fail(sim_world *w, const char *checker, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void sim_world_note(sim_world *w, const char *who, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *sim_world_process_name(const sim_world *w, uint32_t process);
/* True: the event was put off to the thaw, or meant for a life that is over. */
bool sim_world_gone(sim_world *w, uint32_t process, uint32_t life);
bool sim_world_frozen(sim_world *w, const sim_event *ev, uint32_t process);
#define TRACE(w, ...) sim_trace_line(&(w)->trace, (w)->now_us - (w)->begin_us, __VA_ARGS__)

/* names.c: users and items by number */
void sim_names_open(sim_world *w);
void sim_names_close(sim_world *w);
uint32_t sim_names_item(const sim_world *w, const char *name);
uint32_t sim_names_user(const sim_world *w, const char *name);
uint32_t names_item_by_key(const sim_world *w, kd_bytes key);

/* hosts.c */
uint64_t sim_host_mono_us(const sim_world *w, uint32_t host);
uint64_t sim_host_wall_us(const sim_world *w, uint32_t host);
void sim_host_set_ppm(sim_world *w, uint32_t host, int64_t ppm);
uint32_t sim_process_host(uint32_t process);

/* net.c */
bool sim_net_open(const sim_world *w, uint32_t host, uint32_t peer, uint32_t way);
sim_net_verdict sim_net_send(sim_world *w, uint32_t host, uint32_t peer, uint32_t way, size_t bytes,
                             uint64_t *at_us);
/* Faults changed: links become as the active events say. */
void sim_net_refresh(sim_world *w);

/* links.c */
/* As sim_net_refresh; then whoever waited for a link that is open again goes on. */
void sim_links_refresh(sim_world *w);
/* The connections of a host to a peer break. */
void sim_links_reset(sim_world *w, uint32_t host, uint32_t peer);
/* Kafka's clients of a host are dead: whatever they had under way fails, and new ones are made. */
void sim_links_fence(sim_world *w, uint32_t host);

/* producer.c */
uint32_t sim_message_take(sim_world *w, sim_message_kind kind, uint32_t process, uint32_t partition);
/* Hands the message, with its record in it, to the producer of its process. */
void sim_producer_send(sim_world *w, uint32_t message);
void sim_producer_healed(sim_world *w, uint32_t host);
void sim_producer_fail_all(sim_world *w, uint32_t host);

/* consumer.c */
sim_log *sim_consumer_log(sim_world *w, uint32_t process, uint32_t partition);
void sim_consumer_wake(sim_world *w, uint32_t process, uint32_t partition);
void sim_consumer_wake_all(sim_world *w, sim_scenario_topic topic, uint32_t partition);
void sim_consumer_healed(sim_world *w, uint32_t host);

/* edge.c: life of an edge's process */
static inline uint32_t sim_edge_identity(uint32_t slot)
{
    return slot % SCENARIO_EDGES_MAX;
}
/* shard.c */
uint64_t sim_edge_now_us(const sim_world *w, uint32_t slot);
sim_shard *sim_shard_of(sim_world *w, uint32_t slot, uint32_t partition);
/* A shard's part of the room that an edge has; `ample` where the scenario does not say. */
uint32_t sim_shard_room(const sim_scenario *s, uint32_t of_edge, uint32_t ample);
void sim_shard_turn(sim_world *w, uint32_t slot, uint32_t shard);
void sim_shard_request(sim_world *w, uint32_t slot, uint32_t op);
void sim_shard_snapshot(sim_world *w, uint32_t slot, uint32_t partition, kd_bytes record, int64_t offset);
void sim_shard_reset(sim_world *w, uint32_t slot);
/* edge_ask.c */
void sim_ask_item(sim_world *w, uint32_t slot, uint32_t item);
void sim_read_liked(sim_world *w, uint32_t slot, uint32_t item, uint32_t user);
void sim_ask_broken(sim_world *w, uint32_t host);
void sim_probe_start(sim_world *w, uint32_t slot);

/* tenure.c */
/* The core is open: the objects around it. */
void sim_tenure_open(sim_world *w, uint32_t slot, uint32_t partition);
/* Closes the core, too. */
void sim_tenure_close(sim_world *w, uint32_t slot, uint32_t partition);
bool sim_tenure_drained(const sim_world *w, uint32_t slot, uint32_t partition);
void sim_tenure_feed(sim_world *w, uint32_t slot, uint32_t partition, kd_bytes record, int64_t offset);
void sim_tenure_commit(sim_world *w, uint32_t slot, uint32_t partition);
bool sim_tenure_blocked(const sim_world *w, uint32_t slot, uint32_t partition);
void sim_tenure_publish(sim_world *w, uint32_t slot, uint32_t partition);

/* operator.c: what central is told */
void sim_operator_open(sim_world *w);
void sim_operator_backs_up(sim_world *w);
void sim_operator_retires(sim_world *w, uint32_t edge, bool retired);
/* All partitions of central opened, and no commit began yet. */
void sim_operator_opened(sim_world *w, uint32_t slot);
/* A commit became durable. */
void sim_operator_sees_commit(sim_world *w, uint32_t slot);

/* ops.c */
uint32_t sim_op_take(sim_world *w);
void sim_op_release(sim_world *w, uint32_t op);

/* users.c */
void sim_users_open(sim_world *w);
void sim_users_close(sim_world *w);
void sim_user_told(sim_world *w, uint32_t event);
/* plan.c */
uint32_t sim_plan_home(const sim_world *w, uint32_t user);
uint64_t sim_plan_pause_us(const sim_world *w, uint32_t user, uint32_t number);
void sim_plan_operation(sim_world *w, sim_op *op);

/* processes.c: what befalls processes and their disks */
void sim_process_stop(sim_world *w, uint32_t process);
void sim_process_start(sim_world *w, uint32_t process);
void sim_process_start_at(sim_world *w, uint32_t process, uint64_t at_us);
void sim_process_restart(sim_world *w, uint32_t process);
void sim_process_check_drained(sim_world *w, uint32_t process);
void sim_disks_back_up(sim_world *w, int who);
void sim_disks_restore(sim_world *w, int who);
void sim_disks_wipe(sim_world *w, int who);
void sim_disks_copy(sim_world *w, int who);
void sim_disks_copy_gone(sim_world *w, int who);
void sim_disks_refresh(sim_world *w, int who);
void sim_disks_fail_sync(sim_world *w, int who);

/* faults.c */
void sim_faults_open(sim_world *w);
void sim_faults_stop(sim_world *w);

/* heal.c */
void sim_heal_open(sim_world *w);
void sim_world_sample(sim_world *w);

#endif
