/*
 * job_act.c - see the header. The order is a question to the worker that owns the partition. What the core wrote at once is waited for: the worker is asked for its
 * version until the commit that carries the order is durable. What is a decision goes into the log (job_decide.h), and the worker is asked what became of it.
 */
#include "central/io/operator/job_act.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "central/io/operator/core_act.h"
#include "central/io/operator/job_decide.h"
#include "common/io/loop/ask.h"
#include "common/io/loop/clock.h"
#include "common/io/loop/log.h"

enum { ASK_TIMEOUT_MS = 30000, DURABLE_US = 30000000, POLL_US = 3000 };

typedef struct {
    kd_ask ask;
    kd_core_act act;
    int err;
} job_act_question;

static void job_act_dispose(kd_ask *ask)
{
    job_act_question *q = KD_CONTAINER(ask, job_act_question, ask);
    kd_core_act_finish(&q->act);
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

/* On the worker's thread. What the core wrote rides in the open commit, which is begun at once. */
static void job_act_work(kd_ask *ask)
{
    job_act_question *q = KD_CONTAINER(ask, job_act_question, ask);
    kd_tenure *t = kd_worker_tenure(ask->owner, q->act.partition);
    if (!t->core || (t->follows && !kd_order_of_follower(q->act.order.kind))) {
        q->err = KD_EUNAVAILABLE;
        snprintf(q->act.error, sizeof(q->act.error), "partition %u is led by another member",
                 q->act.partition);
        return;
    }
    q->act.core = t->core;
    q->act.now_us = kd_clock_wall_us();
    q->err = kd_core_act_run(&q->act);
    if (q->act.version == 0) return;
    t->gate.pending = true;
    kd_tenure_commit(t);
}

/* On the worker's thread, when the decision is durable. */
static void job_act_settle(kd_ask *ask)
{
    job_act_question *q = KD_CONTAINER(ask, job_act_question, ask);
    kd_tenure *t = kd_worker_tenure(ask->owner, q->act.partition);
    if (!t->core) return;
    q->act.core = t->core;
    q->err = kd_core_act_settle(&q->act);
    q->act.version = kd_central_version(t->core);
}

/* On the worker's thread: the version that is durable by now. */
static void job_act_look(kd_ask *ask)
{
    job_act_question *q = KD_CONTAINER(ask, job_act_question, ask);
    const kd_tenure *t = kd_worker_tenure(ask->owner, q->act.partition);
    if (t->core) q->act.version = kd_central_version(t->core);
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

static void log_order(const kd_order *order, uint32_t partition, uint64_t version)
{
    KD_LOG(KD_WARN, "operator-order", KD_STR("order", kd_order_name(order->kind)),
           KD_U64("partition", partition), KD_STR("name", order->name), KD_U64("id", order->id),
           KD_U64("version", version));
}

/* The question is answered: q->err, and what the core had to say. */
static int job_act_heard(kd_jobs *jobs, job_act_question *q, char *error)
{
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%s", q->act.error);
    kd_jobs_text(jobs, kd_buf_view(&q->act.text));
    kd_buf_clear(&q->act.text);
    return q->err;
}

static int job_act_ask(kd_jobs *jobs, job_act_question *q, uint32_t partition, char *error)
{
    snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u: its worker did not answer", partition);
    if (!kd_ask_run(&q->ask, kd_jobs_worker(jobs, partition)->loop, ASK_TIMEOUT_MS)) return KD_ETIMEOUT;
    return job_act_heard(jobs, q, error);
}

/* Another question about the same order: what became of the decision. */
static int job_act_ask_settled(kd_jobs *jobs, const kd_core_act *act, uint64_t *version, char *error)
{
    job_act_question *q = job_act_create(jobs, act->partition, job_act_settle);
    q->act.order = act->order;
    q->act.known = act->known;
    int err = job_act_ask(jobs, q, act->partition, error);
    if (err == KD_OK) *version = q->act.version;
    kd_ask_let_go(&q->ask);
    return err;
}

static int job_act_carry_through(kd_jobs *jobs, const kd_core_act *act, uint64_t *version, char *error)
{
    if (!act->decides) return *version > 0 ? wait_durable(jobs, act->partition, *version, error) : KD_OK;
    int err = kd_job_decide(jobs, act->partition, &act->decision, error);
    return err == KD_OK ? job_act_ask_settled(jobs, act, version, error) : err;
}

static int job_act_carry_out(void *arg, uint32_t partition, const kd_order *order, char *error)
{
    kd_jobs *jobs = arg;
    job_act_question *q = job_act_create(jobs, partition, job_act_work);
    q->act.order = *order;
    int err = job_act_ask(jobs, q, partition, error);
    if (err == KD_OK) {
        uint64_t version = q->act.version;
        err = job_act_carry_through(jobs, &q->act, &version, error);
        if (err == KD_OK && version > 0) log_order(order, partition, version);
    }
    kd_ask_let_go(&q->ask);
    return err;
}

kd_order_target kd_job_target(kd_jobs *jobs)
{
    return (kd_order_target){jobs, (uint32_t)jobs->settings->partitions, job_act_carry_out};
}

/* The job's order on one partition. Counts the partitions that have carried it out. */
static int job_act_carry_out_job(void *arg, uint32_t partition, char *error)
{
    const kd_jobs *jobs = arg;
    int err = job_act_carry_out(arg, partition, &jobs->job.order, error);
    if (err == KD_OK) kd_jobs_count_partition(arg);
    return err;
}

int kd_job_act(kd_jobs *jobs, char *error)
{
    return kd_jobs_each(jobs, job_act_carry_out_job, jobs, error);
}
