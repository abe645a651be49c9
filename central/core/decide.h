/*
 * decide.h - decisions of operators, read from the log (rule 24).
 *
 * All of this is a function of the records read: the claim in force is the highest epoch that a claim or a decision in front of the place has named,
 * jobs are remembered by what their decisions say, and times are those at which decisions were written. Only `version` is of this process.
 *
 *     merged:  the claim in force has the decision's epoch, and seq is the next one of its job
 *     void:    a later claim is in force; or a decision of the job is missing in front of it; or the job may be one that was forgotten
 *
 * A job that is forgotten leaves a time: what was written up to then by a job that is not known is void, since it may have been merged. So a log that
 * is read again from its beginning repeats nothing. Ordered anew it is merged anew, which likes can bear, for they have stamps. A job that added sums is not forgotten.
 */
#ifndef KUDOS_CENTRAL_CORE_DECIDE_H
#define KUDOS_CENTRAL_CORE_DECIDE_H

#include "common/base/table.h"
#include "kudos/decide.h"

struct kd_commit;

typedef struct {
    uint8_t name_len;
    char name[KD_NAME_MAX];
    bool finished;
    bool sums;        /* it has added some: it is never forgotten (summed.h) */
    uint64_t seq;     /* of the last decision merged */
    uint64_t at_us;   /* the latest time at which a decision of it was written, merged or repeated */
    uint64_t merge;   /* number of the merge that was its last one */
    uint64_t version; /* of the commit that carries that; 0: it was durable at the start */
} kd_decided_job;

typedef struct {
    kd_decided_job jobs[KD_DECIDED_JOBS_MAX];
    uint32_t job_count;
    kd_table summed;       /* the jobs that added sums */
    uint64_t in_force;     /* epoch; 0: no claim was read yet */
    uint64_t merges;       /* decisions merged, ever */
    uint64_t forgotten_us; /* the largest at_us of a job that was forgotten */
    bool changed;          /* the row of these three is to be written by the next commit */
} kd_decider;

static inline kd_bytes kd_decided_name(const kd_decided_job *j)
{
    return kd_bytes_of(j->name, j->name_len);
}

/* Reads the rows: KD_OK, KD_EIO, KD_EMALFORMED. */
int kd_decide_load(kd_central *c);
/* The job of that name that is remembered; NULL: none. */
kd_decided_job *kd_decide_find(kd_decider *l, kd_bytes name);
/* What the decision says, where it stands and whatever its job: as kd_decide_feed. */
kd_fed kd_decide_carry_out(kd_central *c, const kd_decision *d);
/* A decision of the log: KD_FED_DECIDED, KD_FED_IDLE, KD_FED_DUPLICATE, KD_FED_VOID, KD_FED_QUARANTINED, KD_FED_UNKNOWN_SCHEMA. */
kd_fed kd_decide_feed(kd_central *c, kd_bytes record, int64_t offset);
/* At the begin of a commit: puts the row of what changed. */
void kd_decide_put(kd_central *c, struct kd_commit *k);

#endif
