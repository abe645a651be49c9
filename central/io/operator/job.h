/*
 * job.h - what an operator asks of a running central. One job at a time, on a thread of its own, which reads
 * snapshots of the stores or asks the workers; they go on meanwhile. Central has two of these: for what takes long (audit,
 * backup), and for all else, which does not have to wait for that.
 *
 * A job is started, and asked for how far it is until it has ended; the last one is remembered. At the end of the program
 * a job that runs is ended early.
 */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_JOB_H
#define KUDOS_CENTRAL_IO_OPERATOR_JOB_H

#include <pthread.h>

#include "common/io/loop/ask.h"
#include "central/io/commands/audit_line.h"
#include "central/io/operator/core_act.h"
#include "central/io/worker/worker.h"
#include "common/io/daemon/options_file.h"

enum { KD_JOB_LINES_MAX = 1000 };

typedef struct kd_jobs kd_jobs;

typedef enum { KD_JOB_NONE, KD_JOB_RUNS, KD_JOB_DONE, KD_JOB_FAILED, KD_JOB_UNAVAILABLE } kd_job_state;

/* Of the job that runs; the thread of the job writes under the lock. */
typedef struct {
    kd_order order;
    uint64_t id;
    kd_job_state state;
    uint32_t partition; /* under way */
    uint64_t rows;
    kd_audit_totals totals;
    kd_buf lines; /* with ends */
    uint32_t line_count;
    char error[KD_OPTIONS_ERROR_MAX];
} kd_job;

struct kd_jobs {
    const kd_central_settings *settings;
    kd_counters counters; /* as they were when the job was started */
    kd_worker *workers;
    pthread_mutex_t lock;
    pthread_t thread;
    bool running; /* the thread is to be joined */
    bool stopping;
    kd_job job;
};

kd_jobs *kd_jobs_create(const kd_central_settings *settings, kd_worker *workers);
void kd_jobs_destroy(kd_jobs *jobs); /* NULL is fine. Before the workers stop */

/* From one thread. KD_OK and its id; KD_EAGAIN: another one runs; KD_EIO: no thread. */
int kd_jobs_start(kd_jobs *jobs, const kd_order *order, uint64_t *id);
/* Appends an object. */
void kd_jobs_show(kd_jobs *jobs, kd_buf *out);

/* ---- for the jobs ---- */

static inline kd_worker *kd_jobs_worker(kd_jobs *jobs, uint32_t partition)
{
    return &jobs->workers[partition % jobs->settings->workers];
}
bool kd_jobs_stopping(kd_jobs *jobs);
/* False when the job is to end. Rows of this partition so far. */
bool kd_jobs_progress(kd_jobs *jobs, uint32_t partition, uint64_t rows);
void kd_jobs_line(kd_jobs *jobs, kd_bytes line); /* those beyond the limit are dropped */
void kd_jobs_text(kd_jobs *jobs, kd_bytes text); /* as it is */
void kd_jobs_add(kd_jobs *jobs, const kd_audit_result *r);
/* KD_OK, or a kd_err with `error` (KD_OPTIONS_ERROR_MAX bytes). */
int kd_job_audit(kd_jobs *jobs, char *error);
int kd_job_backup(kd_jobs *jobs, char *error);
int kd_job_act(kd_jobs *jobs, char *error);
/* One order on one partition, waited for until it is durable; its text is appended to the job's. */
int kd_job_act_on(kd_jobs *jobs, uint32_t partition, const kd_order *order, char *error);

#endif
