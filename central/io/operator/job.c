/* job.c - see the header. */
#include "central/io/operator/job.h"

#include <stdio.h>

bool kd_jobs_stopping(kd_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    bool stopping = jobs->stopping;
    pthread_mutex_unlock(&jobs->lock);
    return stopping;
}

bool kd_jobs_waits_on(void *jobs)
{
    return !kd_jobs_stopping(jobs);
}

bool kd_jobs_progress(kd_jobs *jobs, uint32_t partition, uint64_t rows)
{
    pthread_mutex_lock(&jobs->lock);
    jobs->job.partition = partition;
    jobs->job.rows = rows;
    bool stopping = jobs->stopping;
    pthread_mutex_unlock(&jobs->lock);
    return !stopping;
}

void kd_jobs_line(kd_jobs *jobs, kd_bytes line)
{
    pthread_mutex_lock(&jobs->lock);
    if (jobs->job.line_count++ < KD_JOB_LINES_MAX) {
        kd_buf_put(&jobs->job.lines, line.data, line.len);
        kd_buf_put_u8(&jobs->job.lines, '\n');
    }
    pthread_mutex_unlock(&jobs->lock);
}

void kd_jobs_text(kd_jobs *jobs, kd_bytes text)
{
    pthread_mutex_lock(&jobs->lock);
    kd_buf_put(&jobs->job.lines, text.data, text.len);
    pthread_mutex_unlock(&jobs->lock);
}

void kd_jobs_add(kd_jobs *jobs, const kd_audit_result *r)
{
    pthread_mutex_lock(&jobs->lock);
    kd_audit_totals_add(&jobs->job.totals, r);
    pthread_mutex_unlock(&jobs->lock);
}

void kd_jobs_count_partition(kd_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    jobs->job.totals.partitions++;
    pthread_mutex_unlock(&jobs->lock);
}

bool kd_jobs_serves(const kd_jobs *jobs, uint32_t partition)
{
    bool alone = !jobs->membership || !kd_central_in_group(jobs->settings);
    return alone || kd_membership_leads(jobs->membership, partition);
}

static void jobs_done_with(kd_jobs *jobs, uint32_t partition)
{
    pthread_mutex_lock(&jobs->lock);
    kd_partition_set_remove(&jobs->job.left, partition);
    pthread_mutex_unlock(&jobs->lock);
}

bool kd_jobs_went(const kd_jobs *jobs, int err)
{
    return (err == KD_EUNAVAILABLE || err == KD_EFENCED) && kd_central_in_group(jobs->settings);
}

int kd_jobs_each(kd_jobs *jobs, int (*fn)(void *arg, uint32_t partition, char *error), void *arg, char *error)
{
    for (uint32_t p = 0; p < jobs->settings->partitions; p++) {
        if (!kd_partition_set_has(&jobs->job.left, p) || !kd_jobs_serves(jobs, p)) continue;
        int err = kd_jobs_progress(jobs, p, 0) ? fn(arg, p, error) : KD_EAGAIN;
        if (err == KD_EAGAIN && error[0] == '\0')
            snprintf(error, KD_OPTIONS_ERROR_MAX, "central is stopping");
        if (err == KD_OK || err == KD_ENOTFOUND)
            jobs_done_with(jobs, p);
        else if (!kd_jobs_went(jobs, err))
            return err;
    }
    error[0] = '\0';
    return KD_OK;
}

void kd_jobs_all_done(kd_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    jobs->job.left = (kd_partition_set){{0}};
    pthread_mutex_unlock(&jobs->lock);
}
