/*
 * fair.h - whose turn it is: turns go round the flows, and within a flow round its entries, so that each flow gets as much work done as any other,
 * however many entries it has. Pure; one thread.
 *
 * Deficit round robin (Shreedhar & Varghese, "Efficient fair queueing using deficit round robin", 1996), for work whose cost is known after it was
 * done. A flow has a credit of work; a flow that has used it up comes behind all others, and gets the next quantum there. What a turn cost beyond the
 * credit is owed: it takes further quanta. Flows with credit come before those that owe (as in RFC 8290): who asks for little need not wait for who
 * asks for much. Credit comes only with a round, so the flows that owe wait for at most one quantum of each other flow.
 *
 * Within a flow heavy entries and light ones have turns alternately while both wait, each kind in the order in which they came. So a light entry waits
 * for a turn of a heavy one, and for two turns for each light one before it, however many heavy ones there are; and light ones starve no heavy one.
 */
#ifndef KUDOS_COMMON_BASE_FAIR_H
#define KUDOS_COMMON_BASE_FAIR_H

#include <sys/queue.h>

#include "kudos/base.h"

typedef struct kd_fair_flow kd_fair_flow;

/* Something that takes turns, embedded in its owner's struct. Zeroed memory is an entry that does not wait. */
typedef struct kd_fair_entry {
    TAILQ_ENTRY(kd_fair_entry) next;
    kd_fair_flow *flow; /* in which it waits; NULL: it does not */
    bool heavy;
} kd_fair_entry;

TAILQ_HEAD(kd_fair_entries, kd_fair_entry);
TAILQ_HEAD(kd_fair_flows, kd_fair_flow);

/* Entries that share one credit. The owner keeps it while one of its entries waits. */
struct kd_fair_flow {
    TAILQ_ENTRY(kd_fair_flow) next;
    struct kd_fair_entries light, heavy; /* that wait */
    struct kd_fair_flows *list;          /* of `fresh` and `owing`; NULL: no entry waits */
    int64_t credit;                      /* units of work; 0 or less: owed */
    bool heavy_next;                     /* the last turn was a light entry's */
};

typedef struct {
    struct kd_fair_flows fresh; /* flows with credit */
    struct kd_fair_flows owing;
    int64_t quantum;
} kd_fair;

/* quantum: units of work that a flow may do in a round, above 0. */
void kd_fair_init(kd_fair *fair, int64_t quantum);
/* A flow that nobody knows yet: without credit, it comes behind all others once. */
void kd_fair_flow_init(kd_fair_flow *flow);
/* The entry wants a turn: it comes behind the others of its flow that are as heavy. Nothing happens if it waits already. */
void kd_fair_wait(kd_fair *fair, kd_fair_flow *flow, kd_fair_entry *entry, bool heavy);
/* The entry wants no turn any more. Nothing happens if it does not wait. */
void kd_fair_forget(kd_fair_entry *entry);
/* Whose turn it is; the entry waits no longer. NULL: nobody waits. */
kd_fair_entry *kd_fair_next(kd_fair *fair);
/* The flow has done so much work, in a turn or otherwise. */
void kd_fair_charge(kd_fair_flow *flow, uint64_t units);
/* Whether an entry waits. */
bool kd_fair_waits(const kd_fair *fair);
/* Whether all who wait have used up their credit; true when nobody waits. */
bool kd_fair_all_owe(const kd_fair *fair);

#endif
