/*
 * job.h - a job: one order of an operator, carried out by a running central on a thread of its own. It reads snapshots of the stores or asks the
 * workers, which go on meanwhile. What a job tells of itself (how far it is, lines, sums) goes through here, under the lock, since the admin port
 * reads it at any moment. Jobs are started and shown by jobs.h.
 */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_JOB_H
#define KUDOS_CENTRAL_IO_OPERATOR_JOB_H

#include <pthread.h>

#include "central/io/operator/audit_line.h"
#include "central/io/operator/order.h"
#include "central/io/members/membership.h"
#include "central/io/worker/worker.h"
#include "common/io/daemon/options_file.h"

enum {
    KD_JOB_LINES_MAX = 1000,
    KD_JOBS_ENDED_MAX = 64,            /* remembered besides the present or last one */
    KD_JOBS_ENDED_BYTES_MAX = 16 << 20 /* of their lines in sum; the newest of them stays in any case */
};

typedef enum {
    KD_JOB_NONE,
    KD_JOB_RUNS,
    KD_JOB_DONE,
    KD_JOB_FAILED,
    KD_JOB_UNAVAILABLE,
    KD_JOB_REFUSED
} kd_job_state;

/* The running job, or the last one that ran. `order` and `id` do not change while it runs; all other fields are under the lock. */
typedef struct {
    kd_order order;
    uint64_t id;       /* one more than that of the job before; 0: there was none yet */
    uint64_t begun_us; /* by the clock */
    kd_job_state state;
    uint32_t partition; /* the partition that is being read */
    uint64_t rows;      /* read of that partition so far */
    kd_audit_totals totals;
    kd_partition_set left; /* of its order, and not carried out */
    kd_buf lines;          /* output for the operator, each line with its line feed */
    uint32_t line_count;
    char error[KD_OPTIONS_ERROR_MAX]; /* empty unless it failed */
} kd_job;

typedef struct {
    const kd_central_settings *settings;
    kd_counters counters; /* as they were when the job was started: a reload may add some meanwhile */
    kd_worker *workers;
    kd_membership *membership; /* NULL: central.role = follower */
    pthread_mutex_t lock;
    pthread_t thread;
    bool running;  /* the thread is to be joined; the starter's alone */
    bool stopping; /* the program ends: the job is to end early */
    kd_job job;
    kd_buf body;      /* of its order */
    uint64_t next_id; /* the main loop's alone, as all below */
    /* Jobs that ended before `job`, each at its id modulo KD_JOBS_ENDED_MAX; id 0: none. */
    kd_job ended[KD_JOBS_ENDED_MAX];
    size_t ended_bytes; /* that their lines occupy */
} kd_jobs;

static inline kd_worker *kd_jobs_worker(kd_jobs *jobs, uint32_t partition)
{
    return &jobs->workers[partition % jobs->settings->workers];
}

/* For the thread of the job. */

/* Whether the program ends, so that a wait is to be given up. */
bool kd_jobs_stopping(kd_jobs *jobs);
/* The opposite, of a kd_jobs: whether a job waits on for an object store (kd_destination_open, kd_objects_open). */
bool kd_jobs_waits_on(void *jobs);
/* Tells that `rows` rows of this partition are read. False: the program ends, and the job is to return KD_EAGAIN. */
bool kd_jobs_progress(kd_jobs *jobs, uint32_t partition, uint64_t rows);
/* Adds a line and its end. Those beyond KD_JOB_LINES_MAX are dropped. */
void kd_jobs_line(kd_jobs *jobs, kd_bytes line);
/* Adds text that has its line ends, without a limit. */
void kd_jobs_text(kd_jobs *jobs, kd_bytes text);
/* Adds the audit of one partition to the sums. */
void kd_jobs_add(kd_jobs *jobs, const kd_audit_result *r);
/* One partition more has carried the order out; shown as `partitions`. */
void kd_jobs_count_partition(kd_jobs *jobs);
/* From any thread: whether this central carries orders out for the partition. Of a group that is the member that leads it. */
bool kd_jobs_serves(const kd_jobs *jobs, uint32_t partition);
/*
 * Calls `fn` for each partition of the job's order that is served here, in the order of their numbers, and takes those off the ones left for which it returns KD_OK or
 * KD_ENOTFOUND. What went to another member meanwhile (KD_EUNAVAILABLE, KD_EFENCED) is left for whoever leads it. Another error ends it, as does the end
 * of the program, KD_EAGAIN. KD_OK, or that with `error`.
 */
int kd_jobs_each(kd_jobs *jobs, int (*fn)(void *arg, uint32_t partition, char *error), void *arg,
                 char *error);
/* Whether the error says that the partition is another member's business now. */
bool kd_jobs_went(const kd_jobs *jobs, int err);
/* Nothing is left: the order is not one for each partition. */
void kd_jobs_all_done(kd_jobs *jobs);

#endif
