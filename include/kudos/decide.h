/*
 * decide.h - what operators decide about a partition, as records of its log (docs/protocol.md, rule 24). For one partition, as kudos/central.h.
 *
 *     kd_central_decide -> likes topic -> read back: kd_central_feed merges it, or not -> its commit is durable: kd_central_decided says so
 *
 * A decision does nothing when it is written. It is judged where it stands in the log, by this central and by every later one that reads the log.
 * The order is answered by kd_central_decided. Until then a decision may be lost with the log, or void since another epoch was claimed in front of
 * it: who ordered it writes it again, with the same job and seq, as often as he likes. It is merged once.
 */
#ifndef KUDOS_DECIDE_H
#define KUDOS_DECIDE_H

#include "kudos/central.h"

/* How long a job without a last decision is remembered for sure, by the times at which decisions were written. */
#define KD_DECIDED_IDLE_US (7 * 86400000000ull)

/* Appends to *record a decision for the likes partition. Of *d the caller fills all but epoch, central and at_us. The shell produces it when the claim
 * of the present epoch is acknowledged. KD_EINVAL: it would not be merged by this central: an item of another partition, a body that does not
 * decode or has increments, sums where rows are named, or counters that are not configured here, a stamp days ahead of `now_us`. KD_ETOOBIG: more than a record.
 * KD_EFULL: KD_CLOSED_MAX items are listed as closed (KD_CLOSED_RESERVED fewer for the end of a life), KD_ERASED_MAX users as erased, or KD_SUMMED_JOBS_MAX jobs have added sums. KD_ECLOSED: an item that was deleted is to be opened. KD_ENOTFOUND: the partition does not know the edge, or the record in quarantine; KD_ERETIRED: an edge that is to be expected is retired; KD_EFULL also where KD_EDGES_MAX are expected. KD_EAGAIN: no commit of the present epoch is
 * durable, or a higher claim was read; KD_EFENCED; KD_EIO. */
int kd_central_decide(kd_central *c, const kd_decision *d, uint64_t now_us, kd_buf *record);

/* What kd_central_decide would say of a decision about an edge, a record in quarantine or the collection, by what this partition knows now. */
int kd_central_decide_check(kd_central *c, const kd_decision *d);

/* What the partition remembers of a job. */
typedef struct {
    uint64_t seq;  /* of its last decision that was merged; 0: none, or the job is forgotten */
    bool finished; /* that one was the job's last */
    bool durable;  /* the commit that carries it is: the order can be answered */
} kd_job_progress;
kd_job_progress kd_central_decided(const kd_central *c, kd_bytes job);

/*
 * What central proposes by that clock, without an operator's word: lives and ends of items (rule 29), the floor (rule 22), the edges that its configuration names, records
 * of the quarantine with which nothing is wrong any more. The views of *d live until the next call. The publisher writes it, and asks again. What came to nothing is proposed
 * once more after some seconds. KD_ENOTFOUND: none now; KD_EIO.
 */
int kd_central_propose(kd_central *c, uint64_t now_us, kd_decision *d);
/* Whether it may ever propose something, by configuration and by what is kept. */
bool kd_central_proposes(const kd_central *c);

/*
 * Carries a decision out in a store whose central is stopped, as if it stood behind the last record: the log does not have it. The history has it (rule 30), so a
 * central that follows this one notices that it differs. Of *d the caller fills job, seq, last, what, and what the sort needs. It is written with the commit of *version.
 * KD_OK; KD_EINVAL: not of a sort that is decided about edges, records in quarantine or the collection; as kd_central_decide.
 */
int kd_central_decide_here(kd_central *c, const kd_decision *d, uint64_t now_us, kd_fed *fed,
                           uint64_t *version);

/* For how long the item has waited that waits longest to be closed or deleted at the end of its life (rule 29), by rows that are durable; 0: none waits. Looks for it
 * every few seconds at most. KD_OK, KD_EIO. */
int kd_central_life_overdue(kd_central *c, uint64_t now_us, uint64_t *overdue_us);

/* Whether rows of a deleted item are still to be deleted: then the shell begins the next commit as soon as one has ended (rule 27). */
bool kd_central_sweeps(const kd_central *c);
/* How full the list of closed items is, of which some are left to operators (rule 29). It never shrinks. */
typedef enum {
    KD_CLOSED_ROOM,
    KD_CLOSED_FILLS,         /* three quarters of what lives of collections may fill */
    KD_CLOSED_FULL_OF_LIVES, /* no item is closed at the end of its life any more */
    KD_CLOSED_FULL,          /* nor by an operator */
} kd_closed_stage;
kd_closed_stage kd_closed_stage_of(uint64_t items);
/* Whether the item is closed, as of the last durable commit. */
bool kd_central_closed(const kd_central *c, kd_bytes item);

#endif
