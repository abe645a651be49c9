/* job_store.c - see the header. */
#include "central/io/operator/job_store.h"

/* LevelDB takes a snapshot on any thread. */
int kd_job_with_store(kd_jobs *jobs, uint32_t partition, int (*use)(const kd_store *store, void *arg),
                      void *arg)
{
    const kd_tenure *t = kd_worker_tenure(kd_jobs_worker(jobs, partition), partition);
    if (!kd_tenure_held(t)) return KD_EUNAVAILABLE; /* it went to another member */
    kd_leveldb_snapshot *snapshot = kd_leveldb_snapshot_take(t->db);
    const kd_store store = kd_leveldb_snapshot_store(snapshot);
    int err = use(&store, arg);
    kd_leveldb_snapshot_release(snapshot);
    return err;
}
