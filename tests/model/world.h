/*
 * world.h - a small world around the very core objects: three edges, one central of two partitions, a log, clients.
 *
 * Everything that happens is one step of a seeded choice: a client operates, a core ticks, a group commit begins or ends, a
 * record arrives (late, twice, out of order, or never), a process dies with what it had not synced, a disk is put back to an
 * older copy. After the steps the faults stop and the world must converge. What must hold is asked of oracle.c.
 */
#ifndef KUDOS_TESTS_MODEL_WORLD_H
#define KUDOS_TESTS_MODEL_WORLD_H

#include "kudos/central.h"
#include "kudos/edge.h"
#include "kudos/forget.h"
#include "sim/world/disk.h"
#include "tests/model/log.h"

/* Slot TWIN runs a copy of an edge's directory, under that edge's name, while the edge itself runs on. */
enum { EDGES = 3, TWIN = EDGES, SLOTS, PARTS = 2, USERS = 6, SHARED_ITEMS = 4, ITEMS = SHARED_ITEMS + EDGES };
enum { LIKE = 0, VIEW = 1 }; /* indices of the counters */
#define MODEL_DRIFT_US 500000u

/* One attempt of a user on an item, or a view of it. */
typedef struct {
    uint32_t id, user, item, edge;
    kd_verb verb;
    uint64_t amount;
    uint64_t first_us, issued_us; /* its first request and its last: it was stamped in between */
    uint64_t acked_us;            /* 0: the client never saw an answer */
} model_attempt;

typedef struct {
    model_attempt *at;
    uint32_t count, cap;
} model_history;

/* An operation taken by an edge whose group is not durable yet. */
typedef struct {
    uint32_t attempt;
    uint64_t group, stamp_us;
} model_waiting;

typedef struct {
    kd_buf record;
    uint32_t edge, partition, life;
    kd_position at;
} model_sending;

typedef struct {
    kd_buf record;
    uint32_t edge, life, item;
} model_answer;

typedef struct {
    sim_disk *disk, *copy;
    kd_edge *core; /* NULL: down */
    const kd_writes *writes;
    uint64_t group;   /* being written; 0: none */
    int64_t clock_us; /* off true time */
    int64_t cursor[PARTS];
    bool cut_up, cut_down, cut_ask;
    uint32_t life;
    bool retired;  /* an operator said that it is gone for good */
    bool returned; /* and it was not; until it is taken back */
    model_waiting *waiting;
    uint32_t waiting_count, waiting_cap;
} model_edge;

typedef struct {
    sim_disk *disk, *copy;
    kd_central *core;
    const kd_writes *writes[2];
    uint64_t versions[2];
    uint32_t outstanding;
    int64_t next; /* offset */
    bool claimed;
    uint32_t backup; /* number of the copy; 0: none */
} model_central;

/* What a run may meet; drawn from its seed. */
typedef struct {
    bool tokens, crashes, log_faults, cuts, clock_steps, central_restores, edge_restores, edge_copies,
        log_wipes, slow_wire, retires, returns;
    uint64_t row_ttl_us, tombstone_ttl_us;
    uint32_t steps;
} model_options;

typedef struct {
    uint64_t seed, random, now_us;
    uint64_t edge_plant, central_plant;
    model_options options;
    model_edge edges[SLOTS];
    model_central centrals[PARTS];
    model_log likes[PARTS], counts[PARTS];
    model_sending *sending;
    uint32_t sending_count, sending_cap;
    model_answer *answers;
    uint32_t answers_count, answers_cap;
    model_history history;
    uint64_t token_us[USERS];
    bool busy[USERS];      /* waits for an answer */
    uint32_t retry[USERS]; /* 1 + the attempt to make again */
    uint32_t last_item[USERS];
    kd_item items[ITEMS];
    char user_names[USERS][8];
    bool healing, trace;
    bool sums_hold;   /* false once a fault that may lose or double sums (design: limits) was played */
    bool shown_hold;  /* likewise for "never shown outside acked..attempted" */
    uint32_t twin_of; /* whose copy runs in the slot TWIN */
    bool doubled;     /* two use one identity now: what they answer is not promised */
    bool was_doubled;
    bool
        told_apart; /* an edge was retired that was not gone: what it took is not in as_of until it is taken back */
    uint32_t returns;   /* 1 + the edge that was retired and is not gone */
    uint64_t healed_us; /* when the faults stopped */
    uint32_t backups;
    uint64_t acks, merges, crashes, snapshots, gaps, duplicates, undone, checks, expired, collected, ignored,
        retired, refused, compared, equal_ranges;
    char failure[256]; /* empty: holds so far */
} model_world;

extern const kd_counters model_counters;
extern const char *const edge_names[EDGES];

void world_open(model_world *w, uint64_t seed, uint64_t edge_plant, uint64_t central_plant);
/* Runs to the end; true when everything held. */
bool world_run(model_world *w);
void world_close(model_world *w);

/* Says what happens when w->trace is set. */
void world_trace(const model_world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void world_fail(model_world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
uint32_t world_pick(model_world *w, uint32_t below);
bool world_chance(model_world *w, uint32_t percent);

/* edges.c, centrals.c, clients.c, faults.c: the steps */
void edge_start(model_world *w, uint32_t i);
void edge_stop(model_world *w, uint32_t i);
void edge_count(model_world *w, uint32_t i);
void edge_step(model_world *w, uint32_t i);
void edge_commit_begin(model_world *w, uint32_t i);
void edge_commit_end(model_world *w, uint32_t i);
void edge_consume(model_world *w, uint32_t i);
void edge_ask(model_world *w, uint32_t i, uint32_t item);
void edge_deliver_answer(model_world *w, uint32_t index);
void edge_deliver_record(model_world *w, uint32_t index);
uint64_t edge_now(const model_world *w, uint32_t i);
uint32_t edge_identity(const model_world *w, uint32_t i); /* the edge whose name the slot bears */
bool edge_promises(uint32_t i);
void central_start(model_world *w, uint32_t p);
void central_stop(model_world *w, uint32_t p);
void central_poll(model_world *w, uint32_t p);
void central_commit_begin(model_world *w, uint32_t p);
void central_commit_end(model_world *w, uint32_t p);
void central_snapshot(model_world *w, uint32_t p);
void central_settle(model_world *w,
                    uint32_t p); /* what is outstanding becomes durable, and one commit more */
void central_tell_retired(model_world *w, uint32_t p);
void central_back_up(model_world *w, uint32_t p);
void central_restored(model_world *w, uint32_t p);
void central_count(model_world *w, uint32_t p);
void client_step(model_world *w);
void client_answered(model_world *w, uint32_t attempt, uint64_t stamp_us);
void client_unanswered(model_world *w, uint32_t attempt);
void fault_step(model_world *w);
void faults_stop(model_world *w);

/* oracle.c */
void oracle_committed(model_world *w, uint32_t p);
void oracle_shown(model_world *w, uint32_t edge, uint32_t item);
bool oracle_converged(model_world *w, char *why, size_t size);

#endif
