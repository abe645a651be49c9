/* jobs.c - see the header. */
#include "central/io/operator/jobs.h"

#include <stdio.h>
#include <stdlib.h>

#include "central/io/operator/job_act.h"
#include "central/io/operator/job_audit.h"
#include "central/io/operator/job_backup.h"
#include "central/io/operator/job_backup_part.h"
#include "central/io/operator/job_erase.h"
#include "central/io/operator/job_item.h"
#include "central/io/operator/job_void.h"
#include "common/io/loop/clock.h"
#include "common/io/loop/log.h"
#include "common/json/json_writer.h"

static const char *const states[] = {[KD_JOB_NONE] = "none",
                                     [KD_JOB_RUNS] = "running",
                                     [KD_JOB_DONE] = "done",
                                     [KD_JOB_FAILED] = "failed",
                                     [KD_JOB_UNAVAILABLE] = "unavailable",
                                     [KD_JOB_REFUSED] = "refused"};

/* A worker that is busy, a central that stops, or a store for backups that is away says nothing about the data. So the job has not failed, and its command is told to come again.
 * Refused is a job whose words could never be carried out, such as a place that is no place for a backup. */
static kd_job_state job_ended_as(int err)
{
    if (err == KD_OK) return KD_JOB_DONE;
    if (err == KD_EINVAL) return KD_JOB_REFUSED;
    bool passing = err == KD_ETIMEOUT || err == KD_EAGAIN || err == KD_EUNAVAILABLE || err == KD_EFENCED ||
                   err == KD_EUNTRUSTED;
    return passing ? KD_JOB_UNAVAILABLE : KD_JOB_FAILED;
}

/* A central of a group knows of all members; one with central.role = follower of its leader and itself. */
static int job_members(kd_jobs *jobs, char *error)
{
    kd_buf lines = {.data = NULL};
    if (jobs->membership) kd_jobs_all_done(jobs);
    if (!jobs->membership) return kd_job_act(jobs, error);
    kd_membership_lines(jobs->membership, &lines);
    kd_jobs_text(jobs, kd_buf_view(&lines));
    kd_buf_finish(&lines);
    return KD_OK;
}

/* A copy of all partitions is no order for each of them. */
static int job_whole(kd_jobs *jobs, int err)
{
    if (err != KD_OK) return err;
    kd_jobs_all_done(jobs);
    kd_jobs_count_partition(jobs);
    return KD_OK;
}

static int job_run_order(kd_jobs *jobs, char *error)
{
    switch (jobs->job.order.kind) {
    case KD_ORDER_AUDIT:
        return kd_job_audit(jobs, error);
    case KD_ORDER_BACKUP:
        return job_whole(jobs, kd_job_backup(jobs, error));
    case KD_ORDER_BACKUP_PRUNE:
        return job_whole(jobs, kd_job_prune(jobs, error));
    case KD_ORDER_BACKUP_OPEN:
        return job_whole(jobs, kd_job_backup_open(jobs, error));
    case KD_ORDER_BACKUP_PART:
        return kd_job_backup_part(jobs, error);
    case KD_ORDER_BACKUP_END:
        return kd_job_backup_end(jobs, error);
    case KD_ORDER_BACKUP_ABANDON:
        return kd_job_backup_abandon(jobs, error);
    case KD_ORDER_VOID:
        return kd_job_void(jobs, error);
    case KD_ORDER_VOID_UNDO:
        return kd_job_void_undo(jobs, error);
    case KD_ORDER_VOID_LIST:
        return kd_job_void_list(jobs, error);
    case KD_ORDER_ERASE:
        return kd_job_erase(jobs, error);
    case KD_ORDER_ERASE_LOOK:
        return kd_job_erase_look(jobs, error);
    case KD_ORDER_ERASE_LIST:
        return kd_job_erase_list(jobs, error);
    case KD_ORDER_CLOSE:
    case KD_ORDER_OPEN:
    case KD_ORDER_DELETE:
        return kd_job_item(jobs, error);
    case KD_ORDER_MEMBERS:
        return job_members(jobs, error);
    default:
        return kd_job_act(jobs, error);
    }
}

kd_jobs *kd_jobs_create(const kd_central_settings *settings, kd_worker *workers, kd_membership *membership)
{
    kd_jobs *jobs = kd_alloc(sizeof(*jobs));
    jobs->settings = settings;
    jobs->workers = workers;
    jobs->membership = membership;
    jobs->next_id = kd_clock_wall_us();
    pthread_mutex_init(&jobs->lock, NULL);
    return jobs;
}

static void *job_run(void *arg)
{
    kd_jobs *jobs = arg;
    char error[KD_OPTIONS_ERROR_MAX] = "";
    const char *kind = kd_order_name(jobs->job.order.kind);
    pthread_setname_np(pthread_self(), "central-job");
    int err = job_run_order(jobs, error);
    pthread_mutex_lock(&jobs->lock);
    kd_job *job = &jobs->job;
    job->state = job_ended_as(err);
    snprintf(job->error, sizeof(job->error), "%s", error);
    KD_LOG(err == KD_OK && job->totals.mismatches == 0 ? KD_INFO : KD_ERROR, "job-ended",
           KD_STR("kind", kind), KD_U64("mismatches", job->totals.mismatches), KD_STR("cause", error));
    pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

static void job_join(kd_jobs *jobs)
{
    if (!jobs->running) return;
    pthread_join(jobs->thread, NULL);
    jobs->running = false;
}

static bool jobs_run(kd_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    bool runs_now = jobs->job.state == KD_JOB_RUNS;
    pthread_mutex_unlock(&jobs->lock);
    return runs_now;
}

static kd_job *job_ended_at(kd_jobs *jobs, uint64_t id)
{
    return &jobs->ended[id % KD_JOBS_ENDED_MAX];
}

static void job_forget(kd_jobs *jobs, kd_job *job)
{
    jobs->ended_bytes -= job->lines.cap;
    kd_buf_finish(&job->lines);
    *job = (kd_job){.id = 0};
}

/* Moves the last job to those that ended, and forgets the oldest of these as the bounds want it. */
static void job_remember(kd_jobs *jobs)
{
    const uint64_t id = jobs->job.id;
    if (id == 0) return;
    job_forget(jobs, job_ended_at(jobs, id));
    jobs->job.order.body = (kd_bytes){0};
    *job_ended_at(jobs, id) = jobs->job;
    jobs->ended_bytes += jobs->job.lines.cap;
    jobs->job = (kd_job){.id = 0};
    for (uint64_t n = KD_JOBS_ENDED_MAX - 1; n > 0 && jobs->ended_bytes > KD_JOBS_ENDED_BYTES_MAX; n--)
        job_forget(jobs, job_ended_at(jobs, id - n));
}

int kd_jobs_start(kd_jobs *jobs, const kd_order *order, uint64_t *id)
{
    if (jobs_run(jobs)) return KD_EAGAIN;
    job_join(jobs);
    kd_job *job = &jobs->job;
    job_remember(jobs);
    *job = (kd_job){
        .order = *order, .id = jobs->next_id++, .begun_us = kd_clock_wall_us(), .state = KD_JOB_RUNS};
    *id = job->id;
    job->left = order->partitions;
    if (kd_partition_set_count(&job->left) == 0)
        kd_partition_set_fill(&job->left, (uint32_t)jobs->settings->partitions);
    kd_buf_clear(&jobs->body);
    if (order->body.len > 0) kd_buf_put(&jobs->body, order->body.data, order->body.len);
    job->order.body = kd_buf_view(&jobs->body);
    jobs->counters = jobs->settings->counters; /* a copy: a reload changes the settings, on this thread */
    KD_LOG(KD_INFO, "job-started", KD_STR("kind", kd_order_name(order->kind)), KD_U64("id", job->id));
    if (pthread_create(&jobs->thread, NULL, job_run, jobs) != 0) {
        job->state = KD_JOB_FAILED;
        return KD_EIO;
    }
    jobs->running = true;
    return KD_OK;
}

static void job_show(const kd_job *job, uint64_t partitions, kd_json *j)
{
    char left[KD_PARTITION_SET_TEXT_MAX];
    kd_partition_set_put(&job->left, left);
    kd_json_put_u64(j, "job", job->id);
    kd_json_put_str(j, "kind", kd_bytes_str(kd_order_name(job->order.kind)));
    kd_json_put_str(j, "state", kd_bytes_str(states[job->state]));
    kd_json_put_u64(j, "partition", job->partition);
    kd_json_put_u64(j, "of", partitions);
    kd_json_put_u64(j, "rows", job->rows);
    kd_json_put_u64(j, "partitions", job->totals.partitions);
    kd_json_put_u64(j, "items", job->totals.items);
    kd_json_put_u64(j, "members", job->totals.members);
    kd_json_put_u64(j, "mismatches", job->totals.mismatches);
    kd_json_put_str(j, "left", kd_bytes_str(left));
    kd_json_put_u64(j, "begun_us", job->begun_us);
    kd_json_put_str(j, "error", kd_bytes_str(job->error));
    kd_json_put_str(j, "lines", job->state == KD_JOB_RUNS ? kd_bytes_of(NULL, 0) : kd_buf_view(&job->lines));
}

void kd_jobs_show(kd_jobs *jobs, uint64_t id, kd_buf *out)
{
    static const kd_job none = {.id = 0};
    const kd_job *ended = job_ended_at(jobs, id);
    kd_json j = kd_json_of(out);
    kd_json_object(&j);
    kd_membership_put_urls(jobs->membership, &j);
    pthread_mutex_lock(&jobs->lock);
    const kd_job *job = id == 0 || id == jobs->job.id ? &jobs->job : id == ended->id ? ended : &none;
    job_show(job, jobs->settings->partitions, &j);
    pthread_mutex_unlock(&jobs->lock);
    kd_json_end_object(&j);
}

void kd_jobs_destroy(kd_jobs *jobs)
{
    if (!jobs) return;
    pthread_mutex_lock(&jobs->lock);
    jobs->stopping = true;
    pthread_mutex_unlock(&jobs->lock);
    job_join(jobs);
    kd_buf_finish(&jobs->job.lines);
    kd_buf_finish(&jobs->body);
    for (size_t i = 0; i < KD_JOBS_ENDED_MAX; i++) kd_buf_finish(&jobs->ended[i].lines);
    pthread_mutex_destroy(&jobs->lock);
    free(jobs);
}
