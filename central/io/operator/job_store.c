/* job_store.c - see the header. */
#include "central/io/operator/job_store.h"

#include <stdlib.h>

#include "common/io/loop/ask.h"

enum { ASK_TIMEOUT_MS = 30000 };

typedef struct {
    kd_ask ask;
    uint32_t partition;
    kd_leveldb_snapshot *snapshot;
} job_store_moment;

/* On the worker's thread: no store is closed between the look at it and the snapshot, and none that a snapshot reads is closed. */
static void job_store_take(kd_ask *ask)
{
    job_store_moment *m = KD_CONTAINER(ask, job_store_moment, ask);
    const kd_tenure *t = kd_worker_tenure(ask->owner, m->partition);
    if (kd_tenure_held(t)) m->snapshot = kd_leveldb_snapshot_take(t->db);
}

static void job_store_dispose(kd_ask *ask)
{
    job_store_moment *m = KD_CONTAINER(ask, job_store_moment, ask);
    kd_leveldb_snapshot_release(m->snapshot);
    free(m);
}

int kd_job_with_store(kd_jobs *jobs, uint32_t partition, int (*use)(const kd_store *store, void *arg),
                      void *arg)
{
    job_store_moment *m = kd_alloc(sizeof(*m));
    kd_worker *worker = kd_jobs_worker(jobs, partition);
    m->partition = partition;
    m->ask.work = job_store_take;
    m->ask.dispose = job_store_dispose;
    m->ask.owner = worker;
    int err = KD_ETIMEOUT;
    if (kd_ask_run(&m->ask, worker->loop, ASK_TIMEOUT_MS)) {
        const kd_store store = kd_leveldb_snapshot_store(m->snapshot); /* not used where there is none */
        err = m->snapshot ? use(&store, arg) : KD_EUNAVAILABLE;
    }
    kd_ask_let_go(&m->ask);
    return err;
}
