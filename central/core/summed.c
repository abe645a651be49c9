/* summed.c - see the header. */
#include "central/core/summed.h"

#include <stdlib.h>

#include "central/core/state.h"

typedef struct {
    kd_table_entry entry;
    kd_decided_job job;
} summed_entry;

static kd_bytes summed_name(const void *entry)
{
    const summed_entry *e = entry;
    return kd_bytes_of(e->job.name, e->job.name_len);
}

void kd_summed_init(kd_central *c)
{
    kd_table_init(&c->decider.summed, summed_name, c->config.seed);
}

void kd_summed_finish(kd_central *c)
{
    size_t cursor = 0;
    for (void *e; (e = kd_table_next(&c->decider.summed, &cursor)) != NULL;) free(e);
    kd_table_finish(&c->decider.summed);
}

kd_decided_job *kd_summed_find(const kd_decider *l, kd_bytes name)
{
    summed_entry *e = kd_table_find(&l->summed, name);
    return e ? &e->job : NULL;
}

bool kd_summed_full(const kd_decider *l)
{
    return l->summed.count >= KD_SUMMED_JOBS_MAX;
}

kd_decided_job *kd_summed_add(kd_decider *l, const kd_decided_job *job)
{
    KD_ASSERT(!kd_summed_full(l));
    summed_entry *e = kd_alloc(sizeof *e);
    e->job = *job;
    kd_table_put(&l->summed, e);
    return &e->job;
}
