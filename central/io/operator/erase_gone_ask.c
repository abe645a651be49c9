/* erase_gone_ask.c - what a partition knows of places that keep ids, asked of its worker (erase_gone.h). */
#include "central/io/operator/erase_gone.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/text.h"
#include "common/io/loop/ask.h"
#include "kudos/forget.h"

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

static void gone_name(char out[KD_NAME_MAX + 1], kd_bytes name)
{
    snprintf(out, KD_NAME_MAX + 1, "%.*s", KD_PRINT(name));
}

static void gone_look_at_backups(const kd_central *core, kd_gone_partition *f)
{
    kd_central_backup backups[KD_BACKUPS_MAX];
    uint32_t count = kd_central_backups(core, backups, KD_BACKUPS_MAX);
    f->oldest_backup = UINT64_MAX;
    for (uint32_t i = 0; i < count; i++) {
        const kd_central_backup *b = &backups[i];
        if (b->complete) f->newest_backup = KD_MAX(f->newest_backup, b->version);
        if (b->version >= f->oldest_backup) continue;
        f->oldest_backup = b->version;
        gone_name(f->backup, b->id);
    }
}

static void gone_look_at_edges(const kd_central *core, kd_gone_partition *f)
{
    kd_central_edge *edges = kd_alloc(sizeof(*edges) * KD_EDGES_MAX);
    uint32_t count = kd_central_edges(core, edges, KD_EDGES_MAX);
    f->lowest_us = UINT64_MAX;
    for (uint32_t i = 0; i < count; i++) {
        bool author = kd_author_valid(edges[i].name);
        if (author || edges[i].retired || edges[i].watermark_us >= f->lowest_us) continue;
        f->lowest_us = edges[i].watermark_us;
        gone_name(f->edge, edges[i].name);
    }
    free(edges);
}

/* An edge that central must expect, and was never heard of, may hold anything. */
static void gone_look_at_unheard(const kd_central *core, kd_gone_partition *f)
{
    kd_central_forgetting held;
    kd_central_get_forgetting(core, &held);
    if (held.floor_held_by != KD_HELD_BY_UNHEARD) return;
    f->lowest_us = 0;
    gone_name(f->edge, held.floor_holder);
}

/* On the worker's thread. */
static void gone_work(kd_ask *ask)
{
    gone_question *q = KD_CONTAINER(ask, gone_question, ask);
    const kd_tenure *t = kd_worker_tenure(ask->owner, q->partition);
    if (!t->core) return;
    kd_central_stats stats;
    kd_central_get_stats(t->core, &stats);
    q->open = true;
    q->found.quarantined = (uint32_t)stats.quarantine_kept;
    gone_look_at_backups(t->core, &q->found);
    gone_look_at_edges(t->core, &q->found);
    gone_look_at_unheard(t->core, &q->found);
}

int kd_gone_ask(kd_jobs *jobs, uint32_t partition, kd_gone_partition *out)
{
    gone_question *q = kd_alloc(sizeof(*q));
    q->ask.work = gone_work;
    q->ask.dispose = gone_dispose;
    q->ask.owner = kd_jobs_worker(jobs, partition);
    q->partition = partition;
    bool told = kd_ask_run(&q->ask, kd_jobs_worker(jobs, partition)->loop, GONE_ASK_MS) && q->open;
    if (told) *out = q->found;
    kd_ask_let_go(&q->ask);
    return told ? KD_OK : KD_ETIMEOUT;
}
