/*
 * in_log.h - which batches of a partition are in the log, so that operations of them may be answered as durable there (rule 26).
 *
 *     outbox:   b1    b2    b3    b4    b5    open
 *     logged     4     5     -     7     -          hand-over whose report was good; -: none
 *              └ chain ─┘  first                    b4 has to go out again: behind a copy of b3 that was reported
 *
 * Central merges a batch only behind the one before it. A record in the log whose predecessor is missing in front of it is a gap, for ever if this
 * edge's disk is gone. So a batch counts as in the log only when all unapplied batches before it do, and when a copy of it was handed over behind
 * theirs: the producer is idempotent, so records of a partition stand in the log in the order of their hand-over.
 *
 * A copy of a producer that is dead, or of an earlier process, may reach the log late: behind batches that a later producer has sent. If central merges
 * that copy, which nobody reported, then only copies handed over from then on are successors for certain.
 *
 * The first batch of the chain follows central's applied as this edge has heard of it. An edge whose disk was emptied does not know how far its earlier
 * life has gone: central may still read batches of it. So nothing counts before central has applied a batch of a life that the disk knows, and the
 * chain begins anew when applied is one that the outbox did not hold.
 *
 * Invariants: the chain is the front of the outbox. `order` is at or above the hand-over of each batch that is in the chain or was applied. Numbers
 * and hand-overs ascend, and begin anew with each process: after a start nothing counts as in the log before it was reported to this process.
 */
#ifndef KUDOS_EDGE_CORE_IN_LOG_H
#define KUDOS_EDGE_CORE_IN_LOG_H

#include "edge/core/forward.h"

typedef struct {
    uint64_t opened;    /* number of the newest batch */
    uint64_t handovers; /* records handed to the producer */
    uint64_t order;     /* a copy of `first` handed over behind this one is a successor of the chain */
    uint64_t era;       /* moves begun and ended (rule 20): marks of another era are void */
    kd_outgoing *first; /* the first batch of the outbox behind the chain; NULL: the chain is all of it */
} kd_in_log;

/* A batch was opened, or read from disk: gives it its number. */
void kd_in_log_number(kd_part *p, kd_outgoing *b);
/* The batch has joined the outbox, at its end. */
void kd_in_log_joined(kd_part *p, kd_outgoing *b);
/* The batch was handed to the producer. */
void kd_in_log_handed(kd_part *p, kd_outgoing *b);
/* Kafka has acknowledged the last copy that was handed over. */
void kd_in_log_acknowledged(const kd_edge *e, kd_part *p, kd_outgoing *b);
/* The copy under way was reported as failed, or its producer is dead. */
void kd_in_log_given_up(kd_outgoing *b);
/* The first batch is about to leave the outbox. */
void kd_in_log_left(const kd_edge *e, kd_part *p, const kd_outgoing *b);
/* What stood in front of the outbox in the log is undone: only copies handed over from now on count. */
void kd_in_log_restart(kd_part *p);
/* A move begins or ends: operations change their batches, so all marks given so far are void. */
void kd_in_log_moved(kd_part *p);
/* Whether a batch waits to be sent again although answers wait for it. */
bool kd_in_log_missing(const kd_edge *e, const kd_part *p);
/* The mark of an operation that the newest batch holds, or one before it. */
kd_log_mark kd_in_log_mark(const kd_part *p);

#endif
