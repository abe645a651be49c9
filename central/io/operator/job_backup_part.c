/* job_backup_part.c - see the header. */
#include "central/io/operator/job_backup_part.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/io/backup/backup_manifest.h"
#include "central/io/backup/destination.h"
#include "central/io/operator/job_act.h"
#include "central/io/operator/job_store.h"
#include "common/base/text.h"

typedef struct {
    kd_jobs *jobs;
    kd_destination to;
    kd_backup_set set;
    uint32_t partition; /* under way */
    char *error;
} job_part;

static int job_part_open(job_part *p, kd_jobs *jobs, char *error)
{
    const kd_order *order = &jobs->job.order;
    *p = (job_part){.jobs = jobs};
    return kd_destination_open(&p->to, order->dir, order->name, kd_central_name(jobs->settings),
                               jobs->settings, kd_jobs_waits_on, jobs, error);
}

static void job_part_close(job_part *p)
{
    kd_destination_close(&p->to);
    kd_backup_set_finish(&p->set);
}

int kd_job_backup_open(kd_jobs *jobs, char *error)
{
    job_part p;
    int err = job_part_open(&p, jobs, error);
    if (err != KD_OK) return err;
    if (jobs->job.order.id == 0) err = p.to.sink.check(p.to.sink.arg, error);
    if (err == KD_OK && (err = p.to.sink.begin(p.to.sink.arg, error)) != KD_OK)
        p.to.sink.abandon(p.to.sink.arg);
    job_part_close(&p);
    return err;
}

/* ---- a part ---- */

static int job_part_order(const job_part *p, kd_order_kind kind, uint32_t partition, char *error)
{
    kd_order order = p->jobs->job.order;
    const kd_order_target target = kd_job_target(p->jobs);
    order.kind = kind;
    return target.carry_out(target.arg, partition, &order, error);
}

/* That a name is free was found before the first step. So one that is noted is of an attempt before, which holds back no less. */
static int job_part_begin(const job_part *p, uint32_t partition, char *error)
{
    int err = job_part_order(p, KD_ORDER_BACKUP_BEGIN, partition, error);
    return err == KD_EMISMATCH ? KD_OK : err;
}

static bool job_part_go_on(void *arg, uint32_t partition, uint64_t rows)
{
    return kd_jobs_progress(arg, partition, rows);
}

/* That the store for backups is away must not read as if the partition were: that is left for another member. */
static int job_part_sink_error(int err)
{
    return err == KD_EUNAVAILABLE || err == KD_EFENCED ? KD_ETIMEOUT : err;
}

static int job_part_copy_store(const kd_store *store, void *arg)
{
    job_part *p = arg;
    const kd_backup_rows rows = {
        .store = store, .partition = p->partition, .progress = job_part_go_on, .progress_arg = p->jobs};
    return job_part_sink_error(p->to.sink.copy(p->to.sink.arg, &rows, &p->set, p->error));
}

static void job_part_tell(job_part *p, uint32_t partition)
{
    kd_buf line = {0};
    kd_backup_manifest_put_partition(&line, &p->set, partition);
    kd_jobs_text(p->jobs, kd_buf_view(&line));
    kd_buf_finish(&line);
    kd_jobs_count_partition(p->jobs);
}

static int job_part_one(void *arg, uint32_t partition, char *error)
{
    job_part *p = arg;
    int err = job_part_begin(p, partition, error);
    if (err != KD_OK) return err;
    error[0] = '\0';
    p->partition = partition;
    p->error = error;
    err = kd_job_with_store(p->jobs, partition, job_part_copy_store, p);
    if (err == KD_OK) job_part_tell(p, partition);
    if (err != KD_OK && error[0] == '\0')
        snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u: its worker did not answer", partition);
    return err;
}

/* Of an object store: what this member found there, and what it sent. */
static void job_part_tell_sent(const job_part *p)
{
    kd_buf line = {0};
    if (!p->to.objects) return;
    kd_text_printf(&line, "sent objects=%" PRIu64 " new_objects=%" PRIu64 " sent_bytes=%" PRIu64 "\n",
                   p->set.objects, p->set.new_objects, p->set.sent_bytes);
    kd_jobs_text(p->jobs, kd_buf_view(&line));
    kd_buf_finish(&line);
}

int kd_job_backup_part(kd_jobs *jobs, char *error)
{
    job_part p;
    int err = job_part_open(&p, jobs, error);
    if (err != KD_OK) return err;
    kd_backup_set_begin(&p.set, (uint32_t)jobs->settings->partitions, jobs->job.order.name);
    err = p.to.sink.join(p.to.sink.arg, error);
    if (err == KD_OK) err = kd_jobs_each(jobs, job_part_one, &p, error);
    if (err == KD_OK) job_part_tell_sent(&p);
    job_part_close(&p);
    return err;
}

/* ---- the end ---- */

static int job_part_read_manifest(job_part *p, char *error)
{
    kd_buf text = {0};
    const kd_order *order = &p->jobs->job.order;
    kd_buf_put(&text, order->body.data, order->body.len);
    int err = kd_backup_manifest_read(&text, &p->set);
    kd_buf_finish(&text);
    bool fits = err == KD_OK && p->set.partitions == p->jobs->settings->partitions &&
                strcmp(p->set.name, order->name) == 0 && (p->set.lists != NULL) == (p->to.objects != NULL);
    if (fits) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX,
             "the order has no manifest of a backup %s of %" PRIu64 " partitions", order->name,
             p->jobs->settings->partitions);
    return KD_EINVAL;
}

static int job_part_complete(void *arg, uint32_t partition, char *error)
{
    const job_part *p = arg;
    kd_buf line = {0};
    kd_jobs_count_partition(p->jobs);
    int err = job_part_order(p, KD_ORDER_BACKUP_COMPLETE, partition, error);
    if (err != KD_OK) return err;
    kd_text_printf(&line, "complete %u\n", partition);
    kd_jobs_text(p->jobs, kd_buf_view(&line));
    kd_buf_finish(&line);
    return KD_OK;
}

int kd_job_backup_end(kd_jobs *jobs, char *error)
{
    job_part p;
    int err = job_part_open(&p, jobs, error);
    if (err != KD_OK) return err;
    err = job_part_read_manifest(&p, error);
    if (err == KD_OK) err = job_part_sink_error(p.to.sink.end(p.to.sink.arg, &p.set, error));
    if (err == KD_OK) err = kd_jobs_each(jobs, job_part_complete, &p, error);
    job_part_close(&p);
    return err;
}

/* ---- an end without a backup ---- */

static int job_part_forget(void *arg, uint32_t partition, char *error)
{
    kd_jobs_count_partition(((job_part *)arg)->jobs);
    return job_part_order(arg, KD_ORDER_BACKUP_FORGET, partition, error);
}

int kd_job_backup_abandon(kd_jobs *jobs, char *error)
{
    job_part p;
    int err = job_part_open(&p, jobs, error);
    if (err != KD_OK) return err;
    p.to.sink.join(p.to.sink.arg, error); /* it may have been broken off before */
    p.to.sink.abandon(p.to.sink.arg);
    err = kd_jobs_each(jobs, job_part_forget, &p, error);
    job_part_close(&p);
    return err;
}
