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
#include "common/io/loop/clock.h"

enum { WALKS_MAX = 3 };

typedef struct {
    kd_jobs *jobs;
    char *error;
    kd_bytes name; /* of the job */
    kd_decided what;
    kd_void_pick pick;
    uint64_t stamp_us; /* of the tombstones */
    bool dry;
    kd_void_effects effects;
    uint64_t withdrawn, skipped, put_back;
    /* Of the partition that is walked over. */
    uint32_t partition;
    uint64_t seq, picked;
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

static int job_void_withdraw(job_void *v)
{
    job_void_memory before, after;
    int err = job_void_remembered(v, v->partition, &before);
    v->counted = false;
    for (int walk = 0; err == KD_OK && walk < WALKS_MAX; walk++) {
        err = job_void_pass(v);
        if (err == KD_OK && v->dry) v->withdrawn += v->picked;
        if (err != KD_OK || v->dry || v->picked == 0) break;
        err = job_void_remembered(v, v->partition, &after);
        uint64_t withdrawn = after.found.withdrawn - before.found.withdrawn,
                 skipped = after.found.skipped - before.found.skipped;
        v->withdrawn += withdrawn;
        v->skipped += skipped;
        if (withdrawn + skipped == v->picked) break;
        before = after;
    }
    return err;
}

/* The stamp of the job, where a partition remembers it; or one that no other void has. A name that is used up is refused. */
static int job_void_choose_stamp(job_void *v, uint64_t to_us)
{
    bool taken = true;
    uint64_t stored_us = 0;
    for (v->stamp_us = to_us + 1; taken && stored_us == 0; v->stamp_us += taken) {
        taken = false;
        for (v->partition = 0; v->partition < v->jobs->settings->partitions; v->partition++) {
            job_void_memory m;
            kd_job_progress progress;
            int err = kd_job_decided(v->jobs, v->partition, v->name, &progress, v->error);
            if (err == KD_OK) err = job_void_remembered(v, v->partition, &m);
            if (err != KD_OK) return err;
            if (m.found.closed || (progress.seq > 0 && m.found.stamp_us == 0))
                return job_void_fail(v, KD_EINVAL, "that name is of a job that is over; take another one");
            stored_us = KD_MAX(stored_us, m.found.stamp_us);
            taken |= m.taken;
        }
    }
    if (stored_us > 0) v->stamp_us = stored_us;
    return KD_OK;
}

static int job_void_window(job_void *v, const kd_void_order *o)
{
    uint64_t now_us = kd_clock_wall_us();
    v->partition = 0;
    if (o->to_us > now_us) return job_void_fail(v, KD_EINVAL, "--to is in the future");
    int err = job_void_choose_stamp(v, o->to_us ? o->to_us : now_us);
    if (err != KD_OK) return err;
    v->pick.from_us = o->from_us;
    v->pick.to_us = o->to_us ? o->to_us : KD_MIN(now_us, v->stamp_us - 1);
    if (v->pick.to_us >= v->stamp_us)
        return job_void_fail(v, KD_EINVAL, "that job was ordered with an earlier --to");
    return KD_OK;
}

static void job_void_tell(const job_void *v, const kd_void_order *o)
{
    kd_buf text = {0};
    kd_void_effects_put(&v->effects, &v->jobs->counters, false, &text);
    kd_text_printf(&text,
                   "void users=%" PRIu32 " items=%" PRIu64 " operations=%" PRIu64 " skipped=%" PRIu64
                   " job=%.*s verdict=%s\n",
                   o->user_count, v->effects.items, v->withdrawn, v->skipped, KD_PRINT(v->name),
                   v->dry ? "preview" : "withdrawn");
    kd_jobs_text(v->jobs, kd_buf_view(&text));
    kd_buf_finish(&text);
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
    if (err == KD_OK && !kd_name_valid(v->name)) err = job_void_fail(v, KD_EINVAL, "no name of a job");
    if (err == KD_OK) err = job_void_window(v, &o);
    v->dry = o.dry;
    v->pick.users = o.users;
    v->pick.user_count = o.user_count;
    v->pick.items = o.item_keys;
    v->pick.item_count = o.item_count;
    v->pick.counter = o.counter;
    for (v->partition = 0; err == KD_OK && v->partition < jobs->settings->partitions; v->partition++)
        err = job_void_withdraw(v);
    if (err == KD_OK) job_void_tell(v, &o);
    kd_void_order_finish(&o);
    job_void_destroy(v);
    return err;
}

/* ---- undoing it ---- */

/* Ends the job in the partition when all that it withdrew is decided about. */
static int job_void_end(job_void *v)
{
    job_void_memory m;
    int err = job_void_remembered(v, v->partition, &m);
    if (err != KD_OK || m.found.stamp_us == 0) return err;
    v->put_back += m.found.put_back;
    return job_void_decide(v, true);
}

static int job_void_undo(job_void *v, bool *known)
{
    job_void_memory m;
    int err = job_void_remembered(v, v->partition, &m);
    if (err != KD_OK || m.found.stamp_us == 0) return err;
    *known = true;
    v->counted = false;
    v->stamp_us = v->pick.put_back_us = m.found.stamp_us;
    for (int walk = 0; err == KD_OK && walk < WALKS_MAX && m.found.stamp_us > 0; walk++) {
        err = job_void_pass(v);
        if (err == KD_OK) err = job_void_end(v);
        if (err == KD_OK) err = job_void_remembered(v, v->partition, &m);
    }
    return err == KD_OK && m.found.stamp_us > 0 ? job_void_fail(v, KD_EAGAIN, "not undone yet; say it again")
                                                : err;
}

int kd_job_void_undo(kd_jobs *jobs, char *error)
{
    bool known = false;
    int err = KD_OK;
    job_void *v = job_void_create(jobs, KD_DECIDED_PUT_BACK, error);
    for (; err == KD_OK && v->partition < jobs->settings->partitions; v->partition++)
        err = job_void_undo(v, &known);
    if (err == KD_OK && !known) {
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "no partition knows that void: it is undone, or too many came since");
        err = KD_ENOTFOUND;
    }
    kd_buf text = {0};
    kd_void_effects_put(&v->effects, &jobs->counters, true, &text);
    kd_text_printf(&text, "void items=%" PRIu64 " operations=%" PRIu64 " job=%.*s verdict=undone\n",
                   v->effects.items, v->put_back, KD_PRINT(v->name));
    if (err == KD_OK) kd_jobs_text(jobs, kd_buf_view(&text));
    kd_buf_finish(&text);
    job_void_destroy(v);
    return err;
}

/* ---- the list ---- */

typedef struct {
    kd_buf text;
    uint32_t partition, voids;
} job_void_list;

static int job_void_list_one(void *arg, kd_bytes job, const kd_voided *told)
{
    job_void_list *l = arg;
    l->voids++;
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

int kd_job_void_list(kd_jobs *jobs, char *error)
{
    job_void_list l = {0};
    int err = KD_OK;
    for (; err == KD_OK && l.partition < jobs->settings->partitions; l.partition++)
        err = kd_job_with_store(jobs, l.partition, job_void_list_store, &l);
    if (err != KD_OK) snprintf(error, KD_OPTIONS_ERROR_MAX, "%s", kd_strerror(err));
    kd_text_printf(&l.text, "void listed=%" PRIu32 " verdict=listed\n", l.voids);
    if (err == KD_OK) kd_jobs_text(jobs, kd_buf_view(&l.text));
    kd_buf_finish(&l.text);
    return err;
}
