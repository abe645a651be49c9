/*
 * replay_poll.h - what edges and central tell on their admin ports about batches under way, for the line
 * that is shown meanwhile. Nothing here decides a verdict: who does not answer is left out.
 *
 *     replay_poll  asks            replay_backlog  what an answer says
 */
#ifndef KUDOS_SIM_REPLAY_REPLAY_POLL_H
#define KUDOS_SIM_REPLAY_REPLAY_POLL_H

#include <event2/event.h>

#include "common/io/daemon/args.h"

/* ---- replay_backlog.c ---- */

typedef struct {
    uint64_t sealed, waiting, waiting_bytes; /* by edges: batches sealed; sealed and not yet applied */
    uint64_t merged;                         /* by central: batches merged */
    bool edge, central;                      /* who said so */
    bool partial;                            /* somebody who was asked has not answered lately */
} sim_replay_backlog;

/* The value of one series of a Prometheus text: `name` or `name{labels}`, as written there. False when there
 * is none, or none that is a whole number. */
bool sim_replay_series(kd_bytes text, const char *series, uint64_t *value);
sim_replay_backlog sim_replay_backlog_of(kd_bytes metrics);
void sim_replay_backlog_add(sim_replay_backlog *sum, const sim_replay_backlog *one);

/* ---- replay_poll.c ---- */

enum { KD_REPLAY_ADMINS_MAX = 17 };

typedef struct sim_replay_poll sim_replay_poll;

/* Asks all of them twice a second from now on: http://host:port, host names looked up once, here. KD_OK;
 * KD_EINVAL or KD_ENOTFOUND, and *wrong is the URL. At most KD_REPLAY_ADMINS_MAX. */
int sim_replay_poll_create(sim_replay_poll **out, struct event_base *base, const kd_args_list *urls,
                           const char **wrong);
sim_replay_backlog sim_replay_poll_sum(const sim_replay_poll *p,
                                       uint64_t now_us); /* NULL: nobody said anything */
void sim_replay_poll_destroy(sim_replay_poll *p);

#endif
