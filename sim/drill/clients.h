/*
 * clients.h - the users of a drill: who does what, where, and what they were answered. They write the journal.
 *
 * A user does one thing after the other, as a person with a phone does, carries his session token along, and tries again with the same
 * Idempotency-Key at the same edge while he has no answer. Some answers get lost, some taps come twice. What is drawn depends on the seed and the number of the
 * operation alone; when an answer comes does not, so two runs of one seed are alike, not equal.
 *
 * With probes there are two kinds of items besides, about which more can be said (sim/drill/shown.h): the home item of an edge, which a few users like and
 * unlike there alone, and the once item, which every user likes once and nobody takes back; clients_once begins a new one.
 *
 * Now and then a user reads back what he did, at the edge that answered him: it must be there (read-your-writes).
 */
#ifndef KUDOS_SIM_DRILL_CLIENTS_H
#define KUDOS_SIM_DRILL_CLIENTS_H

#include "sim/check/journal.h"
#include "sim/drill/fleet.h"
#include "sim/users/names.h"

typedef struct clients clients;

typedef struct {
    fleet *fleet;
    const scenario *scenario;
    journal *journal;
    uint64_t seed;
    double faster;     /* divides the times of the scenario */
    double per_second; /* operations of all; the scenario's, or less */
    bool probes;
    uint32_t sums_edges; /* edges below this are asked for sums; 0: all */
    void *changed_arg;
    void (*changed)(void *arg,
                    uint32_t item); /* what the journal says about a probe's item; NULL without probes */
} clients_options;

typedef struct {
    uint64_t attempted, acked, refused, unanswered, reads;
} clients_counts;

clients *clients_create(const clients_options *options);
/* The requests under way are given up. */
void clients_destroy(clients *c);
/* What is due by now. `acting`: the swarm goes on; false: only what was begun. */
void clients_tick(clients *c, uint64_t now_us, bool acting);
/* A user does what this event tells, when he has his answer to what he did before. */
void clients_told(clients *c, const scenario_event *event);
/* So many per cent of this edge's answers get lost. */
void clients_lose(clients *c, uint32_t edge, uint32_t percent);
/* With probes: the home item of an edge; the once item, and the next one, which edges below `edges` are asked to like. */
uint32_t clients_home(const clients *c, uint32_t edge);
uint32_t clients_once(const clients *c);
void clients_next_once(clients *c, uint32_t edges);
/* Users read back at this edge what it answered them last, as far as that is certain: after its restart it must be there. */
void clients_recheck(clients *c, uint32_t edge, uint32_t most);
/* This edge's directory was lost, put back or copied: what was begun there is not tried again, for it knows no key of before. */
void clients_forgotten(clients *c, uint32_t edge);
/* Nothing is under way. */
bool clients_idle(void *clients_);

const kd_names *clients_users(const clients *c);
const kd_names *clients_items(const clients *c);
clients_counts clients_total(const clients *c);
clients_counts clients_at(const clients *c, uint32_t edge);

#endif
