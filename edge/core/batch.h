/*
 * batch.h - a batch, from its first operation until central has applied it, and its rows of the journal.
 *
 * A batch is open (it gathers operations), then sealed (outbox.h), then, while membership rows still need its fragments, done (spill.h).
 */
#ifndef KUDOS_EDGE_CORE_BATCH_H
#define KUDOS_EDGE_CORE_BATCH_H

#include "edge/core/forward.h"
#include "edge/core/overlay.h"

typedef enum {
    KD_UNSENT, /* due, as soon as its seal is durable */
    KD_HANDED, /* the producer holds it; it must not be handed over a second time */
    KD_SENT,   /* the producer has reported; due again when applied does not move in time */
} kd_sending;

enum { KD_OUTGOING_OVERHEAD = 256 }; /* bytes of a batch in memory and on disk, besides its operations */

struct kd_outgoing {
    TAILQ_ENTRY(kd_outgoing) next; /* in the outbox, or in the list of done batches */
    kd_position at;
    uint64_t digest; /* of the body; from the seal on */
    /* from the seal on: all operations of this partition with a stamp up to it are in this batch or before it */
    uint64_t complete_to_us;
    uint64_t first_us;       /* when it was opened */
    uint64_t seal_group;     /* the group that holds its seal; 0: the seal was found on disk */
    uint32_t ops, fragments; /* operations; rows of the journal that hold them */
    uint32_t set_ops;        /* operations that leave a membership row */
    uint64_t bytes;          /* charged to the outbox, KD_OUTGOING_OVERHEAD included */
    size_t record_bytes;     /* while open: upper bound of its Kafka record */
    kd_sending sending;
    /* in_log.h: its place among the batches of its partition in this process; its last hand-over to the producer; the one that was acknowledged */
    uint64_t number, handed, logged;
    bool strayed; /* in_log.h: a copy that was given up may still reach the log, at any time */
    bool resent;  /* it was due again at least once */
    bool viral;   /* it has operations that were taken while their item was viral; forgotten by a restart */
    kd_buf raw;   /* while open: its fragments, one behind the other */
    /* encoded; from the seal to the first hand-over, then empty: it is built again from the fragments */
    kd_buf body;
    bool kept;      /* the body counts in e->bodies_bytes */
    kd_nodes nodes; /* what this batch adds to the shown counts (overlay.h) */
};

/* Begins an open batch in the present incarnation; the partition must have none. */
kd_outgoing *kd_batch_open(kd_edge *e, kd_part *p, uint64_t now_us);
/* Puts what the open batch got since the last call into the open group, as its next fragment. */
void kd_batch_close_fragment(kd_edge *e, kd_part *p);
/* Puts the seal into the open group: digest and complete_to. */
void kd_batch_put_marker(kd_edge *e, const kd_part *p, const kd_outgoing *b);
/* Replaces the seal by the mark "done" (an empty value) in the open group: the fragments stay for their membership rows. */
void kd_batch_put_done(kd_edge *e, const kd_part *p, const kd_outgoing *b);
/* Deletes fragments and seal in the open group. `b` itself stays. */
void kd_batch_delete(kd_edge *e, const kd_part *p, const kd_outgoing *b);
/* Reads the fragments from the store, one behind the other, into the cleared `out`. All of them must be durable. KD_OK, KD_EIO. */
int kd_batch_fragments(kd_edge *e, const kd_part *p, const kd_outgoing *b, kd_buf *out);
/* Builds the body again from the stored fragments, unless it is there. KD_EIO: the read failed, or the body lacks the digest of the seal;
 * KD_EMALFORMED: a fragment is damaged. */
int kd_batch_load_body(kd_edge *e, const kd_part *p, kd_outgoing *b);
/* Keeps the encoded body for the first hand-over. */
void kd_batch_keep_body(kd_edge *e, kd_outgoing *b);
/* Frees the encoded body; kd_batch_load_body brings it back. */
void kd_batch_drop_body(kd_edge *e, kd_outgoing *b);
/* Frees the batch, which no list holds any more; its overlay nodes have ended before. NULL is fine. */
void kd_batch_free(kd_outgoing *b);

#endif
