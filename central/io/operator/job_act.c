/* job_act.c - orders that the cores carry out, partition by partition, each waited for until it is durable. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "central/io/operator/job.h"
#include "common/io/loop/clock.h"
#include "common/io/daemon/log.h"

enum { ASK_TIMEOUT_MS = 30000, DURABLE_US = 30000000, POLL_US = 3000 };

typedef struct {
    kd_ask ask;
    kd_core_act act;
    int rc;
} job_act_question;

static void job_act_dispose(kd_ask *ask)
{
    job_act_question *q = KD_CONTAINER(ask, job_act_question, ask);
    kd_buf_finish(&q->act.text);
    free(q);
}

static job_act_question *job_act_create(kd_jobs *jobs, uint32_t partition, void (*work)(kd_ask *ask))
{
    job_act_question *q = kd_alloc(sizeof(*q));
    q->ask.work = work;
    q->ask.dispose = job_act_dispose;
    q->ask.owner = kd_jobs_worker(jobs, partition);
    q->act.partition = partition;
    q->act.counters = &jobs->counters;
    return q;
}

/* On the worker's thread. What is written goes with the next commit, which is begun for it. */
static void job_act_act(kd_ask *ask)
{
    job_act_question *q = KD_CONTAINER(ask, job_act_question, ask);
    kd_tenure *t = kd_worker_tenure(ask->owner, q->act.partition);
    if (t->core == NULL) return;
    q->act.core = t->core;
    q->act.now_us = kd_clock_wall_us();
    q->rc = kd_core_act_run(&q->act);
    if (q->act.version == 0) return;
    if (q->rc != KD_OK) q->act.version = 0; /* whatever it left for the next commit need not be waited for */
    t->gate.pending = true;
    kd_tenure_commit(t, q->act.now_us);
    kd_worker_read_again(ask->owner, t);
}

static void job_act_look(kd_ask *ask)
{
    job_act_question *q = KD_CONTAINER(ask, job_act_question, ask);
    const kd_tenure *t = kd_worker_tenure(ask->owner, q->act.partition);
    if (t->core != NULL) q->act.version = kd_central_version(t->core);
}

static int wait_durable(kd_jobs *jobs, uint32_t partition, uint64_t version, char *error)
{
    for (uint64_t until = kd_clock_mono_us() + DURABLE_US;
         kd_clock_mono_us() < until && !kd_jobs_stopping(jobs);) {
        job_act_question *q = job_act_create(jobs, partition, job_act_look);
        bool durable = kd_ask_run(&q->ask, kd_jobs_worker(jobs, partition)->loop, ASK_TIMEOUT_MS) &&
                       q->act.version >= version;
        kd_ask_let_go(&q->ask);
        if (durable) return KD_OK;
        usleep(POLL_US);
    }
    snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u: not durable in time", partition);
    return KD_ETIMEOUT;
}

int kd_job_act_on(kd_jobs *jobs, uint32_t partition, const kd_order *order, char *error)
{
    job_act_question *q = job_act_create(jobs, partition, job_act_act);
    q->act.order = *order;
    uint64_t version = 0;
    int rc = KD_ETIMEOUT;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u: its worker did not answer", partition);
    if (kd_ask_run(&q->ask, kd_jobs_worker(jobs, partition)->loop, ASK_TIMEOUT_MS)) {
        rc = q->rc;
        version = q->act.version;
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%s", q->act.error);
        kd_jobs_text(jobs, kd_buf_view(&q->act.text));
    }
    kd_ask_let_go(&q->ask);
    if (version == 0) return rc;
    rc = wait_durable(jobs, partition, version, error);
    if (rc == KD_OK)
        KD_LOG(KD_WARN, "operator-order", KD_STR("order", kd_order_name(order->kind)),
               KD_U64("partition", partition), KD_STR("name", order->name), KD_U64("id", order->id),
               KD_U64("version", version));
    return rc;
}

int kd_job_act(kd_jobs *jobs, char *error)
{
    const kd_order order = jobs->job.order;
    uint32_t found = 0;
    for (uint32_t p = 0; p < jobs->settings->partitions; p++) {
        int rc = kd_job_act_on(jobs, p, &order, error);
        if (rc != KD_OK && rc != KD_ENOTFOUND) return rc;
        found += rc == KD_OK;
        pthread_mutex_lock(&jobs->lock);
        jobs->job.totals.partitions = found;
        pthread_mutex_unlock(&jobs->lock);
    }
    error[0] = '\0';
    if (found > 0) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "no partition knows it");
    return KD_ENOTFOUND;
}
