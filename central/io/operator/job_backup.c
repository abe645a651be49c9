/* job_backup.c - see the header. Each partition is copied from a snapshot of its own. */
#include "central/io/operator/job_backup.h"

#include "central/io/backup/backup_set.h"
#include "central/io/operator/job_act.h"

static int job_backup_order(void *arg, kd_order_kind kind, char *error)
{
    kd_jobs *jobs = arg;
    kd_order order = jobs->job.order;
    order.kind = kind;
    const kd_order_target target = kd_job_target(jobs);
    return kd_order_backup_step(&target, &order, error);
}

/* The worker is not asked: LevelDB takes a snapshot on any thread, and a group of writes, which is a commit, is in it as a whole or not at all. */
static int job_backup_with_snapshot(void *arg, uint32_t partition,
                                    int (*use)(void *arg, const kd_store *store, char *error), void *use_arg,
                                    char *error)
{
    kd_jobs *jobs = arg;
    const kd_tenure *t = kd_worker_tenure(kd_jobs_worker(jobs, partition), partition);
    kd_leveldb_snapshot *snapshot = kd_leveldb_snapshot_take(t->db);
    const kd_store store = kd_leveldb_snapshot_store(snapshot);
    int err = use(use_arg, &store, error);
    kd_leveldb_snapshot_release(snapshot);
    return err;
}

static bool job_backup_go_on(void *arg, uint32_t partition, uint64_t rows)
{
    return kd_jobs_progress(arg, partition, rows);
}

int kd_job_backup(kd_jobs *jobs, char *error)
{
    kd_backup_set set;
    const kd_backup_source source = {.arg = jobs,
                                     .partitions = (uint32_t)jobs->settings->partitions,
                                     .name = jobs->job.order.name,
                                     .dir = jobs->job.order.dir,
                                     .order = job_backup_order,
                                     .with_store = job_backup_with_snapshot,
                                     .progress = job_backup_go_on};
    int err = kd_backup_make(&source, &set, error);
    if (err == KD_OK) {
        kd_buf line = {0};
        kd_backup_set_line(&set, &line);
        kd_jobs_text(jobs, kd_buf_view(&line));
        kd_buf_finish(&line);
    }
    kd_backup_set_finish(&set);
    return err;
}
