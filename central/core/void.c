/* void.c - see the header. */
#include "central/core/void.h"

#include "central/core/collect.h"
#include "central/core/commit.h"
#include "central/core/erased.h"
#include "central/core/gather.h"
#include "central/core/named_row.h"
#include "central/core/registry.h"
#include "central/core/state.h"

/* ---- rows ---- */

static int void_load_job(void *arg, kd_bytes job, const kd_voided *told)
{
    kd_voider *v = arg;
    if (v->count == KD_VOID_JOBS_MAX) return KD_EMALFORMED;
    kd_void_job *j = &v->jobs[v->count++];
    *j = (kd_void_job){.name_len = (uint8_t)job.len, .told = *told};
    memcpy(j->name, job.data, job.len);
    return 0;
}

int kd_void_load(kd_central *c)
{
    return kd_voided_each(&c->store, void_load_job, &c->voider);
}

static kd_bytes void_key(kd_central *c, const kd_void_job *j)
{
    return kd_key_named(&c->key, KD_ROW_VOIDED, kd_bytes_of(j->name, j->name_len));
}

static void void_put_job(kd_central *c, const kd_void_job *j)
{
    kd_buf *v = &c->value;
    kd_buf_clear(v);
    kd_buf_put_be64(v, j->told.stamp_us);
    kd_buf_put_be64(v, j->told.order);
    kd_buf_put_be64(v, j->told.withdrawn);
    kd_buf_put_be64(v, j->told.skipped);
    kd_buf_put_be64(v, j->told.put_back);
    kd_buf_put_u8(v, j->told.closed);
    kd_writes_put(&kd_commit_open(c)->writes, void_key(c, j), kd_buf_view(v));
}

/* ---- jobs ---- */

static void void_forget(kd_central *c, kd_void_job *j)
{
    kd_voider *v = &c->voider;
    kd_collect_let_go(c, j->told.stamp_us);
    kd_writes_delete(&kd_commit_open(c)->writes, void_key(c, j));
    *j = v->jobs[--v->count];
}

static kd_void_job *void_oldest(kd_voider *v)
{
    kd_void_job *oldest = &v->jobs[0];
    for (uint32_t i = 1; i < v->count; i++)
        if (v->jobs[i].told.order < oldest->told.order) oldest = &v->jobs[i];
    return oldest;
}

/* A number of its own: that of the decision which is being merged. */
static kd_void_job *void_add(kd_central *c, const kd_decision *d)
{
    kd_voider *v = &c->voider;
    if (v->count == KD_VOID_JOBS_MAX) void_forget(c, void_oldest(v));
    kd_void_job *j = &v->jobs[v->count++];
    *j = (kd_void_job){.name_len = (uint8_t)d->job.len};
    j->told = (kd_voided){.stamp_us = d->stamp_us, .order = c->decider.merges + 1};
    memcpy(j->name, d->job.data, d->job.len);
    return j;
}

/* ---- one row ---- */

static bool void_stands(const kd_central *c, const kd_op *op, const kd_stored_row *row, uint64_t stamp_us)
{
    if (kd_planted(c, KD_PLANT_VOID_ANY_STAMP)) return row->liked && row->time_us < stamp_us;
    return row->liked && row->time_us == op->time_us;
}

static bool void_is_withdrawn(const kd_central *c, const kd_decision *d, const kd_stored_row *row,
                              uint64_t stamp_us)
{
    if (row->liked) return false;
    if (kd_planted(c, KD_PLANT_VOID_PUTS_BACK_ANY)) return true;
    return row->time_us == stamp_us && row->edge == kd_registry_find(c, d->author);
}

/* ---- decisions ---- */

/* False: a read failed. */
static bool void_withdraw_rows(kd_central *c, const kd_decision *d, const kd_body *body, kd_voided *told)
{
    for (uint32_t i = 0; i < body->op_count; i++) {
        kd_stored_row row;
        const kd_op *op = &body->ops[i];
        int err = kd_named_row_now(c, op, &row);
        if (err == KD_EIO) return false;
        bool stands = err == KD_OK && void_stands(c, op, &row, d->stamp_us);
        if (kd_erased_covers(c, op->user, op->time_us))
            stands = false; /* its own decisions find it as it was */
        if (stands) kd_named_row_say(c, d, op, d->stamp_us, row.region);
        told->withdrawn += stands;
        told->skipped += !stands;
    }
    return true;
}

/* Where its user was erased since, a tombstone says nothing any more (erased.h). */
static bool void_is_erased(const kd_central *c, const kd_op *op, uint64_t stamp_us)
{
    return !kd_planted(c, KD_PLANT_ERASE_PUTS_BACK) && kd_erased_covers(c, op->user, stamp_us);
}

static bool void_put_back_rows(kd_central *c, const kd_decision *d, const kd_body *body, kd_voided *told)
{
    bool any = kd_planted(c, KD_PLANT_VOID_PUTS_BACK_ANY);
    for (uint32_t i = 0; i < body->op_count; i++) {
        kd_stored_row row;
        const kd_op *op = &body->ops[i];
        int err = kd_named_row_now(c, op, &row);
        if (err == KD_EIO) return false;
        if (err != KD_OK || !void_is_withdrawn(c, d, &row, told->stamp_us)) continue;
        if (void_is_erased(c, op, told->stamp_us)) continue;
        kd_named_row_say(c, d, op, any ? d->at_us : d->stamp_us, row.region);
        told->put_back++;
    }
    return true;
}

static kd_fed void_withdraw(kd_central *c, const kd_decision *d, const kd_body *body, kd_void_job *j)
{
    bool fits =
        j ? !j->told.closed && j->told.stamp_us == d->stamp_us : !kd_void_keeps(&c->voider, d->stamp_us);
    if (!fits) return KD_FED_VOID;
    bool begins = !j;
    if (begins) j = void_add(c, d);
    kd_void_job before = *j;
    if (!void_withdraw_rows(c, d, body, &j->told)) return (kd_fed)kd_central_poison(c);
    bool apart = kd_planted(c, KD_PLANT_VOID_APART);
    if (!apart || !begins) void_put_job(c, apart ? &before : j);
    return KD_FED_DECIDED;
}

static kd_fed void_put_back(kd_central *c, const kd_decision *d, const kd_body *body, kd_void_job *j)
{
    if (!j || d->stamp_us <= j->told.stamp_us) return KD_FED_VOID;
    j->told.closed = true;
    if (!void_put_back_rows(c, d, body, &j->told)) return (kd_fed)kd_central_poison(c);
    if (d->last)
        void_forget(c, j);
    else
        void_put_job(c, j);
    return KD_FED_DECIDED;
}

kd_fed kd_void_take(kd_central *c, const kd_decision *d, const kd_body *body)
{
    kd_void_job *j = (kd_void_job *)kd_void_find(&c->voider, d->job);
    if (d->what == KD_DECIDED_PUT_BACK) return void_put_back(c, d, body, j);
    return void_withdraw(c, d, body, j);
}
