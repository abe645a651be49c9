/* job_backup.c - see the header. Each partition is copied from a snapshot of its own. */
#include "central/io/operator/job_backup.h"

#include <stdio.h>

#include "central/io/backup/destination.h"
#include "central/io/backup/prune.h"
#include "central/io/operator/job_act.h"
#include "central/io/operator/job_store.h"

static int job_backup_order(void *arg, kd_order_kind kind, char *error)
{
    kd_jobs *jobs = arg;
    kd_order order = jobs->job.order;
    order.kind = kind;
    const kd_order_target target = kd_job_target(jobs);
    return kd_order_backup_step(&target, &order, error);
}

typedef struct {
    int (*use)(void *arg, const kd_store *store, char *error);
    void *arg;
    char *error;
} job_backup_use;

static int job_backup_use_store(const kd_store *store, void *arg)
{
    const job_backup_use *u = arg;
    return u->use(u->arg, store, u->error);
}

/* A group of writes, which is a commit, is in a snapshot as a whole or not at all. */
static int job_backup_with_snapshot(void *arg, uint32_t partition,
                                    int (*use)(void *arg, const kd_store *store, char *error), void *use_arg,
                                    char *error)
{
    job_backup_use u = {.use = use, .arg = use_arg, .error = error};
    error[0] = '\0';
    int err = kd_job_with_store(arg, partition, job_backup_use_store, &u);
    if (err != KD_OK && error[0] == '\0')
        snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u: %s", partition,
                 err == KD_EUNAVAILABLE ? "it went to another member" : "its worker did not answer");
    return err;
}

static bool job_backup_go_on(void *arg, uint32_t partition, uint64_t rows)
{
    return kd_jobs_progress(arg, partition, rows);
}

static int job_backup_run(kd_jobs *jobs, const kd_backup_sink *sink, char *error)
{
    kd_backup_set set;
    const kd_backup_source source = {.arg = jobs,
                                     .partitions = (uint32_t)jobs->settings->partitions,
                                     .name = jobs->job.order.name,
                                     .order = job_backup_order,
                                     .with_store = job_backup_with_snapshot,
                                     .progress = job_backup_go_on};
    int err = kd_backup_make(&source, sink, &set, error);
    if (err == KD_OK) {
        kd_buf line = {0};
        kd_backup_set_line(&set, &line);
        kd_jobs_text(jobs, kd_buf_view(&line));
        kd_buf_finish(&line);
    }
    kd_backup_set_finish(&set);
    return err;
}

int kd_job_backup(kd_jobs *jobs, char *error)
{
    kd_destination to;
    const kd_order *order = &jobs->job.order;
    int err = kd_destination_open(&to, order->dir, order->name, NULL, jobs->settings, kd_jobs_waits_on, jobs,
                                  error);
    if (err != KD_OK) return err;
    err = job_backup_run(jobs, &to.sink, error);
    kd_destination_close(&to);
    return err;
}

/* ---- pruning ---- */

/* Where another member leads, the command orders it of that one. */
static int job_backup_forget_in(void *arg, uint32_t partition, const kd_order *order, char *error)
{
    kd_jobs *jobs = arg;
    if (!kd_jobs_serves(jobs, partition)) return KD_ENOTFOUND;
    const kd_order_target target = kd_job_target(jobs);
    int err = target.carry_out(target.arg, partition, order, error);
    return kd_jobs_went(jobs, err) ? KD_ENOTFOUND : err;
}

static int job_backup_forget(void *arg, const char *name, char *error)
{
    kd_jobs *jobs = arg;
    kd_order order = {.kind = KD_ORDER_BACKUP_FORGET};
    const kd_order_target target = {jobs, (uint32_t)jobs->settings->partitions, job_backup_forget_in};
    kd_buf line = {0};
    kd_prune_name_line(name, &line);
    kd_jobs_text(jobs, kd_buf_view(&line));
    kd_buf_finish(&line);
    snprintf(order.name, sizeof(order.name), "%s", name);
    return kd_order_backup_step(&target, &order, error);
}

int kd_job_prune(kd_jobs *jobs, char *error)
{
    const kd_order *order = &jobs->job.order;
    kd_pruned pruned;
    kd_objects *objects;
    int err = kd_objects_open(&objects, order->dir, jobs->settings, kd_jobs_waits_on, jobs, error);
    if (err != KD_OK) return err;
    const kd_prune_source source = {.objects = objects,
                                    .keep = order->id,
                                    .name = order->name[0] ? order->name : NULL,
                                    .arg = jobs,
                                    .forget = job_backup_forget,
                                    .progress = job_backup_go_on};
    err = kd_prune_run(&source, &pruned, error);
    if (err == KD_OK) {
        kd_buf line = {0};
        kd_prune_line(&pruned, &line);
        kd_jobs_text(jobs, kd_buf_view(&line));
        kd_buf_finish(&line);
    }
    kd_objects_close(objects);
    return err;
}
