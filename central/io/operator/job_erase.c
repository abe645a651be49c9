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

enum { WALKS_MAX = 4, UNFINISHED_MAX = 16 };

typedef struct {
    kd_jobs *jobs;
    char *error;
    kd_bytes user;
    char name[KD_NAME_MAX + 1]; /* of the job */
    bool resumed;               /* it was broken off: only what it has marked is brought to an end */
    uint64_t stamp_us, withdrawn;
    kd_gone gone;
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

static int job_erase_partition(job_erase *e)
{
    job_erase_memory m;
    int err = job_erase_remembered(e, &m);
    bool ours = job_erase_is_ours(e, &m.found);
    if (err != KD_OK || (e->resumed && !ours)) return err;
    if (!ours) err = job_erase_mark(e, &m);
    uint64_t before = m.found.withdrawn;
    for (int walk = 0; err == KD_OK && m.found.finished_us == 0; walk++) {
        if (walk == WALKS_MAX) return job_erase_fail(e, KD_EAGAIN, "rows are left; say it again");
        err = job_erase_pass(e);
        if (err == KD_OK) err = job_erase_remembered(e, &m);
    }
    e->withdrawn += m.found.withdrawn - before;
    if (err == KD_OK && !e->resumed) kd_jobs_count_partition(e->jobs);
    return err;
}

/* ---- an erasure ---- */

static int job_erase_run(job_erase *e)
{
    int err = KD_OK;
    for (e->partition = 0; err == KD_OK && e->partition < e->jobs->settings->partitions; e->partition++)
        err = job_erase_partition(e);
    return err;
}

/* Takes up an erasure of the user that was broken off, if there is one. Else chooses a name, and a stamp above all that partitions
 * remember: what any edge whose clock is within the bound took before now is stamped up to it. */
static int job_erase_choose(job_erase *e)
{
    e->resumed = false;
    e->stamp_us = kd_clock_wall_us() + e->jobs->settings->drift_bound_us;
    for (e->partition = 0; e->partition < e->jobs->settings->partitions; e->partition++) {
        job_erase_memory m;
        int err = job_erase_remembered(e, &m);
        if (err != KD_OK) return err;
        e->resumed = m.found.stamp_us > 0 && m.found.finished_us == 0;
        if (e->resumed) {
            snprintf(e->name, sizeof(e->name), "%s", m.found.job);
            e->stamp_us = m.found.stamp_us;
            return KD_OK;
        }
        e->stamp_us = KD_MAX(e->stamp_us, KD_MAX(m.found.stamp_us, m.void_us));
    }
    e->stamp_us++;
    snprintf(e->name, sizeof(e->name), "%s", e->jobs->job.order.name);
    return KD_OK;
}

static int job_erase_all(job_erase *e)
{
    int err = KD_OK;
    e->resumed = true;
    for (int runs = 0; err == KD_OK && e->resumed; runs++) {
        if (runs == UNFINISHED_MAX) return job_erase_fail(e, KD_EAGAIN, "it does not end; say it again");
        err = job_erase_choose(e);
        if (err == KD_OK) err = job_erase_run(e);
    }
    return err;
}

static int job_erase_see_gone(job_erase *e)
{
    for (e->partition = 0; e->partition < e->jobs->settings->partitions; e->partition++) {
        job_erase_memory m;
        kd_gone_partition p;
        int err = job_erase_remembered(e, &m);
        if (err == KD_OK) err = kd_gone_ask(e->jobs, e->partition, &p);
        if (err != KD_OK) return job_erase_fail(e, err, "erased; when it is gone, status will tell");
        const kd_gone_config config = kd_gone_configured(e->jobs->settings);
        kd_gone_add(&e->gone, &config, &p, &m.found, kd_clock_wall_us());
    }
    return KD_OK;
}

static void job_erase_tell(const job_erase *e)
{
    kd_buf text = {0};
    kd_text_printf(&text, "erase operations=%" PRIu64 " ", e->withdrawn);
    kd_gone_put(&e->gone, &text);
    kd_text_printf(&text, " job=%s verdict=erased\n", e->name);
    kd_jobs_text(e->jobs, kd_buf_view(&text));
    kd_buf_finish(&text);
    KD_LOG(KD_WARN, "operator-order", KD_STR("order", "erase"), KD_STR("name", e->name),
           KD_U64("withdrawn", e->withdrawn));
}

int kd_job_erase(kd_jobs *jobs, char *error)
{
    job_erase *e = kd_alloc(sizeof(*e));
    e->jobs = jobs;
    e->error = error;
    e->user = jobs->job.order.body;
    int err = KD_OK;
    kd_buf_reserve(&e->ids, (size_t)KD_ERASE_OPS_MAX * (KD_ITEM_KEY_MAX + KD_ID_MAX));
    if (!kd_id_valid(e->user) || !kd_name_valid(kd_bytes_str(jobs->job.order.name))) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "no id of a user");
        err = KD_EINVAL;
    }
    if (err == KD_OK) err = job_erase_all(e);
    if (err == KD_OK) err = job_erase_see_gone(e);
    if (err == KD_OK) job_erase_tell(e);
    kd_buf_finish(&e->ids);
    kd_buf_finish(&e->body);
    free(e);
    return err;
}
