/*
 * job_decide.c - see the header. A decision can be lost with the log, and is void behind the claim of a new epoch. So it is written again until the
 * worker says that it is merged: a decision that stands in the log twice is merged once.
 */
#include "central/io/operator/job_decide.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/io/loop/ask.h"
#include "common/io/loop/clock.h"

enum { DECIDE_ASK_MS = 30000, DECIDED_US = 30000000, WRITE_AGAIN_US = 3000000, DECIDE_POLL_US = 3000 };

/* Owns copies of what it names: it may outlive the job, which stops waiting for a worker that does not answer. */
typedef struct {
    kd_ask ask;
    uint32_t partition;
    kd_buf job, item, region, author, body;
    kd_decision decision;
    bool write;
    kd_job_said said;
} decide_question;

static void decide_dispose(kd_ask *ask)
{
    decide_question *q = KD_CONTAINER(ask, decide_question, ask);
    kd_buf *const owned[] = {&q->job, &q->item, &q->region, &q->author, &q->body};
    for (size_t i = 0; i < KD_COUNT(owned); i++) kd_buf_finish(owned[i]);
    free(q);
}

/* On the worker's thread. */
static void decide_work(kd_ask *ask)
{
    decide_question *q = KD_CONTAINER(ask, decide_question, ask);
    kd_tenure *t = kd_worker_tenure(ask->owner, q->partition);
    q->said.written = t->core ? KD_OK : KD_EUNAVAILABLE;
    if (!t->core) return;
    q->said.behind = kd_tenure_lag(t) != 0;
    q->said.progress = kd_central_decided(t->core, kd_buf_view(&q->job));
    if (q->write && q->said.progress.seq < q->decision.seq)
        q->said.written = kd_tenure_decide(t, &q->decision);
}

static kd_bytes decide_keep(kd_buf *copy, kd_bytes of)
{
    if (of.len > 0) kd_buf_put(copy, of.data, of.len);
    return kd_buf_view(copy);
}

static decide_question *decide_ask_for(kd_worker *worker, uint32_t partition, kd_bytes job)
{
    decide_question *q = kd_alloc(sizeof(*q));
    q->ask.work = decide_work;
    q->ask.dispose = decide_dispose;
    q->ask.owner = worker;
    q->partition = partition;
    decide_keep(&q->job, job);
    return q;
}

static void decide_give(decide_question *q, const kd_decision *d)
{
    q->write = true;
    q->decision = *d;
    q->decision.job = kd_buf_view(&q->job);
    q->decision.item = decide_keep(&q->item, d->item);
    q->decision.region = decide_keep(&q->region, d->region);
    q->decision.author = decide_keep(&q->author, d->author);
    q->decision.body = decide_keep(&q->body, d->body);
}

int kd_job_decide_ask(kd_worker *worker, uint32_t partition, kd_bytes job, const kd_decision *d, uint32_t ms,
                      kd_job_said *said)
{
    decide_question *q = decide_ask_for(worker, partition, job);
    if (d) decide_give(q, d);
    int err = kd_ask_run(&q->ask, worker->loop, ms) ? KD_OK : KD_ETIMEOUT;
    if (err == KD_OK) *said = q->said;
    kd_ask_let_go(&q->ask);
    return err;
}

static const char *decide_why(int err)
{
    if (err == KD_ETIMEOUT)
        return "the decision is not merged in time: unknown whether it will be; say it again";
    return kd_strerror(err);
}

static int decide_fail(char *error, uint32_t partition, int err)
{
    snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %" PRIu32 ": %s", partition, decide_why(err));
    return err;
}

/* Lists that are full, each by its name and bound. */
static int decide_full(char *error, uint32_t partition, const kd_decision *d)
{
    bool erases = d->what == KD_DECIDED_ERASE;
    if (!erases && d->item.len == 0) return decide_fail(error, partition, KD_EFULL);
    snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %" PRIu32 ": its list of %s is full (%d, the bound): %s",
             partition, erases ? "erased users" : "closed items", erases ? KD_ERASED_MAX : KD_CLOSED_MAX,
             erases ? "no other user can be erased there until one is forgotten"
                    : "no item can be closed or deleted there that never was");
    return KD_EFULL;
}

int kd_job_decide(kd_jobs *jobs, uint32_t partition, const kd_decision *d, char *error)
{
    uint64_t now_us = kd_clock_mono_us(), until_us = now_us + DECIDED_US, write_us = now_us;
    for (; now_us < until_us && !kd_jobs_stopping(jobs); now_us = kd_clock_mono_us()) {
        kd_job_said said;
        bool due = now_us >= write_us;
        int err = kd_job_decide_ask(kd_jobs_worker(jobs, partition), partition, d->job, due ? d : NULL,
                                    DECIDE_ASK_MS, &said);
        if (err == KD_OK && said.progress.durable && said.progress.seq >= d->seq) return KD_OK;
        if (err == KD_OK && due && said.written != KD_OK && said.written != KD_EAGAIN)
            return said.written == KD_EFULL ? decide_full(error, partition, d)
                                            : decide_fail(error, partition, said.written);
        if (err == KD_OK && due && said.written == KD_OK) write_us = now_us + WRITE_AGAIN_US;
        usleep(DECIDE_POLL_US);
    }
    return decide_fail(error, partition, KD_ETIMEOUT);
}

static int decide_fail_behind(char *error, uint32_t partition)
{
    snprintf(error, KD_OPTIONS_ERROR_MAX,
             "partition %" PRIu32 ": it has not read its log to the end yet; say it again", partition);
    return KD_ETIMEOUT;
}

int kd_job_decided(kd_jobs *jobs, uint32_t partition, kd_bytes job, kd_job_progress *progress, char *error)
{
    uint64_t until_us = kd_clock_mono_us() + DECIDED_US;
    bool behind = false;
    while (kd_clock_mono_us() < until_us && !kd_jobs_stopping(jobs)) {
        kd_job_said said;
        int err =
            kd_job_decide_ask(kd_jobs_worker(jobs, partition), partition, job, NULL, DECIDE_ASK_MS, &said);
        if (err == KD_OK) err = said.written;
        if (err != KD_OK) return decide_fail(error, partition, err);
        behind = said.behind;
        *progress = said.progress;
        if (!behind && (progress->seq == 0 || progress->durable)) return KD_OK;
        usleep(DECIDE_POLL_US);
    }
    return behind ? decide_fail_behind(error, partition) : decide_fail(error, partition, KD_ETIMEOUT);
}
