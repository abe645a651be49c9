/*
 * replay.h - `kudos-sim replay`: sends a log of likes through edges as clients would, then demands that
 * every edge and central show the right count of every item.
 *
 *     replay_log     the log            replay_oracle  the right answer
 *     replay_driver  sends it           replay_verify  reads all counts until they are right
 *     replay_judge   holds them against the right answer
 *     replay_poll    asks admin ports about batches under way
 *     replay_view    what a person sees meanwhile, and the table at the end
 */
#ifndef KUDOS_SIM_REPLAY_REPLAY_H
#define KUDOS_SIM_REPLAY_REPLAY_H

#include <event2/event.h>

#include "sim/client/engine.h"
#include "common/io/daemon/args.h"
#include "sim/replay/replay_oracle.h"
#include "sim/replay/replay_poll.h"

typedef enum {
    KD_SPREAD_STICKY, /* a user stays at one edge */
    KD_SPREAD_RANDOM, /* every event goes to any edge */
    KD_SPREAD_USER,   /* users move to another edge now and then */
} sim_replay_spread;

enum { KD_REPLAY_EDGES_MAX = 16, KD_REPLAY_TARGETS_MAX = KD_REPLAY_EDGES_MAX + 1 };

typedef struct {
    const char *file, *collection, *central, *ca_file, *spread_name, *speed_text;
    kd_args_list edges, admins;
    sim_replay_spread spread;
    uint64_t seed, connections, streams, timeout_s, top;
    double lost;  /* share of good answers that the driver throws away */
    double speed; /* times the log's own; 0: as fast as it goes */
    bool insecure;
} sim_replay_plan;

/* ---- replay_driver.c ---- */

typedef struct {
    uint64_t acked, retries, lost, contradictions;
    uint64_t started_us, last_ack_us;
    bool reached; /* some edge answered something */
    bool stopped; /* gave up before the end; `why` says so */
    char why[256];
} sim_replay_sent;

/* Edge i of the plan is server i of the engine. Runs the engine's loop until every event is acknowledged, or until sent->stopped. *sent is current
 * all the while, for the view. */
void sim_replay_send(const sim_replay_plan *plan, const sim_replay_log *log, sim_engine *engine,
                     sim_replay_sent *sent);

/* ---- replay_judge.c ---- */

#define KD_REPLAY_NULL INT64_MIN /* the server knew no number of central: never right */

typedef struct {
    const char *name; /* for the table */
    kd_http_client *client;
    int64_t *
        counts; /* per item, as last read: KD_REPLAY_NULL, or a number; a broken server may say less than nothing */
    uint64_t pending; /* sum over all items, in this round or the last */
    uint32_t right;   /* items read in this round that are right, with nothing pending */
    int error;        /* first trouble of the last round: a kd_err, or a status; 0: none */
} sim_replay_target;

typedef struct {
    sim_replay_target targets[KD_REPLAY_TARGETS_MAX]; /* edges, then central */
    uint32_t count;
    bool begun, judged;   /* all is sent; a round has ended */
    uint32_t wrong_items; /* items that are wrong anywhere */
    uint64_t pending;     /* sum over all items and targets in the last round */
    bool readable;        /* the last round reached everybody */
    uint32_t used,
        used_first; /* items whose count at central was not 0 before the first event, and not yet the log's; the first */
    int64_t used_says; /* its count then */
    bool beyond; /* central counts more users of an item than like it in the log: nothing will mend that */
    uint32_t beyond_item;  /* the first such item */
    bool settled;          /* the store was used before, and its wrong counts have stopped changing */
    bool right;            /* everything agreed, twice in a row */
    uint64_t converged_us; /* when it first did */
} sim_replay_check;

void sim_replay_target_begin(sim_replay_target *t); /* a round */
void sim_replay_target_take(sim_replay_target *t, const sim_replay_oracle *oracle, uint32_t item,
                            const int64_t *count, uint64_t pending);
/* Ends a round, the targets' errors being set. True when everybody was read and is right about everything. */
bool sim_replay_judge(sim_replay_check *c, const sim_replay_oracle *oracle);
/* What central said before the first event: fills used and beyond. */
void sim_replay_judge_before(sim_replay_check *c, const sim_replay_oracle *oracle);
/* All targets say the same of every item, right or wrong. */
bool sim_replay_targets_agree(const sim_replay_check *c, uint32_t items);
bool sim_replay_item_wrong(const sim_replay_check *c, const sim_replay_oracle *oracle, uint32_t item);

/* ---- replay_verify.c ---- */

/* The targets' name and client are set by the caller. Reads central once, before the first event is sent: what it counts already. A central that
 * does not answer within a few seconds is taken for an empty one. */
void sim_replay_look(const sim_replay_log *log, const sim_replay_oracle *oracle, struct event_base *base,
                     sim_replay_check *check);
/* After sim_replay_look. Reads until right, until it cannot get right any more, or until_us. */
void sim_replay_verify(const sim_replay_log *log, const sim_replay_oracle *oracle, struct event_base *base,
                       sim_replay_check *check, uint64_t until_us);
void sim_replay_check_finish(sim_replay_check *check);

/* ---- replay_view.c ---- */

typedef struct {
    const sim_replay_log *log;
    const sim_replay_oracle *oracle;
    const sim_replay_sent *sent;
    const sim_replay_check *check;
    const sim_replay_poll *poll; /* or NULL */
    struct event *timer;
    bool terminal;
    uint64_t acked_before, at_us;
} sim_replay_view;

/* On stderr: a line that renews itself, if that is a terminal; else another line every two seconds. */
void sim_replay_view_init(sim_replay_view *v, struct event_base *base);
/* Leaves a last line. */
void sim_replay_view_finish(sim_replay_view *v);
void sim_replay_view_table(const sim_replay_view *v, uint32_t top);

/* ---- replay.c ---- */

int sim_sim_replay(int argc, char **argv);

#endif
