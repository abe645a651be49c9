/*
 * job_erase.c - see the header.
 *
 * Behind the mark nothing changes a row of the user that is stamped below it, but these decisions. So a walk that finds no such row says that none is left,
 * whoever wrote decisions of the job before; that walk ends the job in the partition.
 */
#include "central/io/operator/job_erase.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/io/operator/erase_gone.h"
#include "central/io/operator/job_decide.h"
#include "central/io/operator/job_store.h"
#include "common/base/text.h"
#include "common/io/loop/clock.h"
#include "common/io/loop/log.h"
#include "kudos/void.h"

enum { WALKS_MAX = 4 };

typedef struct {
    kd_jobs *jobs;
    char *error;
    kd_bytes user;
    const char *name; /* of the job */
    uint64_t stamp_us;
    kd_gone gone; /* of the partitions that are done */
    /* Of the partition that is walked over. */
    uint32_t partition;
    uint64_t seq, picked;
    /* Of the next decision: views into `ids`, which has room for all. */
    kd_op ops[KD_ERASE_OPS_MAX];
    uint32_t op_count;
    kd_buf ids, body;
} job_erase;

static int job_erase_fail(const job_erase *e, int err, const char *what)
{
    snprintf(e->error, KD_OPTIONS_ERROR_MAX, "partition %" PRIu32 ": %s", e->partition, what);
    return err;
}

/* ---- what a partition remembers ---- */

typedef struct {
    kd_bytes user;
    kd_erased found;  /* stamp_us 0: the user is not remembered */
    uint64_t void_us; /* the largest stamp of a void */
} job_erase_memory;

static int job_erase_see_void(void *arg, kd_bytes job, const kd_voided *told)
{
    job_erase_memory *m = arg;
    (void)job;
    m->void_us = KD_MAX(m->void_us, told->stamp_us);
    return 0;
}

static int job_erase_read(const kd_store *store, void *arg)
{
    job_erase_memory *m = arg;
    int err = kd_erased_find(store, m->user, &m->found);
    if (err == KD_ENOTFOUND) err = KD_OK;
    return err == KD_OK ? kd_voided_each(store, job_erase_see_void, m) : err;
}

static int job_erase_remembered(job_erase *e, job_erase_memory *m)
{
    *m = (job_erase_memory){.user = e->user};
    int err = kd_job_with_store(e->jobs, e->partition, job_erase_read, m);
    return err == KD_OK ? KD_OK : job_erase_fail(e, err, kd_strerror(err));
}

static bool job_erase_is_ours(const job_erase *e, const kd_erased *told)
{
    return told->stamp_us == e->stamp_us && strcmp(told->job, e->name) == 0;
}

/* ---- decisions ---- */

static kd_decision job_erase_decision(job_erase *e)
{
    return (kd_decision){.job = kd_bytes_str(e->name),
                         .seq = ++e->seq,
                         .author = kd_bytes_str(KD_ERASE_AUTHOR),
                         .stamp_us = e->stamp_us};
}

static int job_erase_decide_rows(job_erase *e, bool last)
{
    kd_body body = {.ops = e->ops, .op_count = e->op_count};
    kd_decision d = job_erase_decision(e);
    kd_buf_clear(&e->body);
    kd_body_encode(&body, &e->body);
    d.what = KD_DECIDED_WITHDRAW;
    d.body = kd_buf_view(&e->body);
    d.last = last;
    e->op_count = 0;
    kd_buf_clear(&e->ids);
    return kd_job_decide(e->jobs, e->partition, &d, e->error);
}

static int job_erase_decide_mark(job_erase *e)
{
    kd_decision d = job_erase_decision(e);
    d.what = KD_DECIDED_ERASE;
    d.body = e->user;
    return kd_job_decide(e->jobs, e->partition, &d, e->error);
}

static kd_bytes job_erase_keep(job_erase *e, kd_bytes id)
{
    size_t at = e->ids.len;
    kd_buf_put(&e->ids, id.data, id.len);
    return kd_bytes_of(e->ids.data + at, id.len);
}

static int job_erase_row(void *arg, uint8_t counter, kd_bytes item, kd_bytes user, uint64_t time_us)
{
    job_erase *e = arg;
    e->picked++;
    e->ops[e->op_count++] = (kd_op){.item = job_erase_keep(e, item),
                                    .user = job_erase_keep(e, user),
                                    .time_us = time_us,
                                    .counter = counter};
    return e->op_count == KD_ERASE_OPS_MAX ? job_erase_decide_rows(e, false) : 0;
}

static void job_erase_item(void *arg, uint8_t counter, kd_bytes item, uint64_t likes, uint64_t picked)
{
    (void)arg, (void)counter, (void)item, (void)likes, (void)picked;
}

static bool job_erase_progress(void *arg, uint64_t rows)
{
    job_erase *e = arg;
    return kd_jobs_progress(e->jobs, e->partition, rows);
}

static int job_erase_walk(const kd_store *store, void *arg)
{
    job_erase *e = arg;
    const kd_void_pick pick = {.users = &e->user, .user_count = 1, .erase_us = e->stamp_us};
    const kd_void_visitor visitor = {e, job_erase_row, job_erase_item, job_erase_progress};
    int err = kd_void_walk(store, &pick, &visitor);
    return err == KD_OK && e->op_count > 0 ? job_erase_decide_rows(e, false) : err;
}

static int job_erase_place(job_erase *e)
{
    kd_job_progress progress = {0};
    int err = kd_job_decided(e->jobs, e->partition, kd_bytes_str(e->name), &progress, e->error);
    e->seq = progress.seq;
    return err;
}

/* Walks over the partition once; all that was picked is decided, or, where nothing was, the end of the job. */
static int job_erase_pass(job_erase *e)
{
    int err = job_erase_place(e);
    if (err != KD_OK) return err;
    e->picked = 0;
    e->error[0] = '\0';
    err = kd_job_with_store(e->jobs, e->partition, job_erase_walk, e);
    if (err != KD_OK) return e->error[0] != '\0' ? err : job_erase_fail(e, err, kd_strerror(err));
    return e->picked == 0 ? job_erase_decide_rows(e, true) : KD_OK;
}

/* ---- a partition ---- */

static int job_erase_mark(job_erase *e, job_erase_memory *m)
{
    int err = job_erase_place(e);
    if (err == KD_OK) err = job_erase_decide_mark(e);
    if (err == KD_OK) err = job_erase_remembered(e, m);
    if (err != KD_OK || job_erase_is_ours(e, &m->found)) return err;
    return job_erase_fail(e, KD_EAGAIN, "another decision took that place; say it again");
}

static int job_erase_see_gone(job_erase *e, const kd_erased *told)
{
    kd_gone_partition p;
    int err = kd_gone_ask(e->jobs, e->partition, &p);
    if (err != KD_OK) return job_erase_fail(e, err, "erased; when it is gone, status will tell");
    const kd_gone_config config = kd_gone_configured(e->jobs->settings);
    kd_gone_add(&e->gone, &config, &p, told, kd_clock_wall_us());
    return KD_OK;
}

/* What was withdrawn is told in all, whoever led the partition meanwhile. */
static void job_erase_end_partition(job_erase *e, const kd_erased *told)
{
    kd_buf text = {0};
    kd_text_printf(&text, "erase-part partition=%" PRIu32 " withdrawn=%" PRIu64 "\n", e->partition,
                   told->withdrawn);
    kd_jobs_text(e->jobs, kd_buf_view(&text));
    kd_buf_finish(&text);
    kd_jobs_count_partition(e->jobs);
    KD_LOG(KD_WARN, "operator-order", KD_STR("order", "erase"), KD_STR("name", e->name),
           KD_U64("partition", e->partition), KD_U64("withdrawn", told->withdrawn));
}

static int job_erase_partition(void *arg, uint32_t partition, char *error)
{
    job_erase *e = arg;
    job_erase_memory m;
    e->error = error;
    e->partition = partition;
    e->op_count = 0;
    kd_buf_clear(&e->ids);
    int err = job_erase_remembered(e, &m);
    if (err == KD_OK && !job_erase_is_ours(e, &m.found)) err = job_erase_mark(e, &m);
    for (int walk = 0; err == KD_OK && m.found.finished_us == 0; walk++) {
        if (walk == WALKS_MAX) return job_erase_fail(e, KD_EAGAIN, "rows are left; say it again");
        err = job_erase_pass(e);
        if (err == KD_OK) err = job_erase_remembered(e, &m);
    }
    if (err == KD_OK) err = job_erase_see_gone(e, &m.found);
    if (err == KD_OK) job_erase_end_partition(e, &m.found);
    return err;
}

/* ---- an erasure ---- */

static job_erase *job_erase_create(kd_jobs *jobs, char *error)
{
    job_erase *e = kd_alloc(sizeof(*e));
    e->jobs = jobs;
    e->error = error;
    e->user = jobs->job.order.body;
    e->name = jobs->job.order.name;
    e->stamp_us = jobs->job.order.id;
    kd_buf_reserve(&e->ids, (size_t)KD_ERASE_OPS_MAX * (KD_ITEM_KEY_MAX + KD_ID_MAX));
    return e;
}

static void job_erase_destroy(job_erase *e)
{
    kd_buf_finish(&e->ids);
    kd_buf_finish(&e->body);
    free(e);
}

static void job_erase_tell_gone(const job_erase *e)
{
    kd_buf text = {0};
    kd_text_printf(&text, "erase-gone at_us=%" PRIu64 " reason=%s\n", e->gone.at_us,
                   e->gone.reason[0] != '\0' ? e->gone.reason : "-");
    kd_jobs_text(e->jobs, kd_buf_view(&text));
    kd_buf_finish(&text);
}

int kd_job_erase(kd_jobs *jobs, char *error)
{
    job_erase *e = job_erase_create(jobs, error);
    int err = KD_OK;
    if (!kd_id_valid(e->user) || !kd_name_valid(kd_bytes_str(e->name)) || e->stamp_us == 0) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "no id of a user, or no name and stamp of an erasure");
        err = KD_EINVAL;
    }
    if (err == KD_OK) err = kd_jobs_each(jobs, job_erase_partition, e, error);
    /* Of no partition nothing is known. */
    if (jobs->job.totals.partitions > 0) job_erase_tell_gone(e);
    job_erase_destroy(e);
    return err;
}

/* ---- what is remembered ---- */

static int job_erase_look_at(void *arg, uint32_t partition, char *error)
{
    job_erase *e = arg;
    job_erase_memory m;
    kd_buf text = {0};
    e->error = error;
    e->partition = partition;
    int err = job_erase_remembered(e, &m);
    if (err != KD_OK) return err;
    kd_text_printf(&text,
                   "erase-mark partition=%" PRIu32 " stamp_us=%" PRIu64 " void_us=%" PRIu64
                   " withdrawn=%" PRIu64 " finished=%d drift_us=%" PRIu64 " job=%s\n",
                   partition, m.found.stamp_us, m.void_us, m.found.withdrawn, m.found.finished_us > 0,
                   e->jobs->settings->drift_bound_us, m.found.stamp_us > 0 ? m.found.job : "-");
    kd_jobs_text(e->jobs, kd_buf_view(&text));
    kd_buf_finish(&text);
    kd_jobs_count_partition(e->jobs);
    return KD_OK;
}

int kd_job_erase_look(kd_jobs *jobs, char *error)
{
    job_erase *e = job_erase_create(jobs, error);
    int err = kd_jobs_each(jobs, job_erase_look_at, e, error);
    job_erase_destroy(e);
    return err;
}
