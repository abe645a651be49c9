/*
 * job_void.c - see the header.
 *
 * A decision of the same job that an earlier process wrote may still be under way, and take the number of one that is written here. So what a partition
 * remembers of the job is compared with what was decided, and the partition walked over again where that is not all.
 */
#include "central/io/operator/job_void.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/io/operator/job_decide.h"
#include "central/io/operator/job_store.h"
#include "central/io/operator/void_effect.h"
#include "central/io/operator/void_order.h"
#include "common/base/text.h"

enum { WALKS_MAX = 3 };

typedef struct {
    kd_jobs *jobs;
    char *error;
    kd_bytes name; /* of the job */
    kd_decided what;
    kd_void_pick pick;
    uint64_t stamp_us; /* of the tombstones */
    bool dry;
    uint32_t users;
    kd_void_effects all; /* of the partitions that are done */
    /* Of the partition that is walked over. */
    uint32_t partition;
    kd_void_effects effects;
    uint64_t seq, picked, picked_first;
    bool counted; /* its items are among the effects */
    /* Of the next decision: views into `ids`, which has room for all. */
    kd_op ops[KD_VOID_OPS_MAX];
    uint32_t op_count;
    kd_buf ids, body;
} job_void;

static int job_void_fail(const job_void *v, int err, const char *what)
{
    snprintf(v->error, KD_OPTIONS_ERROR_MAX, "partition %" PRIu32 ": %s", v->partition, what);
    return err;
}

/* ---- what a partition remembers ---- */

typedef struct {
    kd_bytes name;
    uint64_t stamp_us;
    kd_voided found; /* the job's; stamp_us 0: it is not remembered */
    bool taken;      /* another void has that stamp */
} job_void_memory;

static int job_void_compare(void *arg, kd_bytes job, const kd_voided *told)
{
    job_void_memory *m = arg;
    if (kd_bytes_eq(job, m->name))
        m->found = *told;
    else
        m->taken |= told->stamp_us == m->stamp_us;
    return 0;
}

static int job_void_read_memory(const kd_store *store, void *arg)
{
    return kd_voided_each(store, job_void_compare, arg);
}

static int job_void_remembered(const job_void *v, uint32_t partition, job_void_memory *m)
{
    *m = (job_void_memory){.name = v->name, .stamp_us = v->stamp_us};
    int err = kd_job_with_store(v->jobs, partition, job_void_read_memory, m);
    return err == KD_OK ? KD_OK : job_void_fail(v, err, kd_strerror(err));
}

/* ---- decisions ---- */

static int job_void_decide(job_void *v, bool last)
{
    kd_body body = {.ops = v->ops, .op_count = v->op_count};
    kd_buf_clear(&v->body);
    kd_body_encode(&body, &v->body);
    const kd_decision d = {.job = v->name,
                           .seq = ++v->seq,
                           .last = last,
                           .what = v->what,
                           .author = kd_bytes_str(KD_VOID_AUTHOR),
                           .stamp_us = v->stamp_us + (v->what == KD_DECIDED_PUT_BACK),
                           .body = kd_buf_view(&v->body)};
    v->op_count = 0;
    kd_buf_clear(&v->ids);
    return kd_job_decide(v->jobs, v->partition, &d, v->error);
}

static kd_bytes job_void_keep(job_void *v, kd_bytes id)
{
    size_t at = v->ids.len;
    kd_buf_put(&v->ids, id.data, id.len);
    return kd_bytes_of(v->ids.data + at, id.len);
}

static int job_void_row(void *arg, uint8_t counter, kd_bytes item, kd_bytes user, uint64_t time_us)
{
    job_void *v = arg;
    v->picked++;
    if (v->dry) return 0;
    v->ops[v->op_count++] = (kd_op){.item = job_void_keep(v, item),
                                    .user = job_void_keep(v, user),
                                    .time_us = time_us,
                                    .counter = counter,
                                    .liked = v->what == KD_DECIDED_PUT_BACK};
    return v->op_count == KD_VOID_OPS_MAX ? job_void_decide(v, false) : 0;
}

static void job_void_item(void *arg, uint8_t counter, kd_bytes item, uint64_t likes, uint64_t picked)
{
    job_void *v = arg;
    if (!v->counted) kd_void_effects_note(&v->effects, counter, item, likes, picked);
}

static bool job_void_progress(void *arg, uint64_t rows)
{
    job_void *v = arg;
    return kd_jobs_progress(v->jobs, v->partition, rows);
}

static int job_void_walk(const kd_store *store, void *arg)
{
    job_void *v = arg;
    const kd_void_visitor visitor = {v, job_void_row, job_void_item, job_void_progress};
    int err = kd_void_walk(store, &v->pick, &visitor);
    return err == KD_OK && v->op_count > 0 ? job_void_decide(v, false) : err;
}

/* Walks over the partition once; all that was picked is decided. */
static int job_void_pass(job_void *v)
{
    kd_job_progress progress = {0};
    int err = kd_job_decided(v->jobs, v->partition, v->name, &progress, v->error);
    if (err != KD_OK) return err;
    v->seq = progress.seq;
    v->picked = 0;
    v->error[0] = '\0';
    err = kd_job_with_store(v->jobs, v->partition, job_void_walk, v);
    v->counted = true;
    return err == KD_OK || v->error[0] != '\0' ? err : job_void_fail(v, err, kd_strerror(err));
}

/* ---- a void ---- */

/* A partition is done: what the command adds up. What of a job was withdrawn, skipped and put back is told in all, whoever led the partition meanwhile. */
static int job_void_end_partition(job_void *v, const kd_voided *told)
{
    kd_buf text = {0};
    kd_void_effects_add(&v->all, &v->effects);
    kd_text_printf(&text,
                   "void-part partition=%" PRIu32 " users=%" PRIu32 " items=%" PRIu64 " picked=%" PRIu64
                   " withdrawn=%" PRIu64 " skipped=%" PRIu64 " put_back=%" PRIu64 "\n",
                   v->partition, v->users, v->effects.items, v->picked_first, told->withdrawn, told->skipped,
                   told->put_back);
    kd_jobs_text(v->jobs, kd_buf_view(&text));
    kd_buf_finish(&text);
    kd_jobs_count_partition(v->jobs);
    return KD_OK;
}

static void job_void_begin_partition(job_void *v, uint32_t partition)
{
    v->partition = partition;
    v->effects = (kd_void_effects){.count = 0};
    v->counted = false;
    v->op_count = 0;
    kd_buf_clear(&v->ids);
}

static int job_void_is_over(const job_void *v)
{
    return job_void_fail(v, KD_EINVAL, "that name is of a job that is over; take another one");
}

/* A name that is used up is refused, and a stamp that is not the job's. */
static int job_void_check(job_void *v, const job_void_memory *m)
{
    kd_job_progress progress;
    int err = kd_job_decided(v->jobs, v->partition, v->name, &progress, v->error);
    if (err != KD_OK) return err;
    if (m->found.closed || (progress.seq > 0 && m->found.stamp_us == 0)) return job_void_is_over(v);
    if (m->taken) return job_void_fail(v, KD_EAGAIN, "another void has this stamp; say it again");
    return m->found.stamp_us == 0 || m->found.stamp_us == v->stamp_us
               ? KD_OK
               : job_void_fail(v, KD_EAGAIN, "another command gave the job a stamp; say it again");
}

static int job_void_withdraw(void *arg, uint32_t partition, char *error)
{
    job_void *v = arg;
    job_void_memory before, after = {.taken = false};
    v->error = error;
    job_void_begin_partition(v, partition);
    int err = job_void_remembered(v, partition, &before);
    if (err == KD_OK) err = job_void_check(v, &before);
    for (int walk = 0; err == KD_OK && walk < WALKS_MAX; walk++) {
        err = job_void_pass(v);
        if (walk == 0) v->picked_first = v->picked;
        if (err == KD_OK) err = job_void_remembered(v, partition, &after);
        uint64_t decided =
            after.found.withdrawn - before.found.withdrawn + after.found.skipped - before.found.skipped;
        if (err != KD_OK || v->dry || decided == v->picked) break;
        before = after;
    }
    return err == KD_OK ? job_void_end_partition(v, &after.found) : err;
}

static void job_void_tell_effects(const job_void *v, bool put_back)
{
    kd_buf text = {0};
    kd_void_effects_put(&v->all, &v->jobs->counters, put_back, &text);
    kd_jobs_text(v->jobs, kd_buf_view(&text));
    kd_buf_finish(&text);
}

/* The stamp was chosen by the command, by what all partitions remember (KD_ORDER_VOID_LIST). */
static int job_void_window(job_void *v, const kd_void_order *o)
{
    v->stamp_us = v->jobs->job.order.id;
    v->dry = o->dry;
    v->users = o->user_count;
    v->pick = (kd_void_pick){.users = o->users,
                             .user_count = o->user_count,
                             .items = o->item_keys,
                             .item_count = o->item_count,
                             .counter = o->counter,
                             .from_us = o->from_us,
                             .to_us = o->to_us};
    bool known = kd_name_valid(v->name) && o->to_us > 0 && o->to_us < v->stamp_us;
    return known ? KD_OK : job_void_fail(v, KD_EINVAL, "a void has a name, an end, and a stamp above that");
}

static job_void *job_void_create(kd_jobs *jobs, kd_decided what, char *error)
{
    job_void *v = kd_alloc(sizeof(*v));
    v->jobs = jobs;
    v->error = error;
    v->what = what;
    v->name = kd_bytes_str(jobs->job.order.name);
    kd_buf_reserve(&v->ids, (size_t)KD_VOID_OPS_MAX * (KD_ITEM_KEY_MAX + KD_ID_MAX));
    return v;
}

static void job_void_destroy(job_void *v)
{
    kd_buf_finish(&v->ids);
    kd_buf_finish(&v->body);
    free(v);
}

int kd_job_void(kd_jobs *jobs, char *error)
{
    kd_void_order o;
    job_void *v = job_void_create(jobs, KD_DECIDED_WITHDRAW, error);
    int err = kd_void_order_read(&o, jobs->job.order.body, &jobs->counters, error);
    if (err == KD_OK) err = job_void_window(v, &o);
    if (err == KD_OK) err = kd_jobs_each(jobs, job_void_withdraw, v, error);
    job_void_tell_effects(v, false);
    kd_void_order_finish(&o);
    job_void_destroy(v);
    return err;
}

/* ---- undoing it ---- */

/* Ends the job in the partition when all that it withdrew is decided about; *m: as it was before. */
static int job_void_end(job_void *v, job_void_memory *m)
{
    job_void_memory now;
    int err = job_void_remembered(v, v->partition, &now);
    if (err != KD_OK || now.found.stamp_us == 0) return err;
    *m = now;
    return job_void_decide(v, true);
}

static int job_void_undo(void *arg, uint32_t partition, char *error)
{
    job_void *v = arg;
    job_void_memory m, now;
    v->error = error;
    job_void_begin_partition(v, partition);
    int err = job_void_remembered(v, partition, &m);
    if (err == KD_OK && m.found.stamp_us == 0) err = KD_ENOTFOUND;
    v->stamp_us = v->pick.put_back_us = m.found.stamp_us;
    now = m;
    for (int walk = 0; err == KD_OK && walk < WALKS_MAX && now.found.stamp_us > 0; walk++) {
        err = job_void_pass(v);
        if (err == KD_OK) err = job_void_end(v, &m);
        if (err == KD_OK) err = job_void_remembered(v, partition, &now);
    }
    if (err != KD_OK) return err;
    return now.found.stamp_us > 0 ? job_void_fail(v, KD_EAGAIN, "not undone yet; say it again")
                                  : job_void_end_partition(v, &m.found);
}

int kd_job_void_undo(kd_jobs *jobs, char *error)
{
    job_void *v = job_void_create(jobs, KD_DECIDED_PUT_BACK, error);
    int err = kd_jobs_each(jobs, job_void_undo, v, error);
    job_void_tell_effects(v, true);
    job_void_destroy(v);
    return err;
}

/* ---- the list ---- */

typedef struct {
    kd_jobs *jobs;
    kd_buf text;
    uint32_t partition;
    bool found; /* the job that the order names, if it names one */
} job_void_list;

static int job_void_list_one(void *arg, kd_bytes job, const kd_voided *told)
{
    job_void_list *l = arg;
    l->found |= kd_bytes_eq(job, kd_bytes_str(l->jobs->job.order.name));
    kd_text_printf(&l->text,
                   "void-job job=%.*s partition=%" PRIu32 " to_us=%" PRIu64 " withdrawn=%" PRIu64
                   " skipped=%" PRIu64 " put_back=%" PRIu64 " state=%s\n",
                   KD_PRINT(job), l->partition, told->stamp_us - 1, told->withdrawn, told->skipped,
                   told->put_back, told->closed ? "undoing" : "withdrawn");
    return 0;
}

static int job_void_list_store(const kd_store *store, void *arg)
{
    return kd_voided_each(store, job_void_list_one, arg);
}

/* Of a job that the order names, and that no void is remembered of, whether it is over. */
static int job_void_list_over(job_void_list *l, char *error)
{
    kd_job_progress progress;
    kd_bytes name = kd_bytes_str(l->jobs->job.order.name);
    if (name.len == 0 || l->found) return KD_OK;
    int err = kd_job_decided(l->jobs, l->partition, name, &progress, error);
    if (err == KD_OK && progress.seq > 0)
        kd_text_printf(&l->text,
                       "void-job job=%.*s partition=%" PRIu32
                       " to_us=0 withdrawn=0 skipped=0 put_back=0 state=over\n",
                       KD_PRINT(name), l->partition);
    return err;
}

static int job_void_list_partition(void *arg, uint32_t partition, char *error)
{
    job_void_list *l = arg;
    l->partition = partition;
    l->found = false;
    kd_buf_clear(&l->text);
    /* What is written already, and not merged in the store that is read, is waited for. */
    int err = job_void_list_over(l, error);
    kd_buf_clear(&l->text);
    if (err == KD_OK) err = kd_job_with_store(l->jobs, partition, job_void_list_store, l);
    if (err == KD_OK) err = job_void_list_over(l, error);
    if (err != KD_OK && error[0] == '\0') snprintf(error, KD_OPTIONS_ERROR_MAX, "%s", kd_strerror(err));
    if (err != KD_OK) return err;
    kd_jobs_text(l->jobs, kd_buf_view(&l->text));
    kd_jobs_count_partition(l->jobs);
    return KD_OK;
}

int kd_job_void_list(kd_jobs *jobs, char *error)
{
    job_void_list l = {.jobs = jobs};
    int err = kd_jobs_each(jobs, job_void_list_partition, &l, error);
    kd_buf_finish(&l.text);
    return err;
}
