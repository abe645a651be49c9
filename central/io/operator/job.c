/* job.c - see the header. */
#include "central/io/operator/job.h"

bool kd_jobs_stopping(kd_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    bool stopping = jobs->stopping;
    pthread_mutex_unlock(&jobs->lock);
    return stopping;
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
