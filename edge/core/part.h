/*
 * part.h - a partition of this shard: what each module keeps for it, and the stored row of what central said last.
 *
 * Fields without a struct of their own are written by the files that their comments name.
 */
#ifndef KUDOS_EDGE_CORE_PART_H
#define KUDOS_EDGE_CORE_PART_H

#include "edge/core/assembly.h"
#include "edge/core/expire.h"
#include "edge/core/forward.h"
#include "edge/core/hold.h"
#include "edge/core/in_log.h"
#include "edge/core/outbox.h"
#include "edge/core/overlay.h"
#include "edge/core/rehome.h"
#include "edge/core/resend.h"
#include "edge/core/spill.h"

struct kd_part {
    uint32_t id;

    /* What central said last (install.c, applied.c, ask.c). Stored in row p, except stable_us. */
    uint64_t epoch, version; /* of the snapshot installed last; epoch 0: nothing was heard yet */
    uint64_t
        epoch_base; /* of the start, or the last one that was followed below KD_EPOCH_LAST: how far it is followed counts from here */
    /* followed without a gap from this version on: older counts are stale, older answers are thrown away */
    uint64_t floor_version;
    uint64_t made_us;                        /* when central made that snapshot, by central's clock */
    uint64_t low_watermark_us, watermark_us; /* of all edges; central's for this edge */
    uint64_t stale_made_us, stale_as_of_us;  /* age and as_of of the counts that the last gap made stale */
    uint64_t stale_floor;    /* the floor_version before that gap: counts older than it have no known age */
    kd_position applied;     /* up to this batch central has merged this edge's operations */
    uint64_t applied_digest; /* of that batch's body */
    int64_t counts_offset;   /* in the counts topic, of the last record installed; -1: none */
    uint64_t marked_epoch;   /* of the highest marker since the start: what lies below it is over (rule 32) */
    bool retired;            /* central refuses this edge's batches (rule 23) */
    uint64_t stable_us; /* rows stamped up to it may expire (rule 21); 0 from a start to the first snapshot */

    kd_assembly assembly;

    /* The open batch (batch.c) and the times of idle batches (tick.c). */
    kd_outgoing *open; /* NULL: none. Owned */
    kd_buf fragment;   /* operations that the open group has and no fragment holds yet */
    /* position of the next batch, if `incarnation` is still the edge's; else its seq is 1 */
    uint64_t incarnation, next_seq;
    uint32_t viral;            /* items of it that are viral (viral.c) */
    uint64_t idle_due_us;      /* when an empty batch is due; 0: not scheduled */
    uint64_t idle_interval_us; /* doubles with each empty batch */

    kd_outbox outbox;
    kd_in_log in_log;
    kd_live live; /* batches with nodes: open, or in the outbox */
    kd_spill_part spill;
    kd_hold hold;
    kd_resend resend;
    kd_rehome rehome;
    kd_sweep sweep;

    /* A comparison with central waits for rows on their way to the store (compare.c). */
    uint64_t compared_number;   /* number of the last spill table with such rows; 0: no comparison waits */
    uint64_t compared_until_us; /* the window's end, fixed when it was first asked for */
};

/* The partition of an item; aborts for another shard's item. */
kd_part *kd_edge_part(kd_edge *e, kd_bytes item);
/* NULL when the partition is not this shard's. */
kd_part *kd_edge_part_by_id(const kd_edge *e, uint32_t partition);

/* Makes the shard's partitions, empty. */
void kd_part_init_all(kd_edge *e);
/* Reads row p of each partition. KD_EMALFORMED, KD_EIO. */
int kd_part_load(kd_edge *e);
/* Puts row p into the open group: what central said, and how far hold, resend, rehome and sweep are. */
void kd_part_put(kd_edge *e, const kd_part *p);
/* Epochs from here on are followed by few alone (rule 15). */
#define KD_EPOCH_LAST (KD_TIME_END_US - (1ull << 50))
/* Whether a snapshot of this epoch may be followed. */
bool kd_part_believes(const kd_part *p, uint64_t epoch);
/* Takes over epoch, version and times of a snapshot; applied and the edge's watermark are applied.h's. */
void kd_part_adopt(kd_part *p, const kd_snapshot *s);

#endif
