/*
 * replay_poll.h - asks the admin ports of edges and central how many batches are sealed, waiting and merged, for the line
 * that is shown while a replay runs. No verdict rests on it: a port that does not answer is left out of the sum.
 *
 *     replay_poll  asks            replay_backlog  reads an answer
 */
#ifndef KUDOS_SIM_REPLAY_REPLAY_POLL_H
#define KUDOS_SIM_REPLAY_REPLAY_POLL_H

#include <event2/event.h>

#include "common/io/daemon/args.h"

/* ---- replay_backlog.c ---- */

typedef struct {
    uint64_t sealed;                 /* batches, by edges */
    uint64_t waiting, waiting_bytes; /* batches in outboxes: sealed, and central has not confirmed them */
    uint64_t merged;                 /* batches, by central */
    bool edge, central;              /* some edge, or central, is in the figures */
    bool partial;                    /* a port has not answered lately: edges may hold more */
} sim_replay_backlog;

/* The value of one series of a Prometheus text: `name` or `name{labels}`, as written there. False when there
 * is none, or none that is a whole number. */
bool sim_replay_series(kd_bytes text, const char *series, uint64_t *value);
/* The figures in one port's metrics. A text that lacks one of an edge's series is not an edge's; likewise central's. */
sim_replay_backlog sim_replay_backlog_of(kd_bytes metrics);
/* Adds the figures of one port. */
void sim_replay_backlog_add(sim_replay_backlog *sum, const sim_replay_backlog *one);

/* ---- replay_poll.c ---- */

enum { KD_REPLAY_ADMINS_MAX = 17 };

typedef struct sim_replay_poll sim_replay_poll;

/* Asks all ports twice a second from now on. URLs are http://host:port, at most KD_REPLAY_ADMINS_MAX of them; host names are looked up once, here, which
 * may block. KD_OK and *out, the caller's to destroy; KD_EINVAL for a URL that cannot be or KD_ENOTFOUND for a host, and *wrong is the URL. */
int sim_replay_poll_create(sim_replay_poll **out, struct event_base *base, const kd_args_list *urls,
                           const char **wrong);
/* The sum of what the ports said in the last three seconds. p NULL: all is 0. */
sim_replay_backlog sim_replay_poll_sum(const sim_replay_poll *p, uint64_t now_us);
/* Takes NULL. */
void sim_replay_poll_destroy(sim_replay_poll *p);

#endif
