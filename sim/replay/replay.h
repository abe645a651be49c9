/*
 * replay.h - `kudos-sim replay`: sends a log of likes through edges as clients would, then demands that
 * every edge and central show the right count of every item.
 *
 *     replay_log     reads the log               replay_oracle  the right count of each item
 *     replay_driver  sends the events            replay_verify  reads all counts until they are right
 *     replay_judge   compares the counts that were read with the right ones
 *     replay_poll    asks admin ports about batches that edges hold and central has merged
 *     replay_view    the line that is shown meanwhile, and the table at the end
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
    double lost;  /* share of good answers that the driver throws away, 0 to 0.99 */
    double speed; /* times as fast as the log's own times; 0: as fast as the edges answer */
    bool insecure;
} sim_replay_plan;

/* ---- replay_driver.c ---- */

typedef struct {
    uint64_t acked, retries;
    uint64_t lost;           /* good answers that were thrown away */
    uint64_t contradictions; /* good answers that did not say `liked` as asked */
    uint64_t started_us, last_ack_us;
    bool reached; /* some edge answered, with whatever status */
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
    /* Per item, as last read: KD_REPLAY_NULL, or a number, which a broken server may make negative. */
    int64_t *counts;
    uint64_t pending; /* sum over all items that were read in this round; between rounds of the last round */
    uint32_t right;   /* items read in this round that are right, with nothing pending */
    int error;        /* the first error of the last round: a kd_err, or an HTTP status; 0: none */
} sim_replay_target;

typedef struct {
    sim_replay_target targets[KD_REPLAY_TARGETS_MAX]; /* edges, then central */
    uint32_t count;
    bool begun;           /* all events are sent: rounds of reading have begun */
    bool judged;          /* a round has ended */
    uint32_t wrong_items; /* items whose count is wrong at some target */
    uint64_t pending;     /* sum over all items and targets in the last round */
    bool readable;        /* the last round reached all targets */
    /* Before the first event: items whose count at central is neither 0 nor the log's; the first of them, and its count. */
    uint32_t used, used_first;
    int64_t used_says;
    bool
        beyond; /* central counts more likes of an item than users like it in the log: no event can mend that */
    uint32_t beyond_item;  /* the first such item */
    bool settled;          /* the store was used before, and its wrong counts have stopped changing */
    bool right;            /* all counts were right in two rounds in a row */
    uint64_t converged_us; /* the end of the first of these */
} sim_replay_check;

/* Begins a round: nothing is pending and no item is right until it is read. Counts stay, for the view. */
void sim_replay_target_begin(sim_replay_target *t);
/* Takes what the target says of one item; each item once a round. `count` NULL: it knows no number of central. */
void sim_replay_target_take(sim_replay_target *t, const sim_replay_oracle *oracle, uint32_t item,
                            const int64_t *count, uint64_t pending);
/* Ends a round, after the targets' errors were set. True when all targets could be read, all counts are right and nothing is pending. */
bool sim_replay_judge(sim_replay_check *c, const sim_replay_oracle *oracle);
/* From central's counts before the first event: fills used, used_first, used_says and beyond. Where central could not be read nothing changes. */
void sim_replay_judge_before(sim_replay_check *c, const sim_replay_oracle *oracle);
/* Whether all targets have the same count of each item, right or wrong. */
bool sim_replay_targets_agree(const sim_replay_check *c, uint32_t items);
/* Whether the last count of this item at some target is not the right one. */
bool sim_replay_item_wrong(const sim_replay_check *c, const sim_replay_oracle *oracle, uint32_t item);

/* ---- replay_verify.c ---- */

/* Reads central's counts once, before the first event is sent, and judges them (sim_replay_judge_before). A central that cannot be read
 * is taken for an empty one. The caller has set the targets' names and clients; their counts are allocated here. */
void sim_replay_look(const sim_replay_log *log, const sim_replay_oracle *oracle, struct event_base *base,
                     sim_replay_check *check);
/* After sim_replay_look. Reads in rounds until all is right, until no waiting can help, or until until_us of kd_clock_mono_us. Runs the loop. */
void sim_replay_verify(const sim_replay_log *log, const sim_replay_oracle *oracle, struct event_base *base,
                       sim_replay_check *check, uint64_t until_us);
/* Frees the targets' counts. A zeroed check is fine. */
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

/* From here on a line on stderr, which renews itself on a terminal; elsewhere a new line comes every two seconds. The fields up to `poll` are the caller's. */
void sim_replay_view_init(sim_replay_view *v, struct event_base *base);
/* Writes the line a last time, and stops. */
void sim_replay_view_finish(sim_replay_view *v);
/* Prints to stdout: targets that could not be read, the `top` most liked items, and as many wrong ones. */
void sim_replay_view_table(const sim_replay_view *v, uint32_t top);

/* ---- replay.c ---- */

/* The command; argv[0] is "replay". Returns the exit code. */
int sim_sim_replay(int argc, char **argv);

#endif
