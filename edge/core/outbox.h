/*
 * outbox.h - sealed batches of a partition, oldest first, until central has applied them (rules 6, 9, 20).
 *
 * Invariants: positions ascend along the list. Only a batch whose seal is durable is handed to Kafka (rule 6). Kafka's report frees nothing.
 */
#ifndef KUDOS_EDGE_CORE_OUTBOX_H
#define KUDOS_EDGE_CORE_OUTBOX_H

#include "edge/core/forward.h"

typedef struct {
    kd_batches batches; /* oldest first; owned */
    uint32_t sealed;    /* batches in the list */
    uint32_t unsent;    /* of these, with sending KD_UNSENT */
    /* of the last batch that was sealed or loaded; stays after the batch is freed */
    kd_position last_sealed;
    uint32_t attempts;      /* how often all was sent again since applied last moved; for the back-off */
    uint64_t resend_due_us; /* when all sent batches are due again; 0: none waits for applied */
} kd_outbox;

/* Reads the journal: fills the outbox and the list of done batches, the overlay, and the membership rows that are not in the store yet. Batches of
 * older incarnations keep their positions; one that was open is sealed as it stands (rule 5). KD_EMALFORMED, KD_EIO. */
int kd_outbox_load(kd_edge *e);
/* Appends a sealed batch; its position must lie above the last one. Takes over `b`. */
void kd_outbox_push(kd_part *p, kd_outgoing *b);
/* Central has applied batches up to `applied`: they leave the outbox. Their deltas end, or stay beside stale counts (overlay.h). Whether the one at
 * `applied` was among them. */
bool kd_outbox_drop(kd_edge *e, kd_part *p, kd_position applied);
/* Removes the oldest batch, deletes its journal and frees it. The caller has ended its overlay nodes. */
void kd_outbox_pop(kd_edge *e, kd_part *p);
/* Makes everything that was sent due again at once, in order. Counts as an attempt. */
void kd_outbox_resend(kd_edge *e, kd_part *p);
/* Starts the wait for applied, when the oldest batch was sent and no wait runs. */
void kd_outbox_arm(kd_edge *e, kd_part *p, uint64_t now_us);
/* Upper bound of the wait that kd_outbox_arm starts, in microseconds. */
uint64_t kd_outbox_longest_wait(const kd_edge *e);

#endif
