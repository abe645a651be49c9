/* erase_gone_ask.c - the question to the worker of a partition (erase_gone.h). */
#include "central/io/operator/erase_gone.h"

#include <stdlib.h>

#include "common/io/loop/ask.h"

enum { GONE_ASK_MS = 30000 };

typedef struct {
    kd_ask ask;
    uint32_t partition;
    bool open;
    kd_gone_partition found;
} gone_question;

static void gone_dispose(kd_ask *ask)
{
    free(KD_CONTAINER(ask, gone_question, ask));
}

/* On the worker's thread. */
static void gone_work(kd_ask *ask)
{
    gone_question *q = KD_CONTAINER(ask, gone_question, ask);
    const kd_tenure *t = kd_worker_tenure(ask->owner, q->partition);
    if (!t->core) return;
    q->open = true;
    kd_gone_look(t->core, &q->found);
}

int kd_gone_ask(kd_jobs *jobs, uint32_t partition, kd_gone_partition *out)
{
    gone_question *q = kd_alloc(sizeof(*q));
    q->ask.work = gone_work;
    q->ask.dispose = gone_dispose;
    q->ask.owner = kd_jobs_worker(jobs, partition);
    q->partition = partition;
    int err = kd_ask_run(&q->ask, kd_jobs_worker(jobs, partition)->loop, GONE_ASK_MS) ? KD_OK : KD_ETIMEOUT;
    if (err == KD_OK && !q->open) err = KD_EUNAVAILABLE;
    if (err == KD_OK) *out = q->found;
    kd_ask_let_go(&q->ask);
    return err;
}
