/*
 * clients.h - the users of a drill: who does what, where, and what they were answered. They write the journal.
 *
 * A user does one thing after the other, as a person with a phone does, carries his session token along, and tries again with the same
 * Idempotency-Key at the same edge while he has no answer. Some answers get lost, some taps come twice. What is drawn depends on the seed and the number of the
 * operation alone; when an answer comes does not, so two runs of one seed are alike, not equal.
 *
 * With probes there are two kinds of items besides, about which more can be said (sim/drill/shown.h): the home item of an edge, which a few users like and
 * unlike there alone, and the once item, which every user likes once and nobody takes back; sim_clients_once begins a new one.
 *
 * Now and then a user reads back what he did, at the edge that answered him: it must be there (read-your-writes).
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
    double faster;     /* divides the times of the scenario */
    double per_second; /* operations of all; the scenario's, or less */
    bool probes;
    uint32_t sums_edges; /* edges below this are asked for sums; 0: all */
    void *changed_arg;
    void (*changed)(void *arg,
                    uint32_t item); /* what the journal says about a probe's item; NULL without probes */
} sim_clients_options;

typedef struct {
    uint64_t attempted, acked, refused, unanswered, reads;
} sim_clients_counts;

sim_clients *sim_clients_create(const sim_clients_options *options);
/* The requests under way are given up. */
void sim_clients_destroy(sim_clients *c);
/* Begins and sends what is due by now. `acting`: users begin new operations; false: only operations that were begun go on. */
void sim_clients_tick(sim_clients *c, uint64_t now_us, bool acting);
/* A user does what this event tells, when he has his answer to what he did before. */
void sim_clients_told(sim_clients *c, const sim_scenario_event *event);
/* From now on `percent` of this edge's answers get lost. */
void sim_clients_lose(sim_clients *c, uint32_t edge, uint32_t percent);
/* With probes: the home item of an edge; the once item, and the next one, which edges below `edges` are asked to like. */
uint32_t sim_clients_home(const sim_clients *c, uint32_t edge);
uint32_t sim_clients_once(const sim_clients *c);
void sim_clients_next_once(sim_clients *c, uint32_t edges);
/* After this edge's restart: users read their likes there again. The last answer that a user got there, where it is certain, must still hold. */
void sim_clients_recheck(sim_clients *c, uint32_t edge, uint32_t most);
/* This edge's directory was lost, put back or copied, and with it idempotency keys: operations begun there before are not tried again. */
void sim_clients_forgotten(sim_clients *c, uint32_t edge);
/* Whether no operation is under way. */
bool sim_clients_idle(void *clients_);

const sim_names *sim_clients_users(const sim_clients *c);
const sim_names *sim_clients_items(const sim_clients *c);
sim_clients_counts sim_clients_total(const sim_clients *c);
sim_clients_counts sim_clients_at(const sim_clients *c, uint32_t edge);

#endif
