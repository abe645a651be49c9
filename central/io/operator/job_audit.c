/*
 * job_audit.c - see the header. The worker takes a snapshot of the store and copies some of the counts that it holds in memory, in one step on its
 * thread. The snapshot may be a commit or two ahead of the copy: kd_audit_run allows for that. All else is done on the job's thread, from the
 * snapshot.
 */
#include "central/io/operator/job_audit.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/io/loop/ask.h"

enum { ASK_TIMEOUT_MS = 30000, COPIED_MAX = 16384 };

typedef struct {
    kd_ask ask;
    uint32_t partition;
    kd_leveldb_snapshot *snapshot;
    kd_counts_copy *copy;
} audit_moment;

static void audit_moment_take(kd_ask *ask)
{
    audit_moment *m = KD_CONTAINER(ask, audit_moment, ask);
    const kd_tenure *t = kd_worker_tenure(ask->owner, m->partition);
    bool went = kd_central_in_group(t->settings) && t->follows;
    if (!t->core || went) return; /* closed: the program ends, or it went to another member */
    m->copy = kd_central_counts_copy(t->core, COPIED_MAX);
    m->snapshot = kd_leveldb_snapshot_take(t->db);
}

static void audit_moment_dispose(kd_ask *ask)
{
    audit_moment *m = KD_CONTAINER(ask, audit_moment, ask);
    kd_leveldb_snapshot_release(m->snapshot);
    kd_counts_copy_destroy(m->copy);
    free(m);
}

typedef struct {
    kd_jobs *jobs;
    uint32_t partition;
    kd_buf line;
} job_audit_partition;

static void job_audit_note(void *arg, const kd_audit_mismatch *m)
{
    job_audit_partition *a = arg;
    kd_buf_clear(&a->line);
    kd_audit_line(&a->line, &a->jobs->counters, a->partition, m);
    kd_jobs_line(a->jobs, kd_buf_view(&a->line));
}

static bool job_audit_go_on(void *arg, uint64_t rows)
{
    job_audit_partition *a = arg;
    return kd_jobs_progress(a->jobs, a->partition, rows);
}

static int audit_moment_run(kd_jobs *jobs, audit_moment *m, char *error)
{
    job_audit_partition a = {.jobs = jobs, .partition = m->partition};
    const kd_store store = kd_leveldb_snapshot_store(m->snapshot); /* not used where there is none */
    const kd_audit_config config = {.counters = &jobs->counters,
                                    .shown = m->copy,
                                    .arg = &a,
                                    .mismatch = job_audit_note,
                                    .progress = job_audit_go_on};
    kd_audit_result result = {.broken = ""};
    int err = m->snapshot ? kd_audit_run(&store, &config, &result) : KD_EUNAVAILABLE;
    kd_buf_finish(&a.line);
    if (err == KD_OK) kd_jobs_add(jobs, &result);
    if (err != KD_OK)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u: %s%s%s", m->partition,
                 err == KD_EAGAIN ? "central is stopping" : kd_strerror(err), result.broken[0] ? ": " : "",
                 result.broken);
    return err;
}

static int job_audit_one(void *arg, uint32_t partition, char *error)
{
    kd_jobs *jobs = arg;
    audit_moment *m = kd_alloc(sizeof(*m));
    kd_worker *worker = kd_jobs_worker(jobs, partition);
    m->partition = partition;
    m->ask.work = audit_moment_take;
    m->ask.dispose = audit_moment_dispose;
    m->ask.owner = worker;
    int err = KD_ETIMEOUT;
    if (kd_ask_run(&m->ask, worker->loop, ASK_TIMEOUT_MS))
        err = audit_moment_run(jobs, m, error);
    else
        snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u: its worker did not answer", partition);
    kd_ask_let_go(&m->ask);
    return err;
}

int kd_job_audit(kd_jobs *jobs, char *error)
{
    return kd_jobs_each(jobs, job_audit_one, jobs, error);
}
