/* job_erase_list.c - the erasures that partitions remember, with how far each is and when its user's id is gone. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/io/operator/erase_gone.h"
#include "central/io/operator/job_erase.h"
#include "central/io/operator/job_store.h"
#include "common/base/text.h"
#include "common/io/loop/clock.h"

enum { LISTED_MAX = 1000 }; /* jobs; of more the latest */

typedef struct {
    kd_erased told; /* of the first partition */
    uint64_t withdrawn;
    uint32_t begun, finished; /* partitions */
    kd_gone gone;
} erase_listed;

typedef struct {
    kd_jobs *jobs;
    const kd_central_settings *settings;
    erase_listed *at;
    uint32_t count, cap;
    kd_gone_partition partition;
    uint64_t now_us;
} erase_list;

static int erase_list_order(const void *left, const void *right)
{
    const erase_listed *a = left, *b = right;
    if (a->told.stamp_us != b->told.stamp_us) return a->told.stamp_us > b->told.stamp_us ? -1 : 1;
    return strcmp(a->told.job, b->told.job);
}

/* Sorts, adds entries of one job up, and drops the oldest. */
static void erase_list_fold(erase_list *l)
{
    uint32_t kept = 0;
    if (l->count > 0) qsort(l->at, l->count, sizeof *l->at, erase_list_order);
    for (uint32_t i = 0; i < l->count && kept <= LISTED_MAX; i++) {
        erase_listed *last = kept > 0 ? &l->at[kept - 1] : NULL;
        const erase_listed next = l->at[i];
        if (!last || erase_list_order(last, &next) != 0) {
            l->at[kept++] = next;
            continue;
        }
        last->withdrawn += next.withdrawn;
        last->begun += next.begun;
        last->finished += next.finished;
        last->gone.at_us = KD_MAX(last->gone.at_us, next.gone.at_us);
        if (last->gone.reason[0] == '\0') last->gone = (kd_gone){last->gone.at_us, ""};
        if (last->gone.reason[0] == '\0')
            snprintf(last->gone.reason, sizeof(last->gone.reason), "%s", next.gone.reason);
    }
    l->count = KD_MIN(kept, LISTED_MAX);
}

static int erase_list_see(void *arg, kd_bytes digest, const kd_erased *told)
{
    erase_list *l = arg;
    (void)digest;
    l->at = kd_grow(l->at, l->count, &l->cap, sizeof *l->at);
    erase_listed *next = &l->at[l->count++];
    *next = (erase_listed){.told = *told, .withdrawn = told->withdrawn, .begun = 1};
    next->finished = told->finished_us > 0;
    const kd_gone_config config = kd_gone_configured(l->settings);
    kd_gone_add(&next->gone, &config, &l->partition, told, l->now_us);
    return 0;
}

static int erase_list_store(const kd_store *store, void *arg)
{
    return kd_erased_each(store, erase_list_see, arg);
}

static void erase_list_put(const erase_listed *e, kd_buf *out)
{
    kd_text_printf(out,
                   "erase-job job=%s to_us=%" PRIu64 " begun=%" PRIu32 " finished=%" PRIu32
                   " withdrawn=%" PRIu64 " at_us=%" PRIu64 " reason=%s\n",
                   e->told.job, e->told.stamp_us, e->begun, e->finished, e->withdrawn, e->gone.at_us,
                   e->gone.reason[0] != '\0' ? e->gone.reason : "-");
}

static int erase_list_partition(void *arg, uint32_t partition, char *error)
{
    erase_list *l = arg;
    int err = kd_gone_ask(l->jobs, partition, &l->partition);
    if (err == KD_OK) err = kd_job_with_store(l->jobs, partition, erase_list_store, l);
    if (err != KD_OK) snprintf(error, KD_OPTIONS_ERROR_MAX, "%s", kd_strerror(err));
    if (err == KD_OK) kd_jobs_count_partition(l->jobs);
    erase_list_fold(l);
    return err;
}

int kd_job_erase_list(kd_jobs *jobs, char *error)
{
    erase_list l = {.jobs = jobs, .settings = jobs->settings, .now_us = kd_clock_wall_us()};
    kd_buf text = {0};
    int err = kd_jobs_each(jobs, erase_list_partition, &l, error);
    for (uint32_t i = 0; i < l.count; i++) erase_list_put(&l.at[i], &text);
    kd_jobs_text(jobs, kd_buf_view(&text));
    kd_buf_finish(&text);
    free(l.at);
    return err;
}
