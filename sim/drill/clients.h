/*
 * clients.h - the users of a drill: which operation each makes, at which edge, and what it was answered. They write the journal.
 *
 * A user makes one operation after the other, carries the session token from edge to edge, and without an answer tries again with the same
 * Idempotency-Key at the same edge. Some answers get lost, some taps come twice. Every draw depends on the seed and the number of the operation
 * alone. The moment of an answer depends on the machine, so two runs of one seed are alike, not equal.
 *
 * With probes there are two more kinds of items, about which more can be judged (sim/drill/shown.h). The home item of an edge is liked and unliked by
 * a few users at that edge alone. The once item is liked by every user once, and nobody takes that back; sim_clients_next_once() begins a new one.
 *
 * Now and then a user reads back the last operation at the edge that answered it: it must show there (read-your-writes).
 */
#ifndef KUDOS_SIM_DRILL_CLIENTS_H
#define KUDOS_SIM_DRILL_CLIENTS_H

#include "sim/check/journal.h"
#include "sim/drill/fleet.h"
#include "sim/users/names.h"

typedef struct sim_clients sim_clients;

typedef struct {
    sim_fleet *fleet;
    const sim_scenario *scenario;
    sim_journal *journal;
    uint64_t seed;
    double faster;       /* divides the times of the scenario */
    double per_second;   /* operations of all users together; the scenario's, or less */
    bool probes;         /* there are home items and once items */
    uint32_t sums_edges; /* sums go to edges with a lower index alone; 0: to all */
    void *changed_arg;
    /* The journal has changed about an item of the probes. NULL without probes. */
    void (*changed)(void *arg, uint32_t item);
} sim_clients_options;

typedef struct {
    uint64_t attempted, acked, refused, unanswered, reads;
} sim_clients_counts;

/* Borrows what the options point to; the journal must outlive the object. The first operation is due at once. Never NULL. */
sim_clients *sim_clients_create(const sim_clients_options *options);
/* Gives up the requests under way; their answers are neither judged nor journaled. NULL is fine. */
void sim_clients_destroy(sim_clients *c);
/* Begins the swarm's operations that are due by `now_us`, in the fleet's time, if `acting`; sends again what is due for another try in any case. */
void sim_clients_tick(sim_clients *c, uint64_t now_us, bool acting);
/* An operation that the scenario names: its user begins it now, or when the operations before it are over. Borrows the event until then. */
void sim_clients_told(sim_clients *c, const sim_scenario_event *event);
/* From now on so many per cent of this edge's answers get lost, in addition to those that the scenario's users lose everywhere. */
void sim_clients_lose(sim_clients *c, uint32_t edge, uint32_t percent);
/* With probes: the home item of an edge. */
uint32_t sim_clients_home(const sim_clients *c, uint32_t edge);
/* With probes: the present once item; 0: none was begun. */
uint32_t sim_clients_once(const sim_clients *c);
/* With probes: begins a new once item, whose likes go to the edges with an index below `edges`. */
void sim_clients_next_once(sim_clients *c, uint32_t edges);
/* At most `most` users read back at this edge their last operation there, if nothing later can have changed it. After a restart of the edge it must
 * still show. Users with an operation in work are left out. */
void sim_clients_recheck(sim_clients *c, uint32_t edge, uint32_t most);
/* This edge's directory was emptied, put back or copied. Operations that were begun there are not tried again, for it has forgotten their keys. */
void sim_clients_forgotten(sim_clients *c, uint32_t edge);
/* Whether no operation is in work. `clients_` is a sim_clients; void, so that it can be a condition to wait for. */
bool sim_clients_idle(void *clients_);

/* The users by number, as in the journal. */
const sim_names *sim_clients_users(const sim_clients *c);
/* The items by number, as in the journal. */
/* The number of an item that the scenario names. */
uint32_t sim_clients_item(sim_clients *c, const char *name);
const sim_names *sim_clients_items(const sim_clients *c);
/* Counts over all edges since the beginning. */
sim_clients_counts sim_clients_total(const sim_clients *c);
/* The same of one edge; `reads` are counted in the total alone. */
sim_clients_counts sim_clients_at(const sim_clients *c, uint32_t edge);

#endif
