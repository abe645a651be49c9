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
 * KD_EFULL: KD_CLOSED_MAX items are listed as closed, or KD_ERASED_MAX users as erased. KD_ECLOSED: an item that was deleted is to be opened. KD_EAGAIN: no commit of the present epoch is
 * durable, or a higher claim was read; KD_EFENCED; KD_EIO. */
int kd_central_decide(const kd_central *c, const kd_decision *d, uint64_t now_us, kd_buf *record);

/* What the partition remembers of a job. */
typedef struct {
    uint64_t seq;  /* of its last decision that was merged; 0: none, or the job is forgotten */
    bool finished; /* that one was the job's last */
    bool durable;  /* the commit that carries it is: the order can be answered */
} kd_job_progress;
kd_job_progress kd_central_decided(const kd_central *c, kd_bytes job);

/* What central proposes by that clock (rule 29): the next decision that is due; its views live until the next call. The publisher writes it, and asks again. What
 * came to nothing is proposed once more after some seconds. KD_ENOTFOUND: none now; KD_EIO. */
int kd_central_life_next(kd_central *c, uint64_t now_us, kd_decision *d);
/* Whether items of some collection have a life, by configuration or in force. */
bool kd_central_lives(const kd_central *c);

/* Whether rows of a deleted item are still to be deleted: then the shell begins the next commit as soon as one has ended (rule 27). */
bool kd_central_sweeps(const kd_central *c);
/* Whether the item is closed, as of the last durable commit. */
bool kd_central_closed(const kd_central *c, kd_bytes item);

#endif
