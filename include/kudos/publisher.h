/*
 * publisher.h - what central hands to Kafka for one partition, and when: its claim, operators' decisions, the effective changes, the milestones, the
 * snapshots of counts.
 *
 *     commit durable -> claim (once per epoch) -> delivered -> snapshot -> delivered -> snapshot ...
 *                    |                             \-> decisions, up to KD_DECISIONS_WINDOW records at once
 *                    \-> changes, up to KD_CHANGES_WINDOW records at once
 *                    \-> milestones, one record at a time: so the first copies come in order
 *
 * Invariants
 * - Nothing is published before the commit that it rests on is durable: kd_publisher_run() does nothing while kd_central_durable() is false.
 * - A store that is promoted (kudos/follow.h) makes its claim and then its marker, and nothing else; each is made again while it is not read back. A leader makes a marker where the
 *   core asks for one (kd_central_marks), while no snapshot is on its way.
 * - No snapshot is made before the claim is delivered: an edge hears only of epochs whose claim is in the log (rule 16).
 * - At most one snapshot is on its way. The next one is made when all its parts are delivered and the interval has passed.
 * - After a commit with operations of a viral item, the shorter `viral_interval_us` counts instead. Whether a commit has some is what the log says
 *   of its batches, so other partitions publish no more often.
 * - Changes count as delivered up to the version below the oldest record that is still held (kd_central_changes_delivered).
 * - Redo rows that wait for these deliveries are bounded: from `unpublished_max` bytes on, kd_publisher_blocks() tells the shell to read no more. Not so of a leader that was
 *   superseded: it would never read the claim that fences it.
 *
 * Pure: the same object runs in kudos-central and in the simulation. Belongs to one thread.
 */
#ifndef KUDOS_PUBLISHER_H
#define KUDOS_PUBLISHER_H

#include "kudos/decide.h"
#include "kudos/outbound.h"

/* Records of changes, and decisions, that are held at once. */
enum { KD_CHANGES_WINDOW = 64, KD_DECISIONS_WINDOW = 64 };

typedef struct {
    uint64_t snapshot_interval_us;
    uint64_t
        viral_interval_us;    /* from a snapshot to the next, while operations of a viral item wait for it */
    uint64_t unpublished_max; /* bytes of redo of this partition that the topics may owe */
    bool publish_changes;
    uint64_t plant; /* kd_central_plant; 0 in production */
} kd_publisher_config;

typedef struct {
    void *arg;
    kd_outbound_produce produce;                     /* `out` is one of the four queues of the publisher */
    void (*snapshot_part)(void *arg, kd_bytes part); /* one record of a snapshot was made; borrowed */
} kd_publisher_shell;

typedef struct {
    kd_central *core;
    kd_publisher_config config;
    kd_publisher_shell shell;
    kd_outbound claims, counts, changes, decisions, milestones;
    uint64_t claimed;           /* epoch of the newest claim; 0: none was made */
    bool claim_pending;         /* that claim is still to be made */
    uint64_t claimed_us;        /* of a promotion: when its claim was made last; monotonic, 0: never */
    uint64_t marked, marked_us; /* likewise of the newest marker: its epoch, and when it was made last */
    bool changes_open;          /* the core may have more changes */
    bool milestones_open;       /* the core may have more milestones */
    uint64_t snapshot_due_us;   /* monotonic */
    uint64_t snapshot_made_us;  /* monotonic; 0: none was made */
    uint64_t propose_due_us; /* monotonic: when it asks what central's hand proposes (kd_central_propose) */
    enum { KD_PUBLISHER_RUNS, KD_PUBLISHER_LAST_SNAPSHOT, KD_PUBLISHER_DONE } ending;
} kd_publisher;

/* Borrows `core`. The first snapshot is due at a random part of the interval, so that partitions do not publish all at once. */
void kd_publisher_init(kd_publisher *p, kd_central *core, const kd_publisher_config *config,
                       const kd_publisher_shell *shell, uint64_t mono_us, uint64_t random);
/* Frees all records that are held; call it when no report can come any more. */
void kd_publisher_finish(kd_publisher *p);

/* A commit of the core is durable. True when the core thereby moved to another epoch than the one that this publisher had claimed: it was outbid. */
bool kd_publisher_committed(kd_publisher *p);
/*
 * Makes and sends all that is due. *next_us: when to call again if no commit and no report comes before; monotonic, UINT64_MAX: only then.
 * KD_OK, or KD_EIO when the store could not be read: the process has to end.
 */
int kd_publisher_run(kd_publisher *p, uint64_t wall_us, uint64_t mono_us, uint64_t *next_us);
/* Kafka's report of a record of one of the queues. True when records left their queue: run again, and reading may go on. */
bool kd_publisher_report(kd_outbound_record *record, bool delivered, uint64_t mono_us, uint64_t random);
/* The publisher whose record it is. */
kd_publisher *kd_publisher_of(const kd_outbound_record *record);
/* The producer is another one, or has room again. */
void kd_publisher_retry_now(kd_publisher *p);

/* Whether feeding of the likes has to wait until the topics have taken more. A member of a group goes on to feed the counts: what it has published counts when it is read back. */
bool kd_publisher_blocks(const kd_publisher *p);
/* Writes a decision into the likes topic, as kd_central_decide; the next kd_publisher_run sends it. KD_EAGAIN also while the claim is on its way, and
 * while KD_DECISIONS_WINDOW of them wait for Kafka. KD_OK says nothing of its merge: that is kd_central_decided. */
int kd_publisher_decide(kd_publisher *p, const kd_decision *d, uint64_t wall_us);
/* From now on: one more snapshot, as soon as the one before is delivered, and none after it. */
void kd_publisher_end(kd_publisher *p);
/* Whether that last snapshot was made and every record is delivered. */
bool kd_publisher_done(const kd_publisher *p);
/* Whether the epoch of the core is durable and its claim is delivered. */
bool kd_publisher_claim_stands(const kd_publisher *p);
/* Records that are held, in all queues. */
uint32_t kd_publisher_held(const kd_publisher *p);
/* Records of which Kafka's report is still to come, in all queues: while there are any, the publisher cannot be finished. */
uint32_t kd_publisher_sent(const kd_publisher *p);
/* Failed deliveries since the start, in all queues. */
uint64_t kd_publisher_failures(const kd_publisher *p);

#endif
